"""Through whatever door people write, the provider believes it and the journal knows each message by one key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from actors.channels import fake_waha as waha
from actors.channels.fake_twilio import Sent
from actors.channels.meta import MetaProvider
from actors.channels.twilio import TwilioProvider
from actors.channels.waha import WahaProvider
from actors.messages import INCOMING, MessageReceived
from actors.simulate.door import Door
from actors.simulate.doors import DOORS
from actors.simulate.people import Plan, write_script
from actors.simulate.twilio_door import _page
from actors.simulate.waha_door import page_of
from config import Settings, load
from runtime import Provider, Request, Verified
from runtime.actor.event import EventCodec
from runtime.cli import CommandFailed

PROVIDERS: Mapping[str, Callable[[], Provider]] = {
    "meta": MetaProvider,
    "twilio": TwilioProvider,
    "waha": lambda: WahaProvider(clock=lambda: 1_790_000_000),
}
each = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)


@pytest.fixture
def demo(tmp_path: Path) -> Settings:
    return load(demo=True, environ={"MAJLIS_DATA_DIR": str(tmp_path)})


@each
@pytest.mark.parametrize("shared", [True, False])
def test_the_provider_takes_what_is_posted_and_the_journal_knows_each_message(
    door: Door, demo: Settings, shared: bool
) -> None:
    settings = door.staffed(demo, 3, shared=shared, mps=7)
    mine = [one for one in settings.channels if one.provider == door.provider]
    channels = [one for one in mine if (one.tenant is None) == shared][:3]
    assert [one.max_mps for one in channels] == [7, 7, 7]
    provider = PROVIDERS[door.provider]()
    provider.configure(settings)
    plan = Plan(people=6, messages=2, provider=door.provider, duplicates=0.5, batch=4 if door.batches else 1)
    script = write_script(plan, "123456", door.numbers(channels))
    post, taken = door.poster(settings, channels, ""), []
    for parcel in script.phases[0]:
        webhook = post(parcel, 1_790_000_000)
        url = urlsplit(webhook.url)
        assert url.netloc == f"{settings.server.host}:{settings.server.port}"
        verified = provider.receive(Request("POST", url.path, {}, webhook.headers, webhook.body))
        assert isinstance(verified, Verified)
        taken += verified.arrivals
    assert len(taken) == 18
    said = {message.dedup: message for message in script.messages}
    for arrival in taken:
        message = said[arrival.dedup]
        event = EventCodec(INCOMING).decode(arrival.payload)
        assert isinstance(event, MessageReceived)
        assert (event.id, event.text, event.name) == (message.id, message.text, message.person.name)
        assert f"wa_id:{message.person.wa_id}" in arrival.identities
        assert arrival.channel == {one.id: one.key for one in channels}[message.person.number.id]


@pytest.mark.parametrize("provider", ["twilio", "waha"])
def test_channels_are_made_up_for_one_provider_alone_and_for_nobody_without_a_tenant(
    provider: str, demo: Settings
) -> None:
    made = DOORS[provider].staffed(demo, 7, shared=False, mps=80)
    assert {channel.provider for channel in made.channels} == {provider}
    assert len({channel.key for channel in made.channels}) == 7
    assert len({channel.tenant for channel in made.channels}) == 5
    again = DOORS[provider].staffed(made, 7, shared=False, mps=80)
    assert again == made
    with pytest.raises(CommandFailed, match="no active tenant"):
        DOORS[provider].staffed(Settings(data_dir=demo.data_dir), 1, shared=False, mps=80)


def test_a_message_of_several_sends_is_one_reply() -> None:
    sends = [
        Sent(place, f"SM{place}", "whatsapp:+1", "whatsapp:+2", "words", f"https://h/p?effect=e&part={part}")
        if part
        else Sent(place, f"SM{place}", "whatsapp:+1", "whatsapp:+2", "words", "https://h/p?effect=e")
        for place, part in ((4, 1), (5, 2), (6, 0))
    ]
    page = _page(9, sends)
    assert (page.newest, page.first, page.last) == (9, 4, 6)
    assert [(one.index, one.wamid, one.effect, one.to) for one in page.replies] == [(6, "SM6", "e", "2")]


def test_a_send_through_waha_names_its_effect_and_a_part_of_one_is_no_reply() -> None:
    told = ("effect/1", "effect")
    sends = [
        waha.Sent(place, f"true_2@c.us_K{place}", "default", "2@c.us", "words", "Q", request)
        for place, request in enumerate(told, 4)
    ]
    page = page_of(9, sends)
    assert (page.newest, page.first, page.last) == (9, 4, 5)
    [one] = page.replies
    assert (one.index, one.channel, one.effect, one.to, one.quoted) == (5, "default", "effect", "2", "Q")
