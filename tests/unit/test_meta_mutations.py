"""However a documented webhook is bent, nothing raises, and every element is stored or counted."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime import UnreadableEvent
from tests.unit.meta_samples import SAMPLES
from tests.unit.webhooks import change, events, message, status, value, verified

#: Where a change has its elements, and the sample of a status beside those that become events.
LISTS = ("messages", "statuses", "message_echoes", "user_preferences")
CONTENTS = {name: content for name, (content, _) in SAMPLES.items()} | {
    "status": value(statuses=[status("sent", pricing={"billable": True, "category": "service"})])
}
ODD = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        10**30,
        1e300,
        "",
        "x",
        "\x00",
        "\ud800",
        "a|b",
        "é" * 300,
        [],
        {},
        [[]],
        [None],
        {"id": 5},
    ]
)
HOW = st.sampled_from(["drop", "replace", "nest", "list"])
NEIGHBOUR = message(id="wamid.NEIGHBOUR", type="text", text={"body": "untouched"})


def places(tree: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of everything inside a tree."""
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, part in inside:
        yield (*at, key)
        yield from places(part, (*at, key))


def bent(tree: Any, path: tuple[Any, ...], how: str, odd: Any) -> None:
    """Drop, replace or nest what is at a path, in place."""
    *way, last = path
    for key in way:
        tree = tree[key]
    match how:
        case "drop":
            del tree[last]
        case "replace":
            tree[last] = copy.deepcopy(odd)
        case "nest":
            tree[last] = {"inner": tree[last]}
        case "list":
            tree[last] = [tree[last]]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, Any]:
    """Return the name of a sample, and its one element after some mutations."""
    name = draw(st.sampled_from(sorted(CONTENTS)))
    content = copy.deepcopy(CONTENTS[name])
    kind = next((part for part in LISTS if content.get(part)), "errors")
    holder = {"element": content[kind][0]}
    for _ in range(draw(st.integers(1, 4))):
        if paths := list(places(holder)):
            bent(holder, draw(st.sampled_from(paths)), draw(HOW), draw(ODD))
    content[kind] = [holder["element"]] if "element" in holder else []
    return kind, content


@settings(max_examples=1500, deadline=None)
@given(mutated())
@example(("messages", value({"id": "wamid.X", "from": "9", "type": {"a": 1}})))
def test_a_bent_element_is_stored_or_counted_and_costs_no_other(bent_one: tuple[str, Any]) -> None:
    kind, content = bent_one
    elements = len(content[kind])
    alone = verified(change(content))
    assert not [event for event in events(alone) if isinstance(event, UnreadableEvent)]
    stored = len(alone.arrivals) + sum(one.status != "failed" for one in alone.receipts)
    if kind != "errors":
        assert stored + sum(alone.dropped.values()) >= elements
    if kind == "messages" and elements and has_person(content["messages"][0]):
        assert len(alone.arrivals) >= 1
    content["messages"] = [*content.get("messages", []), NEIGHBOUR]
    with_neighbour = verified(change(content))
    assert [one for one in with_neighbour.arrivals if one.dedup.endswith("|wamid.NEIGHBOUR")]
    assert set(alone.arrivals) < set(with_neighbour.arrivals)
    assert alone.receipts == with_neighbour.receipts


def has_person(element: Any) -> bool:
    """Tell whether a message still says from whom it is."""
    return isinstance(element, dict) and isinstance(element.get("from"), str) and element["from"] != ""


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(sorted(CONTENTS)), st.data())
def test_a_bent_envelope_raises_nothing_and_loses_nothing_uncounted(name: str, data: st.DataObject) -> None:
    body = change(copy.deepcopy(CONTENTS[name]))
    path = data.draw(st.sampled_from(list(places(body))))
    bent(body, path, data.draw(HOW), data.draw(ODD))
    answer = verified(body)
    assert answer.arrivals or answer.receipts or answer.dropped or not changes_in(body)
    assert not [event for event in events(answer) if isinstance(event, UnreadableEvent)]


def changes_in(body: Any) -> list[Any]:
    """Return the changes that a body still has, as far as its frame holds."""
    entries = body.get("entry")
    frames = (
        [entry.get("changes") for entry in entries if isinstance(entry, dict)]
        if isinstance(entries, list)
        else []
    )
    return [one for changes in frames if isinstance(changes, list) for one in changes]
