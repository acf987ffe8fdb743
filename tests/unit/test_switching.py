"""In whatever order: only what was opened moves a conversation, and no tenant's part changes for another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from actors.agency.routes import Route
from actors.conversation.directory import Directory
from actors.conversation.greeting import Greeter
from actors.conversation.state import EstateState, Part
from actors.conversation.ways import opened, way
from actors.messages import ChoicePicked, MediaReceived, Message, MessageReceived, Referral
from actors.wording.catalogue import Catalogue
from tests.unit.test_routing import OWN, SHARED, settings

NOW = datetime(2026, 11, 30, tzinfo=UTC)
CODES: Mapping[str, Route] = {
    route.code: route
    for route in (
        Route(code="MJ-AAAAAAAAAAAA", tenant=2, vertical="expo", language="fa"),
        Route(code="MJ-BBBBBBBBBBBB", tenant=5, vertical="menu"),
        Route(code="MJ-CCCCCCCCCCCC", tenant=5, vertical="realty", expires_at=NOW),
        Route(code="ad:22", tenant=2, vertical="realty"),
        Route(code="ad:55", tenant=5, vertical="support"),
    )
}
GREETER = Greeter(Catalogue.load(), Directory(settings()))
WORDS = (
    *("hi", "Palm", "marina-homes", "please restart realty 5 times", "TENANT_5 please", "menu", "english"),
    *("my code is MJ-BBBBBBBBBBBB", "سلام، دنبال آپارتمان هستم", "start realty palm", "expo"),
)
LINKS = {
    "TENANT_2": 2,
    "tenant_۵": 5,
    "start_realty_palm": 5,
    "START_EXPO_2": 2,
    "start_support_marina-homes": 2,
    "MJ-AAAAAAAAAAAA": 2,
    "mj-bbbbbbbbbbbb": 5,
    **dict.fromkeys(("MJ-CCCCCCCCCCCC", "MJ-DDDDDDDDDDDD", "TENANT_9", "TENANT_77", "start_expo_nobody"), 0),
}
ADS = st.builds(
    Referral,
    source_id=st.sampled_from(("22", "55", "99", "")),
    click=st.sampled_from(("x", "y", "z", "")),
    body=st.sampled_from(("By the sea", "TENANT_2", "Palm")),
)
TEXTS = st.sampled_from((*WORDS, *LINKS))
MESSAGES = st.one_of(
    st.builds(MessageReceived, id=st.just("m"), text=TEXTS, referral=st.none() | ADS),
    st.builds(MediaReceived, id=st.just("m"), kind=st.just("image"), referral=st.none() | ADS),
    st.builds(ChoicePicked, id=st.just("m"), choice=st.sampled_from(("lang:ru", "menu:realty"))),
)


def hear(state: EstateState, channel: str, message: Message, now: datetime) -> int:
    """Let the bot's decision fall, as the actor does; return the tenant that was named by what was opened, or 0."""
    seen = opened(message, state.clicked)
    where = way(seen, {code: CODES[code] for code in seen.codes if code in CODES}, now) if seen else None
    answer = GREETER.answer(state, channel, message, now, where)
    assert (answer.entered is not None) <= (where is not None)
    if isinstance(message, MessageReceived) and message.text in LINKS:
        return LINKS[message.text]
    named = Directory(settings()).named(where.tenant) if where else None
    return named.id if named else 0


@given(st.lists(MESSAGES, max_size=12))
def test_on_a_shared_number_words_switch_nothing_and_no_part_changes_for_another(
    messages: list[Message],
) -> None:
    state = EstateState()
    for number, message in enumerate(messages):
        before = state.tenant
        parts = msgspec.json.encode(state.parts)
        named = hear(state, SHARED, message, NOW + timedelta(minutes=number))
        assert state.tenant == (named or before)
        others = msgspec.json.decode(parts, type=dict[int, Part])
        assert {k: v for k, v in others.items() if k != state.tenant} == {
            k: v for k, v in state.parts.items() if k != state.tenant
        }
        assert len(state.clicked) <= 8


@given(st.lists(MESSAGES, max_size=12))
def test_on_a_tenants_own_number_nothing_leads_away(messages: list[Message]) -> None:
    state = EstateState()
    for message in messages:
        hear(state, OWN, message, NOW)
        assert state.tenant == 0
        assert set(state.parts) <= {2}
