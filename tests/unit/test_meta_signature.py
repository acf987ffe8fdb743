"""Only Meta gets in: signatures over raw bytes, rotation of secrets, and the handshake."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

import pytest

from actors.channels.meta import MetaProvider
from config import Channel, Secret, Settings
from runtime import Request, Response, Verified

# As Meta writes it: non-ASCII letters and slashes escaped. Encoding it again gives other bytes.
ESCAPED = (
    rb'{"object":"whatsapp_business_account","entry":[],"note":"J\u00e4ger \ud83d\ude00 https:\/\/wa.me\/1"}'
)

VERIFY = "verify-1"


def channel(number: str, *secrets: str, token: str = VERIFY) -> Channel:
    return Channel(
        provider="meta",
        id=number,
        app_secret=tuple(Secret(secret) for secret in secrets),
        verify_token=Secret(token),
        access_token=Secret("access"),
    )


def serving(*channels: Channel) -> MetaProvider:
    provider = MetaProvider()
    provider.configure(Settings(data_dir=Path("unused"), channels=channels))
    return provider


def signature(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def post(provider: MetaProvider, body: bytes, signed: str | None) -> Verified | Response:
    headers = {} if signed is None else {"x-hub-signature-256": signed}
    return provider.receive(Request("POST", "/webhooks/meta", {}, headers, body))


def status(answer: Verified | Response) -> int:
    return 200 if isinstance(answer, Verified) else answer.status


def test_a_body_with_escapes_verifies_as_the_bytes_that_came() -> None:
    provider = serving(channel("1", "s3cret"))
    assert status(post(provider, ESCAPED, signature("s3cret", ESCAPED))) == 200


def test_the_same_json_in_other_bytes_does_not_verify() -> None:
    provider = serving(channel("1", "s3cret"))
    rewritten = json.dumps(json.loads(ESCAPED)).encode()
    assert status(post(provider, rewritten, signature("s3cret", ESCAPED))) == 401


@pytest.mark.parametrize("place", [0, 20, len(ESCAPED) - 1])
def test_one_changed_byte_is_refused(place: int) -> None:
    provider = serving(channel("1", "s3cret"))
    changed = bytearray(ESCAPED)
    changed[place] ^= 1
    assert status(post(provider, bytes(changed), signature("s3cret", ESCAPED))) == 401


def test_both_secrets_of_a_rotation_are_good_and_a_third_is_not() -> None:
    provider = serving(channel("1", "old", "new"))
    for secret, expected in (("old", 200), ("new", 200), ("other", 401)):
        assert status(post(provider, ESCAPED, signature(secret, ESCAPED))) == expected


GOOD = signature("s3cret", ESCAPED)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        GOOD.removeprefix("sha256="),
        GOOD.replace("sha256", "sha1"),
        GOOD.upper(),
        "sha256=" + GOOD.removeprefix("sha256=").upper(),
        GOOD[:-1],
        GOOD + "0",
        GOOD + "\n",
        " " + GOOD,
        "sha256=" + "\udcff" * 64,
        "sha256=" + "٣" * 64,
    ],
)
def test_only_the_documented_form_counts(header: str | None) -> None:
    answer = post(serving(channel("1", "s3cret")), ESCAPED, header)
    assert isinstance(answer, Response)
    assert answer.status == 401
    assert b"X-Hub-Signature-256" in answer.body


def test_nothing_is_parsed_before_the_signature() -> None:
    answer = post(serving(channel("1", "s3cret")), b"[" * 20_000, signature("guess", b"[" * 20_000))
    assert status(answer) == 401


def test_without_channels_nothing_verifies() -> None:
    assert status(post(serving(), ESCAPED, signature("", ESCAPED))) == 401


def subscribe(provider: MetaProvider, **query: str) -> Response:
    answer = provider.receive(Request("GET", "/webhooks/meta", {f"hub.{k}": v for k, v in query.items()}, {}))
    assert isinstance(answer, Response)
    return answer


def test_the_handshake_knows_the_token_of_any_channel() -> None:
    provider = serving(channel("1", "s", token="first"), channel("2", "s", token="second"))
    for token in ("first", "second"):
        answer = subscribe(provider, mode="subscribe", verify_token=token, challenge="1158201444")
        assert (answer.status, answer.body) == (200, b"1158201444")
        assert answer.content_type.startswith("text/plain")


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"mode": "subscribe", "challenge": "1"},
        {"mode": "subscribe", "verify_token": "", "challenge": "1"},
        {"mode": "subscribe", "verify_token": "verify-2", "challenge": "1"},
        {"mode": "subscribe", "verify_token": "verify-\udcff", "challenge": "1"},
        {"mode": "unsubscribe", "verify_token": "verify-1", "challenge": "1"},
        {"verify_token": "verify-1", "challenge": "1"},
    ],
)
def test_any_other_handshake_is_refused(query: dict[str, str]) -> None:
    answer = subscribe(serving(channel("1", "s")), **query)
    assert answer.status == 403
    assert b"verify-1" not in answer.body


def test_without_channels_no_token_is_right() -> None:
    assert subscribe(serving(), mode="subscribe", verify_token="", challenge="1").status == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "OPTIONS", "post", ""])
def test_other_methods_are_not_allowed(method: str) -> None:
    answer = serving(channel("1", "s")).receive(Request(method, "/webhooks/meta", {}, {}))
    assert isinstance(answer, Response)
    assert answer.status == 405
