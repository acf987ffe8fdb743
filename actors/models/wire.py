"""The requests and answers of an OpenAI-compatible service: what is posted, and what stands in what comes back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from actors.models.answers import WrongAnswerError, fit_transcript, read_answer, schema
from actors.models.brain import thought
from actors.models.prompts import MOST_ANSWERED, chat
from actors.models.task import Ask, Thought
from config import Brain as BrainSettings

PICTURES: Final = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
_HEAR: Final = "/audio/transcriptions"
_FORM: Final = {
    "type": "json_schema",
    "json_schema": {"name": "reading", "strict": True, "schema": schema()},
}
_MOST_TOKENS: Final = 10_000_000
_LONGEST: Final = 86_400.0  # seconds of speech
_ENDINGS: Final = {
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/aac": "aac",
    "audio/amr": "amr",
    "video/3gpp": "3gp",
}


class Request(msgspec.Struct, frozen=True):
    """What is posted, and where."""

    url: str
    headers: Mapping[str, str]
    content: bytes


class Said(msgspec.Struct, frozen=True):
    """The body of an answer 200."""

    body: bytes


class Usage(msgspec.Struct, frozen=True):
    """What a service says that it took; 0: it does not say."""

    asked: int = 0
    answered: int = 0
    seconds: float = 0.0


class Came(msgspec.Struct, frozen=True):
    """An answer in its form."""

    thought: Thought
    usage: Usage


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: float = 0
    completion_tokens: float = 0


class _Chat(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None


class _Length(msgspec.Struct):
    type: str = ""
    seconds: float = 0.0


class _Transcript(msgspec.Struct):
    text: str
    duration: float | None = None
    usage: _Length | None = None


def transcription_url(settings: BrainSettings) -> str:
    """Return where voices are heard; the setting may name the service or the very address."""
    home = (settings.transcription_url or settings.base_url).rstrip("/")
    return home if home.endswith(_HEAR) else home + _HEAR


def chat_request(settings: BrainSettings, model: str, ask: Ask, content: bytes) -> Request:
    """Return the question about a text or a picture."""
    body: dict[str, Any] = {
        "model": model,
        "messages": chat(ask, content),
        "response_format": _FORM,
        "max_completion_tokens": MOST_ANSWERED,
    }
    url = f"{settings.base_url.rstrip('/')}/chat/completions"
    headers = {**_authorization(settings), "content-type": "application/json"}
    return Request(url, headers, msgspec.json.encode(body))


def transcription_request(settings: BrainSettings, url: str, model: str, ask: Ask, content: bytes) -> Request:
    """Return the question what is said in a recording. Its language is left to the service: people mix them."""
    boundary = f"majlis-{ask.sha256[:32] or 'voice'}"
    name = f"voice.{_ENDINGS.get(ask.mime, 'ogg')}"
    parts = [
        _part(boundary, 'name="model"', model.encode()),
        _part(boundary, 'name="response_format"', b"json"),
        _part(boundary, f'name="file"; filename="{name}"', content, ask.mime or "audio/ogg"),
        f"--{boundary}--\r\n".encode(),
    ]
    headers = {**_authorization(settings), "content-type": f"multipart/form-data; boundary={boundary}"}
    return Request(url, headers, b"".join(parts))


def read_chat(ask: Ask, said: Said) -> Came:
    """Return what a model answers. Raises WrongAnswerError for what is no answer of such a service."""
    answer = _decoded(said, _Chat)
    if not answer.choices:
        raise WrongAnswerError("no_choice")
    usage = answer.usage or _Usage()
    took = Usage(_counted(usage.prompt_tokens), _counted(usage.completion_tokens))
    first = answer.choices[0]
    if first.message.refusal or first.finish_reason == "content_filter":
        return Came(thought(ask, "refused"), took)
    if first.finish_reason == "length":
        return Came(thought(ask, "wrong", "cut_short"), took)
    try:
        reading = read_answer(first.message.content or "", ask.language, ask.knowledge)
    except WrongAnswerError as wrong:
        return Came(thought(ask, "wrong", str(wrong)), took)
    return Came(thought(ask, "answered", reading=reading), took)


def read_transcript(ask: Ask, said: Said) -> Came:
    """Return what was heard. Raises WrongAnswerError for what is no answer of such a service."""
    answer = _decoded(said, _Transcript)
    seconds = answer.duration or (answer.usage.seconds if answer.usage else 0.0)
    took = Usage(seconds=min(max(0.0, seconds), _LONGEST))
    words = fit_transcript(answer.text)
    if not words:
        return Came(thought(ask, "wrong", "silence"), took)
    return Came(thought(ask, "answered", transcript=words), took)


def _counted(told: float) -> int:
    """Return a number of tokens that can be one: what is stored must fit, whatever a service says."""
    return int(min(max(0, told), _MOST_TOKENS))


def _decoded(said: Said, form: type[Any]) -> Any:
    try:
        return msgspec.json.decode(said.body, type=form)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise WrongAnswerError("json") from None


def _authorization(settings: BrainSettings) -> Mapping[str, str]:
    return {"authorization": f"Bearer {settings.api_key.reveal()}"} if settings.api_key else {}


def _part(boundary: str, named: str, content: bytes, kind: str = "") -> bytes:
    head = f"--{boundary}\r\ncontent-disposition: form-data; {named}\r\n"
    if kind:
        head += f"content-type: {kind}\r\n"
    return head.encode() + b"\r\n" + content + b"\r\n"
