"""The stand-in for a service of models: answers chats and transcriptions, remembers what it was asked, fails on demand.

`POST /_fake/faults` takes a list of faults, `GET /_fake/asked` tells what was asked. It listens on loopback only and is
no part of the product.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import trio
from trio import TaskStatus

from actors.channels.fake_graph import http1
from actors.models.fake.faults import ORDER, Fault, ModelFaults, Script, content_of, script_of, status_of
from actors.models.fake.recorded import VOICES, marked, seen, understood
from runtime import Request, Response

_LANGUAGES: Final = {"English": "en", "Persian": "fa", "Arabic": "ar", "Russian": "ru"}
_MOST_ASKED: Final = 10_000


class Asked(msgspec.Struct, frozen=True):
    """A question as it came: a `kind`, "chat" or "voice"; the `trick` that was played; whether it has a `picture`."""

    kind: str
    model: str
    key: str
    trick: str = ""
    words: str = ""
    picture: bool = False
    size: int = 0


class FakeModels:
    """One stand-in, under any number of addresses."""

    def __init__(self) -> None:
        self.faults = ModelFaults()
        self.asked: list[Asked] = []
        self.address = ""
        self._news = trio.Event()

    async def serve(
        self, host: str, port: int, *, task_status: TaskStatus[str] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Serve until cancelled; starts with "host:port". Raises ValueError for no loopback host, OSError if taken."""
        listeners = await http1.listen(host, port)
        async with trio.open_nursery() as nursery:
            self.address = await nursery.start(http1.serve_on, self, host, listeners)
            task_status.started(self.address)

    async def wait_asked(self, count: int, within: float = 10.0) -> Sequence[Asked]:
        """Return the questions so far once there are `count`, or those there are after `within` seconds."""
        with trio.move_on_after(within):
            while len(self.asked) < count:
                await self._news.wait()
        return tuple(self.asked)

    async def __call__(self, request: Request) -> Response | Script | None:
        """Answer one request; None drops the connection."""
        await trio.lowlevel.checkpoint()
        if request.path.startswith("/_fake/"):
            return self._control(request)
        if request.method == "POST" and request.path.endswith("/chat/completions"):
            return self._chat(request)
        if request.method == "POST" and request.path.endswith("/audio/transcriptions"):
            return self._voice(request)
        return _json({"error": {"message": "no such route"}}, 404)

    def _chat(self, request: Request) -> Response | Script:
        try:
            body = json.loads(request.body)
            system, user = (message["content"] for message in body["messages"])
            form = body["response_format"]["json_schema"]
            closed = form["strict"] is True and form["schema"]["additionalProperties"] is False
        except (ValueError, KeyError, TypeError):
            closed = False
        if not closed:
            return _json({"error": {"message": "not a chat with structured output"}}, 400)
        parts = [{"type": "text", "text": user}] if isinstance(user, str) else user
        words = json.loads(parts[0]["text"])["message"]
        picture = _picture(parts)
        fault = self._note(request, "chat", str(body["model"]), words, picture is not None)
        language = next((code for name, code in _LANGUAGES.items() if f"in {name}" in system), "en")
        context = json.loads(system.partition("\nContext: ")[2])
        content = understood(words, context["articles"]) if picture is None else seen(language)
        refusal = "I cannot help with that." if fault and fault.trick == "refusing" else None
        if fault is not None and (wrong := content_of(fault.trick)) is not None:
            content = wrong
        finish = {"filtered": "content_filter", "cut_short": "length"}.get(
            fault.trick if fault else "", "stop"
        )
        message = {"role": "assistant", "content": None if refusal else content, "refusal": refusal}
        usage = {"prompt_tokens": 900, "completion_tokens": 60, "total_tokens": 960}
        choice = {"index": 0, "message": message, "finish_reason": finish}
        return _sent({"id": "fake", "object": "chat.completion", "choices": [choice], "usage": usage}, fault)

    def _voice(self, request: Request) -> Response | Script:
        head = re.search(r"boundary=(\S+)", request.headers.get("content-type", ""))
        parts = _parts(request.body, head[1].encode()) if head else {}
        if not {"model", "file"} <= parts.keys():
            return _json({"error": {"message": "not a form with a model and a file"}}, 400)
        words = marked(parts["file"]) or VOICES["en"]
        fault = self._note(request, "voice", parts["model"].decode(), words, picture=False)
        if fault is not None and fault.trick.startswith("injected"):
            words = ORDER
        if fault is not None and fault.trick == "empty":
            words = ""
        if fault is not None and fault.trick in ("no_json", "half_json"):
            return Response(200, b'{"text": "a two-bed', content_type="application/json")
        if fault is not None and fault.trick in ("wrong_schema", "out_of_range", "refusing"):
            return _sent({"words": 7}, fault)
        seconds = round(len(parts["file"]) / 2000, 1)
        return _sent({"text": words, "usage": {"type": "duration", "seconds": seconds}}, fault)

    def _note(self, request: Request, kind: str, model: str, words: str, picture: bool) -> Fault | None:
        """Remember a question; return what strikes it."""
        fault = self.faults.next(kind)
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        trick = fault.trick if fault else ""
        self.asked.append(Asked(kind, model, key, trick, words, picture, len(request.body)))
        del self.asked[:-_MOST_ASKED]
        self._news.set()
        self._news = trio.Event()
        return fault

    def _control(self, request: Request) -> Response:
        try:
            match request.method, request.path.removeprefix("/_fake/"):
                case "GET", "health":
                    return _json({"name": "majlis fake models", "asked": len(self.asked)})
                case "GET", "asked":
                    return _json(msgspec.to_builtins(self.asked))
                case "POST", "faults":
                    self.faults.put(*msgspec.json.decode(request.body, type=list[Fault]))
                    return _json({})
        except msgspec.MsgspecError as fault:
            return _json({"error": str(fault)}, 400)
        return _json({"error": f"no {request.method} {request.path} here"}, 404)


def _sent(answer: Mapping[str, Any], fault: Fault | None) -> Response | Script:
    """Return an answer as it is sent."""
    if fault is not None and (status := status_of(fault.trick)):
        headers = (("retry-after", "1"),) if status == 429 else ()
        body = json.dumps({"error": {"message": "out of order"}}).encode()
        return Response(status, body, content_type="application/json", headers=headers)
    if fault is not None:
        script = script_of(fault.trick, json.dumps(answer).encode(), fault.seconds)
        if script is not None:
            return script
    return _json(answer)


def _json(value: object, status: int = 200) -> Response:
    return Response(status, json.dumps(value).encode(), content_type="application/json")


def _picture(parts: Sequence[Mapping[str, Any]]) -> bytes | None:
    for part in parts:
        if part["type"] == "image_url":
            return base64.b64decode(str(part["image_url"]["url"]).partition("base64,")[2])
    return None


def _parts(body: bytes, boundary: bytes) -> Mapping[str, bytes]:
    """Return the parts of a form by name."""
    found: dict[str, bytes] = {}
    for part in body.split(b"--" + boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        if (name := re.search(rb'name="(\w+)"', head)) is not None:
            found[name[1].decode()] = content.removesuffix(b"\r\n")
    return found
