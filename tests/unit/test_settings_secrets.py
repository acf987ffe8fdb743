"""No secret is in anything that is printed."""

import json
import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import Channel, Postgres, Redis, Secret, Settings, Tenant, render_toml, show
from config.settings import MASK, mask_url

# Long and unlike any word that is printed anyway, so that "not in" means something.
unlikely = st.text(st.characters(categories=("Lu", "Nd"), max_codepoint=127), min_size=12, max_size=30)
# A password as people paste it: the marks that end a URL's part among the letters.
marks = st.text(st.sampled_from("/?#@:&=%[] +"), max_size=4)
password = st.tuples(marks, unlikely, marks).map("".join)


def settings_with(secret: str, url: str = "") -> Settings:
    channel = Channel(
        provider="meta",
        id="1",
        app_secret=(Secret(secret), Secret(secret + "2")),
        verify_token=Secret(secret),
        access_token=Secret(secret),
    )
    return Settings(
        data_dir=Path("/d"), postgres=Postgres(url=url), redis=Redis(url=url), channels=(channel,)
    )


@given(secret=unlikely, password=password)
def test_no_secret_is_in_what_is_printed(secret: str, password: str):
    settings = settings_with(secret, f"postgresql://user:{password}@db.example.com/majlis")
    shown = show(settings)
    for text in (repr(settings), str(settings), f"{settings}", json.dumps(shown), render_toml(shown)):
        assert secret not in text
        assert password not in text
        assert password.strip("/?#@:&=%[] +") not in text
    one = settings.channels[0].verify_token
    assert {repr(one), str(one), f"{one}", f"{one!s}"} == {MASK, f"Secret({MASK})"}
    assert one.reveal() == secret
    with pytest.raises(TypeError):
        msgspec.json.encode(settings.channels[0].verify_token)


def test_show_keeps_what_is_no_secret():
    shown = show(settings_with("hunter2", "redis://:pw@h:6379/0?x=y"))
    assert shown["redis"]["url"] == "redis://***@h:6379/0?***"
    assert shown["channels"][0]["app_secret"] == [MASK, MASK]
    assert shown["channels"][0]["id"] == "1"
    assert "tenant" not in shown["channels"][0]
    assert shown["server"]["port"] == 8080


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("", ""),
        ("postgresql://db/majlis", "postgresql://db/majlis"),
        ("postgresql://u:p@a:1,b:2/majlis", "postgresql://***@a:1,b:2/majlis"),
        ("postgresql://u:p@[::1]:5432/m", "postgresql://***@[::1]:5432/m"),
        ("postgresql://h/m?password=p", "postgresql://h/m?***"),
        ("unix:///run/redis.sock?password=p", "unix:///run/redis.sock?***"),
        ("postgresql://u:p", MASK),
        ("host=h password=p", MASK),
        ("postgresql://u:p/w", MASK),
    ],
)
def test_urls_show_the_server_and_nothing_to_enter_it_with(url, masked):
    assert mask_url(url) == masked


@given(
    name=st.text(st.characters(exclude_categories=("Cs",)), max_size=50), mps=st.integers(), tls=st.booleans()
)
def test_rendered_toml_reads_back_as_what_was_shown(name: str, mps: int, tls: bool):
    tenant = Tenant(id=1, slug="a-b", name=name)
    settings = msgspec.structs.replace(settings_with("hunter2"), tenants=(tenant, tenant), demo=tls)
    settings = msgspec.structs.replace(
        settings, node=msgspec.structs.replace(settings.node, lease_ttl=mps / 7)
    )
    assert tomllib.loads(render_toml(show(settings))) == show(settings)


def test_secrets_compare_by_text():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("é"), Secret("é")}) == 1


@pytest.mark.parametrize("text", ["", " ", "a\n", " a", "a\nb", "a\0b", MASK, "\ud800"])
def test_what_can_be_no_secret_is_refused_without_quoting_it(text):
    with pytest.raises(ValueError, match=r"^(is empty|must be printable|is the mask)"):
        Secret(text)
