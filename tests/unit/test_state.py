"""The state's bytes: no code loses a field that it does not know, and what cannot be read says so without its content."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random
from typing import Any, Literal, TypedDict

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as replace_field

from runtime import Actor
from runtime.actor.state import Loaded, StateCodec, StateUnreadable

Upgrade = Callable[[dict[str, Any], int], dict[str, Any]]


def codec(
    cls: type[msgspec.Struct], version: int = 1, upgrade: Upgrade = lambda old, _version: old
) -> StateCodec[Any]:
    """Return the codec of an actor with this state."""
    members = {"version": version, "state_type": cls, "upgrade": lambda _self, old, v: upgrade(old, v)}
    return StateCodec(type("Bot", (Actor,), members)())


def turn(of: StateCodec[Any], raw: bytes, change: Callable[[Any], object] = lambda _state: None) -> bytes:
    """Return what a turn makes of some bytes."""
    loaded = of.decode(raw)
    change(loaded.state)
    return of.encode(loaded, loaded.state)


# ── any types, any values ─────────────────────────────────────────────

NAMES = ("first_one", "second_one", "third_one", "fourth_one")
Owner = Literal["all", "old", "new"]


@dataclass(frozen=True)
class Spec:
    """A struct as three versions of the code have it: each field belongs to all of them, or to one alone."""

    fields: Sequence[tuple[str, str, Sequence[Spec], Owner]]
    omit_defaults: bool
    rename: str | None
    tag: str | None = None
    frozen: bool = False


@dataclass
class Node:
    """A struct as one version has it."""

    cls: type[msgspec.Struct]
    fields: dict[str, tuple[str, Sequence[Node]]] = field(default_factory=dict)


def specs(deeper: st.SearchStrategy[Spec] | None) -> st.SearchStrategy[Spec]:
    """Return structs with numbers and, where `deeper` is given, with structs in every kind of place."""
    owner = st.sampled_from(("all", "all", "old", "new"))
    kind: st.SearchStrategy[tuple[str, Sequence[Spec]]] = st.tuples(
        st.sampled_from(("int", "text")), st.just(())
    )
    if deeper is not None:
        one = st.tuples(deeper)
        places = ("struct", "optional", "list", "dict", "tuple", "pair", "matrix")
        union = st.tuples(deeper, deeper).map(
            lambda two: tuple(replace(s, tag=f"t{i}") for i, s in enumerate(two))
        )
        leaves = specs(None).map(
            lambda s: (replace(s, frozen=True, fields=(("key", "int", (), "all"), *s.fields)),)
        )
        kind |= st.tuples(st.sampled_from(places), one)
        kind |= st.tuples(st.just("union"), union) | st.tuples(st.just("set"), leaves)
    fields = st.lists(st.tuples(kind, owner), max_size=len(NAMES)).map(
        lambda all_: tuple((name, *kind, owner) for name, (kind, owner) in zip(NAMES, all_, strict=False))
    )
    return st.builds(
        Spec, fields=fields, omit_defaults=st.booleans(), rename=st.sampled_from((None, "camel"))
    )


SPECS = specs(specs(specs(None)))


def built(spec: Spec, owners: frozenset[str]) -> Node:
    """Return a struct as the code has it that knows the fields of these owners."""
    node = Node(msgspec.Struct)
    listed = []
    for name, kind, inner, owner in spec.fields:
        nodes = [built(one, owners) for one in inner]
        if owner in owners:
            node.fields[name] = kind, nodes
            listed.append((name, *TYPES[kind](*(n.cls for n in nodes))))
    node.cls = msgspec.defstruct(
        "S",
        listed,
        omit_defaults=spec.omit_defaults,
        rename=spec.rename,
        tag=spec.tag,
        frozen=spec.frozen,
        kw_only=True,
    )
    return node


def fresh(factory: Callable[[], object]) -> Any:
    return msgspec.field(default_factory=factory)


TYPES: dict[str, Callable[..., tuple[Any, Any]]] = {
    "int": lambda: (int, 0),
    "text": lambda: (str, ""),
    "struct": lambda s: (s, fresh(s)),
    "optional": lambda s: (s | None, None),
    "list": lambda s: (list[s], fresh(list)),
    "dict": lambda s: (dict[int, s], fresh(dict)),
    "tuple": lambda s: (tuple[s, ...], ()),
    "pair": lambda s: (tuple[s, int], fresh(lambda: (s(), 0))),
    "matrix": lambda s: (list[list[s]], fresh(list)),
    "union": lambda s, t: (s | t | None, None),
    "set": lambda s: (frozenset[s], frozenset()),
}


def value(node: Node, dice: Random) -> Any:
    """Return some value of a struct."""
    given_: dict[str, Any] = {}
    for name, (kind, inner) in node.fields.items():
        if dice.random() < 0.8:
            given_[name] = VALUES[kind](dice, *(lambda n=n: value(n, dice) for n in inner))
    return node.cls(**given_)


VALUES: dict[str, Callable[..., Any]] = {
    "int": lambda dice: dice.choice((0, 1, 2, 10**30)),
    "text": lambda dice: dice.choice(("", "a", "\x00é\U0001f600")),
    "struct": lambda _dice, one: one(),
    "optional": lambda _dice, one: one(),
    "list": lambda dice, one: [one() for _ in range(dice.randrange(4))],
    "dict": lambda dice, one: {key: one() for key in range(dice.randrange(3))},
    "tuple": lambda dice, one: tuple(one() for _ in range(dice.randrange(3))),
    "pair": lambda _dice, one: (one(), 7),
    "matrix": lambda dice, one: [[one() for _ in range(dice.randrange(3))] for _ in range(dice.randrange(3))],
    "union": lambda dice, one, other: dice.choice((one, other))(),
    "set": lambda dice, one: frozenset(replace_field(one(), key=key) for key in range(dice.randrange(3))),
}


def change(node: Node, known: Any, whole: Any, dice: Random, numbers: Iterator[int]) -> None:
    """Change a state as code that knows part of it would, and the whole of it likewise.

    No two of `numbers` are the same: an element that becomes what another one was is taken for that one.
    """
    for name, (kind, inner) in node.fields.items():
        one, other = getattr(known, name), getattr(whole, name)
        if kind == "int" and dice.random() < 0.3:
            number = next(numbers)
            setattr(known, name, number)
            setattr(whole, name, number)
        elif kind == "dict":
            for key in [key for key in one if dice.random() < 0.2]:
                del one[key], other[key]
        elif kind == "list" and dice.random() < 0.5 and not any(one.count(each) > 1 for each in one):
            order = dice.sample(range(len(one)), dice.randrange(len(one) + 1))
            one[:], other[:] = [one[at] for at in order], [other[at] for at in order]
            continue  # an element that moves and changes at once is another one
        for each, whole_each in INSIDE.get(kind, lambda *_: ())(one, other):
            (chosen,) = [node for node in inner if node.cls is type(each)]
            change(chosen, each, whole_each, dice, numbers)


INSIDE: dict[str, Callable[[Any, Any], Iterable[tuple[Any, Any]]]] = {
    "struct": lambda one, other: [(one, other)],
    "optional": lambda one, other: [(one, other)] if one is not None else [],
    "union": lambda one, other: [(one, other)] if one is not None else [],
    "dict": lambda one, other: [(one[key], other[key]) for key in one],
    "list": lambda one, other: zip(one, other, strict=True),
    "tuple": lambda one, other: zip(one, other, strict=True),
    "pair": lambda one, other: [(one[0], other[0])],
}


@given(spec=SPECS, dice=st.randoms(use_true_random=False))
def test_deploy_roll_back_and_deploy_again_lose_no_field_of_any_state(spec: Spec, dice: Random) -> None:
    everything = built(spec, frozenset({"all", "old", "new"}))
    old, new = built(spec, frozenset({"all", "old"})), built(spec, frozenset({"all", "new"}))
    versions = {1: (old, codec(old.cls, 1)), 2: (new, codec(new.cls, 2))}
    whole = value(everything, dice)
    raw = codec(everything.cls).encode(Loaded(whole), whole)
    numbers = count(100)
    for version in (1, 2, 1, 2):
        node, of = versions[version]
        loaded = of.decode(raw)
        change(node, loaded.state, whole, dice, numbers)
        raw = of.encode(loaded, loaded.state)
    assert codec(everything.cls, 3).decode(raw).state == whole


@given(spec=SPECS, dice=st.randoms(use_true_random=False))
def test_a_state_that_is_all_known_is_written_as_plain_json(spec: Spec, dice: Random) -> None:
    node = built(spec, frozenset({"all", "old"}))
    state = value(node, dice)
    of = codec(node.cls)
    raw = of.encode(Loaded(state), state)
    loaded = of.decode(raw)
    assert (raw, loaded.state, loaded.carried) == (msgspec.json.encode(state), state, None)


# ── the bytes ─────────────────────────────────────────────────────────


class Guest(msgspec.Struct, omit_defaults=True):
    name: str = ""
    visits: int = 0


class Seats(msgspec.Struct, array_like=True):
    row: int = 0
    place: int = 0


class Pet(TypedDict, total=False):
    name: str


@dataclass
class House:
    number: int = 0


class Chosen(msgspec.Struct, tag=True, frozen=True):
    what: str = ""


NOTHING = Chosen()


class Refused(msgspec.Struct, tag=True, frozen=True):
    why: str = ""


class Party(msgspec.Struct, omit_defaults=True):
    host: Guest = msgspec.field(default_factory=Guest)
    guests: list[Guest] = []
    tables: dict[str, Guest] = {}
    seats: Seats = msgspec.field(default_factory=Seats)
    pet: Pet = msgspec.field(default_factory=Pet)
    house: House = msgspec.field(default_factory=House)
    outcome: Chosen | Refused | None = None
    badges: frozenset[Chosen] = frozenset()
    first: Chosen = NOTHING
    inner: Party | None = None


class Count(msgspec.Struct):
    seen: int = 0


def after(raw: str, change: Callable[[Any], object], cls: type[msgspec.Struct] = Party) -> Any:
    """Return the JSON of what a turn makes of another code's state, without what a fresh state has too."""
    fresh_ = json.loads(msgspec.json.encode(cls()))
    made = json.loads(turn(codec(cls), raw.encode(), change))
    return {name: value for name, value in made.items() if fresh_.get(name) != value}


