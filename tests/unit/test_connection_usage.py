"""What samples of connections come to: pools may grow to their size, and open nothing for each message."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from actors.simulate.picture import draw
from actors.simulate.report import Verdict
from actors.simulate.usage import WARM_UP, Sample, usage_of
from actors.stage import with_channels
from config import load
from tests.unit.test_verdict import right

JOURNAL, REDIS, LISTENING = "majlis/r-1/journal", "majlis/r-1", "majlis/r-1 (listening)"
SIZES = {JOURNAL: 3, REDIS: 2, LISTENING: 1}
SVG = "{http://www.w3.org/2000/svg}"


def samples(*looks: str, pool: str = JOURNAL, every: float = 2.0) -> list[Sample]:
    """Return a sample for each look; each letter of a look is a connection."""
    return [Sample(place * every, place * 10, {pool: frozenset(look)}) for place, look in enumerate(looks)]


def test_a_pool_that_grows_late_and_shrinks_has_replaced_nothing() -> None:
    usage = usage_of(samples("a", "ab", "a", "abc"), SIZES)
    [pool] = usage.pools
    assert (pool.highest, pool.opened, pool.replaced) == (3, 2, 0)
    assert (usage.ok, usage.messages, usage.samples) == (True, 30, 4)


def test_a_connection_instead_of_another_is_found_out() -> None:
    usage = usage_of(samples("ab", "ac", "cd"), SIZES)
    assert (usage.opened, usage.replaced, usage.ok) == (2, 2, False)


def test_one_that_comes_back_to_its_old_number_with_a_new_connection_has_replaced_one() -> None:
    assert usage_of(samples("ab", "a", "ac"), SIZES).replaced == 1


def test_what_was_closed_after_long_idleness_may_be_opened_again_once_in_such_a_while() -> None:
    calm = samples("ab", "a", "ac", every=100.0)
    assert [usage_of(calm, SIZES, idle_life=life).ok for life in (250.0, 200.0)] == [False, True]
    busy = samples("ab", "cd", "ef", every=100.0)
    assert not usage_of(busy, SIZES, idle_life=200.0).ok


def test_what_is_replaced_while_pools_fill_is_no_matter() -> None:
    usage = usage_of(samples("ab", "cd", "cd", every=WARM_UP / 2), SIZES)
    assert (usage.opened, usage.ok) == (0, True)


def test_a_pool_that_is_exceeded_for_one_look_is_found_out() -> None:
    usage = usage_of(samples("abc", "abcd", "abc"), SIZES)
    assert (usage.pools[0].highest, usage.ok) == (4, False)


def test_nothing_seen_proves_nothing() -> None:
    assert not usage_of([], SIZES).ok


@given(st.lists(st.sets(st.sampled_from("abcdefgh")), min_size=1))
def test_opened_is_what_was_never_seen_before_and_replaced_what_exceeds_the_growth(
    looks: Sequence[set[str]],
) -> None:
    [pool] = usage_of(samples(*("".join(look) for look in looks)), SIZES).pools
    assert pool.opened == len(set().union(*looks) - looks[0])
    assert pool.highest == max(map(len, looks))
    assert pool.opened - (pool.highest - len(looks[0])) <= pool.replaced <= pool.opened


def test_pools_of_one_replica_have_short_names_those_of_several_whole_ones() -> None:
    one = [Sample(0.0, 0, {name: frozenset("a") for name in SIZES})]
    assert [pool.label for pool in usage_of(one, SIZES).pools] == ["Redis", "Redis (listening)", "journal"]
    two = [Sample(0.0, 0, {JOURNAL: frozenset("a"), "majlis/r-2": frozenset("a")})]
    assert [pool.label for pool in usage_of(two, {**SIZES, "majlis/r-2": 2}).pools] == [JOURNAL, "majlis/r-2"]


def test_a_verdict_is_wrong_when_connections_are() -> None:
    verdict = right().judge()
    good, bad = usage_of(samples("a", "a"), SIZES), usage_of(samples("a", "b"), SIZES)
    assert msgspec.structs.replace(verdict, connections=good).ok
    wrong: Verdict = msgspec.structs.replace(verdict, connections=bad)
    assert not wrong.ok
    assert "1, 1 instead of others; 0.100000 a message" in wrong.table()


def test_the_picture_is_whole_and_needs_nothing_from_elsewhere() -> None:
    journal = samples(*["ab"] * 9, "abc")
    seen = [Sample(one.at, one.acknowledged, {**one.pools, REDIS: frozenset("r")}) for one in journal]
    usage = usage_of(seen, SIZES)
    drawn = draw(seen, usage)
    assert "href" not in drawn
    assert "url(" not in drawn
    tree = ET.fromstring(drawn)  # noqa: S314 - our own
    words = " ".join(text.text or "" for text in tree.iter(f"{SVG}text"))
    for part in (
        "Connections",
        "seconds",
        "messages per second",
        "journal: 3 at most, of 3",
        "90 messages in 18 s",
    ):
        assert part in words
    assert len([line for line in tree.iter(f"{SVG}polyline") if line.get("stroke-dasharray")]) == 2
    [area] = tree.iter(f"{SVG}polygon")
    assert len((area.get("points") or "").split()) > 9


def test_nothing_seen_is_drawn_as_nothing() -> None:
    drawn = draw([], usage_of([], {}))
    assert ET.fromstring(drawn).tag == f"{SVG}svg"  # noqa: S314 - our own


def test_a_run_gets_as_many_numbers_as_it_asks_for(tmp_path: Path) -> None:
    settings = load(flags={"data_dir": str(tmp_path)}, demo=True, environ={"HOME": str(tmp_path)})
    more = with_channels(settings, 20, True, 1000).channels
    shared = [channel for channel in more if channel.tenant is None]
    assert len(shared) == len({channel.id for channel in shared}) == 20
    assert len({channel.id for channel in more}) == len(more) == len(settings.channels) + 18
    assert {channel.max_mps for channel in more} == {1000}
    assert with_channels(settings, 1, False, 80).channels == settings.channels
