"""The file by which the server of a rehearsal goes holds what the settings held, whoever the channels' provider is."""

from __future__ import annotations

from pathlib import Path

import msgspec

from actors.channels.fake_graph.place import place_of
from actors.phone.numbers import choose
from actors.stage import with_channels, write
from config import Brain, Channel, Secret, Server, Settings, load
from config.settings import Key
from tests.unit import twilio_webhooks as twilio


def both(data_dir: Path) -> Settings:
    secret = Secret("s")
    meta = Channel(
        provider="meta",
        id="100200300400500",
        app_secret=(secret,),
        verify_token=secret,
        access_token=secret,
        api_url="http://127.0.0.1:8082/v23.0",
    )
    channels = (twilio.channel(contents={"viewing_soon/fa": "HX" + "2c" * 16}), meta)
    return Settings(data_dir=data_dir, server=Server(public_url=twilio.PUBLIC), channels=channels)


def test_channels_of_both_providers_come_back_as_they_were(tmp_path: Path) -> None:
    settings, file = both(tmp_path / "data"), tmp_path / "stage.toml"
    write(settings, file)
    assert load(config=file, environ={}) == settings


def test_tenants_and_a_model_come_back_as_they_were(tmp_path: Path) -> None:
    plain = load(demo=True, environ={"MAJLIS_DATA_DIR": str(tmp_path / "data")})
    first, *others = plain.tenants
    model = Brain(provider="openai", base_url="http://127.0.0.1:1/v1", model="m", api_key=Key("k"))
    changed = msgspec.structs.replace(first, media_keep_days=0)
    settings = msgspec.structs.replace(plain, demo=False, tenants=(changed, *others), brain=model)
    for one in (msgspec.structs.replace(plain, demo=False), settings):
        write(one, tmp_path / "stage.toml")
        assert load(config=tmp_path / "stage.toml", environ={}) == one


def test_what_works_with_metas_stand_in_passes_over_other_channels(tmp_path: Path) -> None:
    settings = both(tmp_path)
    assert place_of(settings.channels) == ("127.0.0.1", 8082)
    assert choose(settings).provider == "meta"
    more = with_channels(settings, 2, shared=True, mps=9).channels
    assert [channel.provider for channel in more] == ["twilio", "meta", "meta"]