def test_the_version_leads_the_bytes_unless_it_is_the_first() -> None:
    state = Count(3)
    assert codec(Count).encode(Loaded(state), state) == b'{"seen":3}'
    assert codec(Count, 12).encode(Loaded(state), state) == b'{"$v":12,"seen":3}'
    assert codec(Guest, 2).encode(Loaded(Guest()), Guest()) == b'{"$v":2}'
    assert codec(Guest, 2).decode(b'{"$v":2}') == Loaded(Guest())


@pytest.mark.parametrize("version", [1, 2])
def test_nothing_stored_is_a_fresh_state(version: int) -> None:
    def upgrade(_old: dict[str, Any], _version: int) -> dict[str, Any]:
        raise AssertionError("there is nothing to upgrade")

    assert codec(Count, version, upgrade).decode(b"") == Loaded(Count())


def test_own_bytes_are_read_without_a_tree() -> None:
    def upgrade(_old: dict[str, Any], _version: int) -> dict[str, Any]:
        raise AssertionError("our own version needs no upgrade")

    assert codec(Count, 2, upgrade).decode(b'{"$v":2,"seen":4}') == Loaded(Count(4))
    assert codec(Count, 2, upgrade).decode(b'{"$v":2,"seen":4,"new":1}').state == Count(4)
    with pytest.raises(StateUnreadable):
        codec(Count, 2, upgrade).decode(b'{"$v":1,"seen":4}')


