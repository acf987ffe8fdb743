"""The script of a simulation: whole, drawn from its seed, and in bodies that the provider could have signed."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.simulate.people import Number, Plan, Script, encode_parcel, write_script

NUMBERS = [Number("1001", 0, "200"), Number("1002", 1, "200"), Number("1003", 0, "300")]
PLAN = Plan(people=7, messages=5, channels=3, duplicates=0.2, batch=4, seed=1)


def deliveries(script: Script) -> Counter[str]:
    return Counter(m.id for phase in script.phases for parcel in phase for m in parcel.messages)


@given(
    people=st.integers(1, 12),
    messages=st.integers(1, 6),
    duplicates=st.floats(0, 1),
    batch=st.integers(1, 20),
    shuffle=st.booleans(),
    first=st.sampled_from([(), ("TENANT_2",), ("TENANT_1", "TENANT_2")]),
)
def test_every_message_leaves_and_the_duplicates_leave_twice(
    *, people: int, messages: int, duplicates: float, batch: int, shuffle: bool, first: tuple[str, ...]
) -> None:
    plan = Plan(
        people=people, messages=messages, duplicates=duplicates, batch=batch, shuffle=shuffle, first=first
    )
    script = write_script(plan, "000001", NUMBERS)
    counted = deliveries(script)
    assert len(script.messages) == len(counted) == people * messages
    assert sum(counted.values()) == people * messages + round(duplicates * people * messages)
    assert max(counted.values()) <= 2
    for parcel in (parcel for phase in script.phases for parcel in phase):
        assert 1 <= len(parcel.messages) <= batch
        assert {message.person.number.group for message in parcel.messages} == {parcel.group}
    if first:
        opening = {m.id for parcel in script.phases[0] for m in parcel.messages}
        assert opening == {message.id for message in script.messages if message.place == 0}
        for message in script.messages[:people]:
            assert message.text == first[message.person.index % len(first)]


def test_without_shuffle_one_persons_texts_first_leave_in_their_order() -> None:
    script = write_script(PLAN, "000001", NUMBERS)
    seen: dict[int, list[int]] = {}
    for parcel in script.phases[0]:
        for message in parcel.messages:
            places = seen.setdefault(message.person.index, [])
            if message.place not in places:
                places.append(message.place)
    assert all(places == [0, 1, 2, 3, 4] for places in seen.values())


def test_the_seed_decides_everything_but_the_ids_and_the_run_only_those() -> None:
    shuffled = replace(PLAN, shuffle=True)
    one = write_script(shuffled, "000001", NUMBERS)
    assert one == write_script(shuffled, "000001", NUMBERS)
    assert one != write_script(replace(shuffled, seed=2), "000001", NUMBERS)
    other = write_script(shuffled, "000002", NUMBERS)
    assert [m.text for m in one.messages] == [m.text for m in other.messages]
    assert not {m.id for m in one.messages} & {m.id for m in other.messages}
    assert not {m.person.wa_id for m in one.messages} & {m.person.wa_id for m in other.messages}


def test_a_body_has_the_providers_envelope_and_its_escapes() -> None:
    script = write_script(replace(PLAN, batch=1000, texts=("a/é",)), "000001", NUMBERS)
    [parcel] = [parcel for parcel in script.phases[0] if parcel.group == 0]
    raw = encode_parcel(parcel, 1_767_225_600)
    assert rb"a\/\u00e9" in raw
    assert raw.isascii()
    body = json.loads(raw)
    assert [entry["id"] for entry in body["entry"]] == ["200", "300"]
    value = body["entry"][0]["changes"][0]["value"]
    assert value["metadata"]["phone_number_id"] == "1001"
    assert {contact["wa_id"] for contact in value["contacts"]} == {m["from"] for m in value["messages"]}
    assert value["messages"][0] | {"id": "", "from": ""} == {
        "id": "",
        "from": "",
        "timestamp": "1767225600",
        "type": "text",
        "text": {"body": "a/é"},
    }
    assert all(len(contact["wa_id"]) <= 15 and contact["wa_id"].isdigit() for contact in value["contacts"])


@pytest.mark.parametrize(
    "wrong", [{"people": 0}, {"batch": 1001}, {"duplicates": 1.5}, {"expect": "miracles"}]
)
def test_a_plan_that_makes_no_sense_is_refused_with_the_name_of_what_is_wrong(
    wrong: dict[str, float],
) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Plan(**wrong)  # type: ignore[arg-type]
