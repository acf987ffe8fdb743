"""The stand-in provider tells owners the truth about numbers, tokens and subscriptions, and what its faults say."""

from __future__ import annotations

import json
from typing import Any

from actors.channels.fake_graph.accounts import Account
from actors.channels.fake_graph.faults import Faults
from actors.channels.fake_graph.state import Graph
from runtime import Request

ONE = Account("100", secret="s3cret", token="t0ken", business="900")
TWO = Account("200", secret="s3cret", token="t0ken", business="901")
NOW = 1_800_000_000


def asked(path: str, bearer: str = "t0ken", *, faults: Faults | None = None, **query: str) -> tuple[int, Any]:
    graph = Graph({"100": ONE, "200": TWO}, run="abc", started=0.0, faults=faults)
    headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
    answer = graph.apply(Request("GET", f"/v23.0/{path}", query, headers), 0.0, float(NOW))
    assert answer.response is not None
    return answer.response.status, json.loads(answer.response.body)


def code(answer: tuple[int, Any]) -> int:
    return int(answer[1]["error"]["code"])


def test_a_number_is_told_to_its_token_field_by_field() -> None:
    assert asked("100", fields="id,quality_rating") == (200, {"quality_rating": "GREEN", "id": "100"})
    assert "verified_name" in asked("100")[1]
    assert code(asked("100", "another")) == code(asked("100", "")) == 190
    assert code(asked("300")) == 100


def test_faults_take_numbers_away_and_let_tokens_expire() -> None:
    assert code(asked("100", faults=Faults(unknown=("100",)))) == 100
    assert code(asked("100", faults=Faults(expired=("100",)))) == 190
    assert asked("200", faults=Faults(unknown=("100",), expired=("100",)))[0] == 200


def test_a_send_meets_the_same_faults() -> None:
    def sent(faults: Faults) -> int:
        graph = Graph({"100": ONE}, run="abc", started=0.0, faults=faults)
        body = b'{"messaging_product": "whatsapp", "to": "15550100", "type": "text", "text": {"body": "hi"}}'
        request = Request("POST", "/v23.0/100/messages", {}, {"authorization": "Bearer t0ken"}, body)
        response = graph.apply(request, 0.0, float(NOW)).response
        assert response is not None
        return int(json.loads(response.body).get("error", {}).get("code", 0))

    assert [sent(Faults()), sent(Faults(expired=("100",))), sent(Faults(unknown=("100",)))] == [0, 190, 100]


def test_a_token_is_told_by_itself_and_by_its_app() -> None:
    told = asked("debug_token", input_token="t0ken")[1]["data"]
    assert told["is_valid"]
    assert told["expires_at"] == 0
    assert told["app_id"] == ONE.app
    assert asked("debug_token", f"{ONE.app}|s3cret", input_token="t0ken")[1]["data"] == told
    assert code(asked("debug_token", f"{ONE.app}|another", input_token="t0ken")) == 190
    assert code(asked("debug_token", "another", input_token="t0ken")) == 190


def test_a_token_that_is_nobodys_or_has_ended_is_told_so() -> None:
    assert not asked("debug_token", input_token="another")[1]["data"]["is_valid"]
    both = Faults(expired=("100", "200"))
    assert code(asked("debug_token", faults=both, input_token="t0ken")) == 190
    by_app = asked("debug_token", f"{ONE.app}|s3cret", faults=both, input_token="t0ken")
    assert not by_app[1]["data"]["is_valid"]
    short = asked("debug_token", faults=Faults(token_life=60), input_token="t0ken")
    assert short[1]["data"]["expires_at"] == NOW + 60


def test_subscriptions_of_an_account_name_its_app() -> None:
    (app,) = asked("900/subscribed_apps")[1]["data"]
    assert app["whatsapp_business_api_data"]["id"] == ONE.app
    assert asked("900/subscribed_apps", faults=Faults(unsubscribed=("900",)))[1]["data"] == []
    assert len(asked("901/subscribed_apps", faults=Faults(unsubscribed=("900",)))[1]["data"]) == 1
    assert code(asked("902/subscribed_apps")) == 100
    assert code(asked("900/subscribed_apps", "another")) == 190