# ── an upgrade ────────────────────────────────────────────────────────


class Greeted(msgspec.Struct):
    phones: list[str] = []
    seen: int = 0


class Named(msgspec.Struct):
    phone: str = ""
    seen: int = 0


def phones(old: dict[str, Any], _version: int) -> dict[str, Any]:
    """Be written as README says: add what is missing, leave what is there."""
    old.setdefault("phones", [old["phone"]] if old.get("phone") else [])
    return old


def test_an_upgrade_is_told_the_version_and_keeps_what_it_adds_over_a_roll_back() -> None:
    told: list[int] = []

    def upgrade(old: dict[str, Any], version: int) -> dict[str, Any]:
        told.append(version)
        return phones(old, version)

    one, two = codec(Named, 1), codec(Greeted, 2, upgrade)
    raw = turn(two, b'{"phone":"1","seen":1}', lambda s: s.phones.append("2"))
    assert json.loads(raw) == {"$v": 2, "phone": "1", "phones": ["1", "2"], "seen": 1}
    raw = turn(one, raw, lambda s: setattr(s, "seen", s.seen + 1))
    assert json.loads(raw) == {"phone": "1", "phones": ["1", "2"], "seen": 2}
    assert two.decode(raw).state == Greeted(["1", "2"], 2)
    assert told == [1, 1]


