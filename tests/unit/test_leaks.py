"""What is told as left over, given two looks; and what a look makes of what servers say."""

from __future__ import annotations

from collections import Counter

import pytest

from runtime.drill.leaks import Sighting, left_over
from runtime.drill.sightings import Session, masked, parse_clients

IDLE = Session("majlis/pool", "pid 7 idle: select ?")


def test_the_same_again_is_nothing() -> None:
    look = Sighting((IDLE,), (), Counter(socket=3), Counter(main=1), Counter(task=2), frozenset({"a"}))
    assert left_over(look, look) == []


def test_less_is_nothing_unless_a_number_was_expected() -> None:
    assert left_over(Sighting((IDLE,)), Sighting()) == []
    assert left_over(Sighting((IDLE,)), Sighting(), postgres=1) == ["postgres: 0 connections, 1 expected"]


def test_what_is_left_is_told_by_name() -> None:
    now = Sighting(
        (
            Session("majlis/pool", "pid 8 active: select pg_sleep(?)", running=True),
            Session("majlis/pool", "pid 9 idle in transaction: begin", in_transaction=True, advisory_locks=2),
        ),
        (Session("majlis/hints", "id 5 blocked in blpop", running=True),),
        Counter({"socket": 1, "/tmp/x": 1}),
        Counter({"majlis-bridge": 1}),
        Counter({"watch": 2}),
        frozenset({"half.part"}),
    )
    assert left_over(Sighting(tasks=Counter(watch=1)), now) == [
        (
            "postgres: 2 connections, 0 expected"
            "\n    majlis/pool, pid 8 active: select pg_sleep(?)"
            "\n    majlis/pool, pid 9 idle in transaction: begin"
        ),
        "postgres: still running: majlis/pool, pid 8 active: select pg_sleep(?)",
        "postgres: open transaction: majlis/pool, pid 9 idle in transaction: begin",
        "postgres: 2 advisory locks\n    majlis/pool, pid 9 idle in transaction: begin",
        "redis: 1 connections, 0 expected\n    majlis/hints, id 5 blocked in blpop",
        "redis: still running: majlis/hints, id 5 blocked in blpop",
        "descriptors: 1 more of /tmp/x",
        "descriptors: 1 more of socket",
        "threads: 1 more of majlis-bridge",
        "tasks: 1 more of watch",
        "files: half.part",
    ]


def test_a_pool_that_lives_on_may_open_what_it_is_entitled_to_and_no_more() -> None:
    before = Sighting(descriptors=Counter(socket=1))
    grown = Sighting((IDLE, IDLE), descriptors=Counter(socket=3))
    assert left_over(before, grown, postgres=2) == []
    (one,) = left_over(before, Sighting((IDLE, IDLE), descriptors=Counter(socket=4)), postgres=2)
    assert one == "descriptors: 1 more of socket"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("select 1", "select ?"),
        ("insert into t\n  values ('it''s', $1, 42)", "insert into t values (?, $?, ?)"),
        ("select 'cut in the mid", "select ?"),
        ("select $x$ secret $x$", "select ?"),
        ("select " + "a, " * 100, ("select " + "a, " * 100)[:80]),
    ],
)
def test_a_statement_is_told_without_what_it_says(query: str, told: str) -> None:
    assert masked(query) == told


def test_clients_are_told_from_each_other_by_name_flags_and_open_transactions() -> None:
    listed = (
        "id=3 addr=/s:0 name=majlis/a flags=N multi=-1 cmd=get\n"
        "id=4 addr=/s:0 name=majlis/b flags=b multi=-1 cmd=blpop\n"
        "id=5 addr=/s:0 name=majlis/c flags=x multi=2 cmd=set\n"
        "id=6 addr=/s:0 name=other flags=b multi=-1 cmd=blpop\n"
        "id=7 addr=/s:0 name= flags=N multi=-1 cmd=client|list\n"
    )
    assert list(parse_clients(listed, "majlis")) == [
        Session("majlis/a", "id 3 last get"),
        Session("majlis/b", "id 4 blocked in blpop", running=True),
        Session("majlis/c", "id 5 last set", in_transaction=True),
    ]
