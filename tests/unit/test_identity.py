"""Which conversation an arrival belongs to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runtime import Arrival
from runtime.journal.identity import SHARDS, conversation_id, resolve, shard_of

IDENTITIES = st.lists(
    st.sampled_from(["p:1", "p:2", "b:1", "b:2", "l:1"]), min_size=1, max_size=3, unique=True
)


def arrivals(people: list[list[str]]) -> list[Arrival]:
    return [Arrival("post:1", tuple(names), f"m{n}", b"") for n, names in enumerate(people)]


@given(st.lists(IDENTITIES, max_size=12), st.integers(0, 12))
def test_it_does_not_matter_how_events_are_cut_into_batches(people: list[list[str]], cut: int) -> None:
    whole = resolve(arrivals(people), {}, b"salt")
    first = resolve(arrivals(people[:cut]), {}, b"salt")
    second = resolve(arrivals(people[cut:]), first.added, b"salt")
    assert list(whole.conversations) == [*first.conversations, *second.conversations]
    assert whole.added == {**first.added, **second.added}


@given(st.lists(IDENTITIES, max_size=12))
def test_an_alias_never_moves_and_every_identity_has_one(people: list[list[str]]) -> None:
    known: dict[tuple[str, str], str] = {}
    for arrival in arrivals(people):
        resolution = resolve([arrival], known, b"salt")
        assert not known.keys() & resolution.added.keys()
        known.update(resolution.added)
        assert resolution.conversations[0] == known["post:1", arrival.identities[0]]
    assert known.keys() == {("post:1", name) for names in people for name in names}


def test_ids_are_opaque_keyed_and_spread_over_the_shards() -> None:
    ids = [conversation_id(b"salt", "post:1", f"p:{n}") for n in range(2000)]
    assert len(set(ids)) == 2000
    assert conversation_id(b"other", "post:1", "p:0") != ids[0]
    assert len({shard_of(name) for name in ids}) == SHARDS