def test_an_upgrade_may_add_any_value_that_json_knows() -> None:
    of = codec(Greeted, 3, lambda old, _version: {**old, "phones": ("1", "2"), "$v": 9})
    assert json.loads(turn(of, b'{"$v":2,"seen":1}')) == {"$v": 3, "phones": ["1", "2"], "seen": 1}


# ── what was taken away, moved or replaced ────────────────────────────


def test_what_the_code_removes_stays_removed_and_what_it_does_not_know_stays() -> None:
    raw = '{"tables":{"a":{"name":"x","new":1},"b":{"name":"y","new":2}},"more":[1]}'
    assert after(raw, lambda s: s.tables.pop("a")) == {"tables": {"b": {"name": "y", "new": 2}}, "more": [1]}
    assert after(raw, lambda s: s.tables.update(c=s.tables.pop("b"))) == {
        "tables": {"a": {"name": "x", "new": 1}, "c": {"name": "y"}},
        "more": [1],
    }


def test_elements_are_known_by_what_they_hold_then_by_their_place() -> None:
    raw = '{"guests":[{"name":"a","new":1},{"name":"b"},{"name":"c","new":3}]}'
    assert after(raw, lambda s: s.guests.reverse())["guests"] == [
        {"name": "c", "new": 3},
        {"name": "b"},
        {"name": "a", "new": 1},
    ]
    assert after(raw, lambda s: s.guests.pop(0))["guests"] == [{"name": "b"}, {"name": "c", "new": 3}]
    assert after(raw, lambda s: s.guests.insert(0, Guest("z")))["guests"] == [
        {"name": "z"},
        {"name": "a", "new": 1},
        {"name": "b"},
        {"name": "c", "new": 3},
    ]
    assert after(raw, lambda s: setattr(s.guests[2], "name", "d"))["guests"][2] == {"name": "d", "new": 3}
    assert "guests" not in after(raw, lambda s: s.guests.clear())


def test_elements_are_known_by_what_they_hold_also_where_other_code_wrote_it_otherwise() -> None:
    class Counts(msgspec.Struct):
        counts: list[Count] = []

    raw = '{"counts":[{"new":1},{"seen":2,"new":2}]}'
    made = after(raw, lambda s: s.counts.reverse(), Counts)
    assert made == {"counts": [{"seen": 2, "new": 2}, {"seen": 0, "new": 1}]}


def test_a_member_that_is_left_out_as_its_default_keeps_its_unknown_part() -> None:
    raw = '{"first":{"type":"Chosen","what":"tea","new":1},"inner":{"host":{"new":2}}}'
    made = after(raw, lambda s: setattr(s, "first", NOTHING))
    assert made["first"] == {"type": "Chosen", "new": 1, "what": ""}
    assert made["inner"]["host"] == {"new": 2}
    assert "inner" not in after(raw, lambda s: setattr(s, "inner", None))


def test_a_struct_that_becomes_another_kind_takes_what_it_carried_with_it() -> None:
    raw = '{"outcome":{"type":"Chosen","what":"tea","new":1}}'
    assert after(raw, lambda s: setattr(s, "outcome", Chosen("water")))["outcome"] == {
        "type": "Chosen",
        "what": "water",
        "new": 1,
    }
    assert after(raw, lambda s: setattr(s, "outcome", Refused("late")))["outcome"] == {
        "type": "Refused",
        "why": "late",
    }


def test_elements_of_sets_are_known_by_what_they_hold_alone() -> None:
    raw = '{"badges":[{"type":"Chosen","what":"a","new":1},{"type":"Chosen","what":"b","new":2}]}'
    kept = after(raw, lambda s: setattr(s, "badges", {*s.badges, Chosen("c")} - {Chosen("a")}))["badges"]
    assert sorted(kept, key=lambda badge: badge["what"]) == [
        {"type": "Chosen", "what": "b", "new": 2},
        {"type": "Chosen", "what": "c"},
    ]


def test_arrays_that_grew_dataclasses_and_typed_dictionaries_keep_what_is_new_in_them() -> None:
    raw = '{"seats":[1,2,{"new":3}],"pet":{"name":"x","new":1},"house":{"number":1,"new":2}}'
    assert after(raw, lambda s: (setattr(s.seats, "row", 9), s.pet.clear())) == {
        "seats": [9, 2, {"new": 3}],
        "pet": {"new": 1},
        "house": {"number": 1, "new": 2},
    }
    assert turn(codec(Seats), b'[1,2,"new"]', lambda s: setattr(s, "row", 3)) == b'[3,2,"new"]'


