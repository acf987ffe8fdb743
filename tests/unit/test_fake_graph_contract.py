"""The stand-in provider keeps the contract: of each limit, a body that keeps it and one that does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from actors.channels.fake_graph.accounts import Account
from actors.channels.fake_graph.faults import Failure, Faults
from actors.channels.fake_graph.limits import Limits
from actors.channels.fake_graph.state import Answer, Graph
from actors.channels.fake_graph.statuses import encode_statuses
from runtime import Request

CHANNEL = "100200300400502"
TOKEN = "t0ken"


def graph(*, strict: bool = True, faults: Faults | None = None) -> Graph:
    accounts = {CHANNEL: Account(CHANNEL, secret="s3cret", token="t0ken", per_second=80)}
    return Graph(accounts, run="abc", started=0.0, strict=strict, faults=faults)


def post(
    state: Graph, body: object, *, now: float = 0.0, channel: str = CHANNEL, token: str = TOKEN
) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return state.apply(Request("POST", f"/v23.0/{channel}/messages", {}, headers, raw), now, 1_767_225_600.0)


def text(body: str = "Hello", to: str = "971501112233", **more: object) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": body}, **more}


def interactive(part: Mapping[str, object]) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": "971501112233", "type": "interactive", "interactive": part}


def buttons(*titles: str, body: str = "Goal?", ids: tuple[str, ...] = ()) -> dict[str, Any]:
    ids = ids or tuple(f"b:{n}" for n in range(len(titles)))
    replies = [
        {"type": "reply", "reply": {"id": i, "title": title}} for i, title in zip(ids, titles, strict=True)
    ]
    return interactive({"type": "button", "body": {"text": body}, "action": {"buttons": replies}})


def rows(*counts: int, title: str = "AED", row: str = "up to 500k", row_id: str = "r") -> dict[str, Any]:
    sections = [
        {"title": title, "rows": [{"id": f"{row_id}{s}.{r}", "title": row} for r in range(count)]}
        for s, count in enumerate(counts)
    ]
    return interactive(
        {"type": "list", "body": {"text": "Choose"}, "action": {"button": "Options", "sections": sections}}
    )


def answer_of(answer: Answer) -> dict[str, Any]:
    assert answer.response is not None
    decoded: dict[str, Any] = json.loads(answer.response.body)
    return decoded


def code_of(answer: Answer) -> int:
    return int(answer_of(answer).get("error", {}).get("code", 0))


def template(name: str, *values: str) -> dict[str, Any]:
    parameters = [{"type": "text", "text": value} for value in values]
    part = {
        "name": name,
        "language": {"code": "en"},
        "components": [{"type": "body", "parameters": parameters}],
    }
    return {"messaging_product": "whatsapp", "to": "97150111", "type": "template", "template": part}


@pytest.mark.parametrize(
    "body",
    [
        text("x" * 4096),
        text(
            context={"message_id": "wamid.IN"},
            biz_opaque_callback_data="e" * 512,
            recipient_type="individual",
        ),
        text("سلام 👋"),
        buttons("One", "Two", "x" * 20),
        buttons("One", body="x" * 1024, ids=("i" * 256,)),
        rows(10),
        rows(5, 5, title="t" * 24, row="r" * 24),
        interactive(
            {
                "type": "list",
                "header": {"type": "text", "text": "h" * 60},
                "body": {"text": "x" * 4096},
                "footer": {"text": "f" * 60},
                "action": {
                    "button": "b" * 20,
                    "sections": [{"rows": [{"id": "i" * 200, "title": "t", "description": "d" * 72}]}],
                },
            }
        ),
        {
            "messaging_product": "whatsapp",
            "to": "97150111",
            "type": "image",
            "image": {"link": "https://a.example/9.jpg", "caption": "c"},
        },
        {
            "messaging_product": "whatsapp",
            "to": "97150111",
            "type": "template",
            "template": {"name": "follow_up_1", "language": {"code": "fa"}, "components": [{"type": "body"}]},
        },
        {"messaging_product": "whatsapp", "recipient": "US.1001", "type": "text", "text": {"body": "Hello"}},
    ],
)
def test_what_keeps_the_limits_is_accepted_and_remembered(body: dict[str, Any]) -> None:
    state = graph()
    accepted = answer_of(post(state, body))
    [sent] = state.page()
    assert accepted["messages"][0]["id"] == sent.wamid
    assert sent.content() == body


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (template("handover_call", "two\nlines"), 132018),
        (template("handover_call", ""), 131009),
        (text("x" * 4097), 100),
        (text(""), 131009),
        (text(" \n"), 131009),
        (text(to="sara"), 131009),
        (text(biz_opaque_callback_data="e" * 513), 100),
        (text(context={}), 131008),
        (text(text={}), 131008),
        (text(text="Hello"), 100),
        (text(type="poem"), 100),
        (text(messaging_product="sms"), 100),
        ({"messaging_product": "whatsapp", "type": "text", "text": {"body": "x"}}, 131008),
        (buttons("One", "Two", "Three", "Four"), 131009),
        (buttons(), 131009),
        (buttons("Same", "Same"), 131009),
        (buttons("One", "Two", ids=("i", "i")), 131009),
        (buttons("x" * 21), 100),
        (buttons("One", ids=("i" * 257,)), 100),
        (buttons("One", ids=(" i",)), 131009),
        (buttons("One", body="x" * 1025), 100),
        (rows(11), 131009),
        (rows(6, 5), 131009),
        (rows(*[1] * 11), 131009),
        (rows(1, 1, title=""), 131009),
        (rows(1, title="t" * 25), 100),
        (rows(1, row="r" * 25), 100),
        (rows(1, row_id="i" * 201), 100),
        (b"{", 100),
        (b'{"messaging_product":"whatsapp","to":"\\ud800"}', 100),
        (b"[" * 20_000, 100),
        (b"[]", 100),
    ],
)
def test_what_breaks_a_limit_is_refused_in_the_providers_words(body: object, code: int) -> None:
    state = graph()
    answer = post(state, body)
    assert answer.response is not None
    assert answer.response.status == 400
    error = answer_of(answer)["error"]
    assert error["code"] == code
    assert set(error) == {"message", "type", "code", "error_data", "fbtrace_id"}
    assert state.page() == []
    assert state.statistics().invalid == 1


def test_a_template_of_an_impossible_name_does_not_exist() -> None:
    answer = post(graph(), template("Handover-Call"))
    assert answer.response.status == 404
    assert msgspec.json.decode(answer.response.body)["error"]["code"] == 132001


def test_a_missing_or_wrong_bearer_is_190_and_an_unknown_number_takes_any() -> None:
    state = graph()
    assert code_of(post(state, text(), token="")) == 190
    assert code_of(post(state, text(), token="other")) == 190
    unknown = post(state, text(), channel="777", token="other")
    assert code_of(unknown) == 0
    assert unknown.statuses == ()


def test_reading_and_typing_succeed_and_are_no_sends() -> None:
    state = graph()
    read = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.IN"}
    assert answer_of(post(state, read)) == {"success": True}
    assert answer_of(post(state, {**read, "typing_indicator": {"type": "text"}})) == {"success": True}
    assert code_of(post(state, {**read, "typing_indicator": {"type": "voice"}})) == 100
    assert code_of(post(state, {"messaging_product": "whatsapp", "status": "read"})) == 131008
    assert state.statistics().reads == 2
    assert state.last_index == 0


def test_any_version_of_the_path_is_served_and_no_other_path() -> None:
    state = graph()
    headers = {"authorization": "Bearer t0ken"}
    body = json.dumps(text()).encode()
    for path, status in ((f"/v99.0/{CHANNEL}/messages", 200), ("/v23.0/a/b/messages", 404)):
        response = state.apply(Request("POST", path, {}, headers, body), 0.0, 0.0).response
        assert response is not None
        assert response.status == status


# ── limits ────────────────────────────────────────────────────────────


def test_the_81st_send_within_one_second_is_refused_and_the_next_second_is_free() -> None:
    state = graph()
    for n in range(80):
        assert code_of(post(state, text(to=f"9715{n:08d}"), now=n / 100)) == 0
    assert code_of(post(state, text(to="971599999999"), now=0.999)) == 130429
    assert code_of(post(state, text(to="971599999999"), now=1.0)) == 0
    assert code_of(post(state, text(to="971599999998"), now=1.0)) == 130429
    assert state.statistics().throughput_violations == 2
    assert state.statistics().busiest_second == 80
    assert state.last_index == 81


def test_the_46th_send_to_one_person_is_refused_and_one_more_comes_free_every_six_seconds() -> None:
    state = graph()
    for n in range(45):
        assert code_of(post(state, text(), now=n * 0.1)) == 0
    assert code_of(post(state, text(), now=4.5)) == 131056
    assert code_of(post(state, text(to="971509999999"), now=4.5)) == 0, (
        "another person has a bucket of their own"
    )
    assert code_of(post(state, text(), now=5.99)) == 131056
    assert code_of(post(state, text(), now=6.0)) == 0
    assert code_of(post(state, text(), now=11.99)) == 131056
    assert code_of(post(state, text(), now=12.0)) == 0
    assert state.statistics().pair_violations == 3


def test_a_lenient_provider_counts_every_violation_and_accepts() -> None:
    state = graph(strict=False)
    for _ in range(100):
        assert code_of(post(state, text())) == 0
    statistics = state.statistics()
    assert (statistics.accepted, statistics.throughput_violations) == (100, 20)
    assert statistics.pair_violations == 35, "45 are borrowed, 20 broke the other limit first"


def test_one_channel_does_not_use_up_anothers_second() -> None:
    limits = Limits()
    assert [limits.arrive(channel, "p", 0.0, 1) for channel in ("a", "b", "a")] == [0, 0, 130429]


# ── faults ────────────────────────────────────────────────────────────


def test_a_failure_strikes_the_next_sends_and_then_no_more() -> None:
    state = graph(faults=Faults(failures=(Failure(code=131016, times=2),)))
    assert [code_of(post(state, text(), now=n)) for n in range(3)] == [131016, 131016, 0]
    assert state.last_index == 1


def test_a_failure_strikes_every_third_send_or_one_person_only() -> None:
    state = graph(faults=Faults(failures=(Failure(code=131000, every=3),)))
    assert [code_of(post(state, text(), now=n)) for n in range(6)] == [0, 0, 131000, 0, 0, 131000]
    state = graph(faults=Faults(failures=(Failure(code=131026, to="971500000001"),)))
    assert code_of(post(state, text())) == 0
    assert code_of(post(state, text(to="971500000001"))) == 131026


def test_a_failure_may_lie_about_a_send_that_was_taken() -> None:
    state = graph(faults=Faults(failures=(Failure(code=None, status=502, accepted=True, times=1),)))
    answer = post(state, text())
    assert answer.response is not None
    assert answer.response.status == 502
    assert [status.status for status in answer.statuses] == ["sent", "delivered"]
    assert [sent.answered for sent in state.page()] == [False]


def test_a_dropped_connection_was_an_accepted_send_that_is_reported() -> None:
    state = graph(faults=Faults(hang_ups=1))
    dropped = post(state, text())
    assert dropped.response is None
    assert len(dropped.statuses) == 2
    assert post(state, text()).response is not None
    assert [sent.answered for sent in state.page()] == [False, True]


def test_dropping_by_chance_is_the_same_for_the_same_seed() -> None:
    def course() -> list[bool]:
        state = graph(strict=False, faults=Faults(hang_up_probability=0.5))
        return [post(state, text(), now=n).response is None for n in range(50)]

    first = course()
    assert first == course()
    assert 10 < sum(first) < 40


def test_faults_are_changed_one_by_one_and_a_wrong_one_changes_nothing() -> None:
    state = graph()
    state.dice.change(b'{"latency": 2}')
    state.dice.change(b'{"statuses": []}')
    assert (state.dice.faults.latency, state.dice.faults.statuses) == (2.0, ())
    for wrong in (b'{"latensy": 1}', b'{"latency": -1}', b"[]", b"{"):
        with pytest.raises(msgspec.MsgspecError):
            state.dice.change(wrong)
    assert state.dice.faults.latency == 2.0
    assert post(state, text()).delay == 2.0
    assert post(state, text()).statuses == ()


def test_a_reset_forgets_all_but_never_reuses_an_index() -> None:
    state = graph(faults=Faults(latency=1.0))
    post(state, text())
    state.reset()
    assert state.page() == []
    assert post(state, text()).delay == 0.0
    assert [sent.index for sent in state.page(after=1)] == [2]
    assert state.statistics().accepted == 1


# ── media and statuses ────────────────────────────────────────────────


def _form(kind: str, content: bytes) -> tuple[dict[str, str], bytes]:
    body = (
        b'--b0\r\nContent-Disposition: form-data; name="messaging_product"\r\n\r\nwhatsapp\r\n'
        b'--b0\r\nContent-Disposition: form-data; name="file"; filename="a"\r\nContent-Type: ' + kind.encode()
    ) + (b"\r\n\r\n" + content + b"\r\n--b0--\r\n")
    return {"authorization": "Bearer t0ken", "content-type": "multipart/form-data; boundary=b0"}, body


def test_media_goes_up_and_comes_down_through_a_link_that_expires() -> None:
    state = graph()
    content = b"\r\n--\x00\xff" * 100
    headers, body = _form("image/jpeg", content)
    uploaded = answer_of(state.apply(Request("POST", f"/v23.0/{CHANNEL}/media", {}, headers, body), 0.0, 0.0))
    about = answer_of(state.apply(Request("GET", f"/v23.0/{uploaded['id']}", {}, headers), 0.0, 0.0))
    assert (about["mime_type"], about["file_size"]) == ("image/jpeg", len(content))
    path = "/" + about["url"].split("/", 3)[3]
    fetched = state.apply(Request("GET", path, {}, headers), 299.0, 0.0).response
    assert fetched is not None
    assert (fetched.body, fetched.content_type) == (content, "image/jpeg")
    assert code_of(state.apply(Request("GET", path, {}, {}), 299.0, 0.0)) == 190
    assert code_of(state.apply(Request("GET", path, {}, headers), 301.0, 0.0)) == 100


@pytest.mark.parametrize(
    ("kind", "size", "code"),
    [("image/jpeg", 5 * 1024 * 1024 + 1, 131053), ("image/tiff", 10, 100), ("audio/ogg", 0, 131053)],
)
def test_media_that_is_too_big_empty_or_of_a_strange_type_is_refused(kind: str, size: int, code: int) -> None:
    headers, body = _form(kind, b"x" * size)
    assert (
        code_of(graph().apply(Request("POST", f"/v23.0/{CHANNEL}/media", {}, headers, body), 0.0, 0.0))
        == code
    )


def _shown(kind: str, medium: str) -> list[dict[str, Any]]:
    """Return the ways in which a message shows a file."""
    part = {
        "type": "button",
        "header": {"type": kind, kind: {"id": medium}},
        "body": {"text": "A flat"},
        "action": {"buttons": [{"type": "reply", "reply": {"id": "more", "title": "More"}}]},
    }
    alone = {"messaging_product": "whatsapp", "to": "97150111", "type": kind, kind: {"id": medium}}
    return [alone, interactive(part)]


@pytest.mark.parametrize(("kind", "mime"), [("image", "image/png"), ("document", "application/pdf")])
def test_a_message_shows_what_was_uploaded_for_as_long_as_it_is_there(kind: str, mime: str) -> None:
    state = graph()
    headers, body = _form(mime, b"x" * 100)
    upload = Request("POST", f"/v23.0/{CHANNEL}/media", {}, headers, body)
    medium = answer_of(state.apply(upload, 0.0, 0.0))["id"]
    assert [code_of(post(state, sent)) for sent in _shown(kind, medium)] == [0, 0]
    state.media.forget(medium)
    refused = [post(state, sent) for sent in _shown(kind, medium)]
    assert [code_of(answer) for answer in refused] == [100, 100]
    assert "is not a valid whatsapp business account media attachment ID" in str(answer_of(refused[0]))
    assert state.statistics().uploads == 1


def test_a_document_is_not_shown_as_a_picture() -> None:
    state = graph()
    headers, body = _form("application/pdf", b"%PDF")
    medium = answer_of(state.apply(Request("POST", f"/v23.0/{CHANNEL}/media", {}, headers, body), 0.0, 0.0))
    assert [code_of(post(state, sent)) for sent in _shown("image", medium["id"])] == [100, 100]


def test_statuses_of_several_channels_travel_in_one_escaped_body_and_echo_the_tracker() -> None:
    state = graph()
    updates = [*post(state, text(biz_opaque_callback_data="a/é")).statuses, *post(state, text()).statuses]
    raw = encode_statuses(state.accounts, updates)
    assert rb"a\/\u00e9" in raw
    [entry] = json.loads(raw)["entry"]
    value = entry["changes"][0]["value"]
    assert value["metadata"]["phone_number_id"] == CHANNEL
    assert [status["status"] for status in value["statuses"]] == ["sent", "delivered"] * 2
    assert value["statuses"][0]["biz_opaque_callback_data"] == "a/é"
    assert "biz_opaque_callback_data" not in value["statuses"][2]
    assert value["statuses"][0]["timestamp"] == "1767225600"