def test_a_struct_that_forbids_unknown_fields_carries_them_all_the_same() -> None:
    class Strict(msgspec.Struct, forbid_unknown_fields=True):
        seen: int = 0
        host: Guest = msgspec.field(default_factory=Guest)

    raw = '{"$v":3,"seen":1,"new":[1],"host":{"new":1}}'
    assert after(raw, lambda s: setattr(s, "seen", 2), Strict) == {"seen": 2, "new": [1], "host": {"new": 1}}


def test_numbers_beyond_a_machine_word_are_carried_exactly() -> None:
    raw = b'{"seen":1,"new":[123456789012345678901234567890,0.1,-0.0]}'
    assert turn(codec(Count), raw) == raw


# ── what cannot be read ───────────────────────────────────────────────


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"host":{"name":5}}', "Expected `str`, got `int` - at `$.host.name`"),
        (
            b'{"tables":{"secret":{"visits":"secret"}}}',
            "Expected `int`, got `str` - at `$.tables[...].visits`",
        ),
        (b'{"outcome":{"type":"secret"}}', "ValidationError - at `$.outcome.type`"),
        (
            b'{"guests":[{"new":1},{"visits":"secret"}]}',
            "Expected `int`, got `str` - at `$.guests[1].visits`",
        ),
        (b'"secret"', "Expected `object`, got `str`"),
        (b'{"secret', "DecodeError"),
        (b"\xff", "DecodeError"),
        (b'{"$v":"secret"}', "its version is not a number from 1 - at `$.$v`"),
        (b'{"$v":0}', "its version is not a number from 1 - at `$.$v`"),
        (b'{"inner":' * 5000 + b"1" + b"}" * 5000, "RecursionError"),
    ],
)
def test_what_cannot_be_read_says_where_and_nothing_of_its_content(raw: bytes, reason: str) -> None:
    with pytest.raises(StateUnreadable) as told:
        codec(Party).decode(raw)
    assert str(told.value) == reason


@pytest.mark.parametrize(
    ("upgrade", "reason"),
    [
        (lambda old, _version: old["secret"], "upgrade from version 1 raised KeyError at "),
        (lambda _old, _version: sys.exit("secret"), "upgrade from version 1 raised SystemExit at "),
        (lambda _old, _version: None, "upgrade from version 1 returned no dict"),
        (lambda _old, _version: {"seen": "secret"}, "Expected `int`, got `str` - at `$.seen`"),
        (lambda _old, _version: {"seen": object()}, "TypeError"),
    ],
)
def test_an_upgrade_that_fails_makes_a_state_unreadable(upgrade: Upgrade, reason: str) -> None:
    with pytest.raises(StateUnreadable) as told:
        codec(Count, 2, upgrade).decode(b'{"seen":1}')
    assert str(told.value).startswith(reason)
    assert "secret" not in str(told.value)


def test_a_state_that_could_not_be_read_again_is_refused_as_the_fault_of_the_turn_that_made_it() -> None:
    of = codec(Count)
    with pytest.raises(msgspec.ValidationError):
        of.encode(of.decode(b""), Count("three"))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        of.encode(of.decode(b""), Count(object()))  # type: ignore[arg-type]


def test_a_state_that_can_have_no_version_is_refused_by_name() -> None:
    marked = msgspec.defstruct("Marked", [("v", int, 0)], rename={"v": "$v"})
    for cls, version in ((Count, 0), (Count, True), (Count, "2"), (Seats, 2), (marked, 1)):
        with pytest.raises(TypeError, match="version"):
            codec(cls, version)  # type: ignore[arg-type]


# ── the fingerprint ───────────────────────────────────────────────────


def test_the_fingerprint_changes_with_the_type_the_version_and_the_upgrade_and_with_nothing_else() -> None:
    class Bot(Actor[Count]):
        pass

    class Renamed(Bot):
        pass

    class Later(Bot):
        version = 2

    class Mended(Later):
        def upgrade(self, old: dict[str, object], version: int) -> dict[str, object]:
            return {"seen": version, **old}

    class Other(Actor[Guest]):
        pass

    prints = [StateCodec(actor()).fingerprint() for actor in (Bot, Later, Mended, Other)]
    assert len(set(prints)) == 4
    assert StateCodec(Renamed()).fingerprint() == prints[0]
