"""A model behind an OpenAI-compatible service: chat with structured output, pictures, transcription.

Theory of operation: one deadline holds for a question with all its tries. What may go better (no connection, 429, a
fault of the server) is tried again with growing pauses, or after the time that the service names; a try whose answer was
lost may have been paid for, so there are at most `_PAID` of those, and so many are reserved. A service that fails again
and again is not asked for a while. Of an answer only what `answers` lets through becomes a Thought.

Knows no person and no tenant's budget: turns reserve before they ask, and settle when the Thought comes.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Final

import httpx
import structlog
import trio

from actors.models.answers import WrongAnswerError
from actors.models.brain import BrainStatistics, Price, Read, thought
from actors.models.circuit import Circuit
from actors.models.prompts import MOST_ANSWERED, most_tokens
from actors.models.task import Ask, AskKind, Thought
from actors.models.wire import (
    PICTURES,
    Request,
    Said,
    Usage,
    chat_request,
    read_chat,
    read_transcript,
    transcription_request,
    transcription_url,
)
from config import Brain as BrainSettings
from runtime import HttpClient, NeverSent

_log = structlog.get_logger(__name__)

MOST_PICTURE: Final = 5 * 1024 * 1024
"""Bytes of a picture that is shown to a model."""
MOST_VOICE: Final = 16 * 1024 * 1024
_MOST_BODY: Final = 256 * 1024  # bytes of an answer
_TRIES, _PAID = 3, 2
_PAUSE, _LONGEST_PAUSE = 0.5, 5.0  # seconds
_SLOWEST_VOICE: Final = 750  # bytes of a second of speech, at least: 6 kbit/s
_USUAL_VOICE: Final = 2000


class _Again(Exception):
    """It may go better: after `after` seconds, if that was said. `paid`: it may have cost what an answer costs."""

    def __init__(self, code: str, *, after: float | None = None, paid: bool = False) -> None:
        super().__init__(code)
        self.code, self.after, self.paid = code, after, paid


class _Out(Exception):
    """The service does not do this, now or at all; `works`: it is in order all the same."""

    def __init__(self, code: str, *, works: bool) -> None:
        super().__init__(code)
        self.code, self.works = code, works


@dataclass
class _Spent:
    """What a question has taken so far."""

    tokens: int = 0
    cost: int = 0

    def add(self, price: Price) -> None:
        self.tokens += price.tokens
        self.cost += price.cost


class OpenAIBrain:
    """See `Brain`. One object for all questions of a process, under one reading of the settings."""

    name = "openai"

    def __init__(self, settings: BrainSettings, dice: Random | None = None) -> None:
        """Take settings that were validated."""
        self._settings = settings
        self._dice = dice or Random()  # noqa: S311 - jitter
        self._hear_at = transcription_url(settings)
        self._circuits = {"chat": Circuit(), "transcription": Circuit()}
        self._running = self._retries = 0
        self._outcomes = Counter[tuple[str, str]]()
        self._spent = _Spent()

    def takes(self, kind: AskKind, mime: str = "", size: int = 0) -> bool:
        """Tell whether it may be asked about something of this kind."""
        match kind:
            case "text":
                return True
            case "image":
                return mime in PICTURES and 0 < size <= MOST_PICTURE
            case "voice":
                return 0 < size <= MOST_VOICE

    def model(self, kind: AskKind) -> str:
        """Return the name of the model that would answer."""
        settings = self._settings
        match kind:
            case "text":
                return settings.model
            case "image":
                return settings.vision_model or settings.model
            case "voice":
                return settings.transcription_model

    def price(self, ask: Ask) -> Price:
        """Return what all tries take that may have to be paid for."""
        once = self._most(ask)
        return Price(_PAID * once.tokens, _PAID * once.cost)

    async def think(self, ask: Ask, read: Read, http: HttpClient) -> Thought:
        """Return what came of a question."""
        circuit = self._circuits["transcription" if ask.kind == "voice" else "chat"]
        if self._running >= self._settings.at_once:
            return self._told(ask, thought(ask, "busy"))
        if not circuit.admit(trio.current_time()):
            return self._told(ask, thought(ask, "circuit"))
        self._running += 1
        spent, works = _Spent(), None
        came = thought(ask, "timed_out", f"after_{self._settings.timeout:g}_s")
        try:
            with trio.move_on_after(self._settings.timeout) as scope:
                came, works = await self._ask(ask, read, http, spent)
            if scope.cancelled_caught:
                works = False
                spent.add(self._most(ask))
        finally:
            self._running -= 1
            circuit.end(trio.current_time(), works=works)
        took = Price(spent.tokens, spent.cost)
        self._spent.add(took)
        return self._told(ask, thought(
            ask, came.outcome, came.code, reading=came.reading, transcript=came.transcript, price=took
        ))  # fmt: skip

    async def _ask(
        self, ask: Ask, read: Read, http: HttpClient, spent: _Spent
    ) -> tuple[Thought, bool | None]:
        """Try until one try is the last; return what came, and whether the service works, if that has shown."""
        content = await read()
        if content is None:
            return thought(ask, "unreadable", "file"), None
        request = self._request(ask, content)
        tries = paid = 0
        while True:
            try:
                said = await self._try(request, http)
            except _Out as out:
                return thought(ask, "unavailable", out.code), out.works
            except _Again as again:
                tries, paid = tries + 1, paid + again.paid
                if again.paid:
                    spent.add(self._most(ask))
                if tries >= _TRIES or paid >= _PAID:
                    return thought(ask, "unavailable", again.code), False
                pause = again.after
                if pause is None:
                    pause = min(_PAUSE * 2 ** (tries - 1), _LONGEST_PAUSE) * self._dice.uniform(0.5, 1.0)
                if trio.current_time() + pause >= trio.current_effective_deadline():
                    return thought(ask, "unavailable", again.code), False
                self._retries += 1
                await trio.sleep(pause)
                continue
            try:
                came = read_transcript(ask, said) if ask.kind == "voice" else read_chat(ask, said)
            except WrongAnswerError as wrong:
                spent.add(self._most(ask))
                return thought(ask, "wrong", str(wrong)), True
            spent.add(self._took(ask, came.usage))
            return came.thought, True

    async def _try(self, request: Request, http: HttpClient) -> Said:
        """Ask once. Raises _Again and _Out."""
        try:
            async with http.stream(
                "POST", request.url, headers=request.headers, content=request.content
            ) as answer:
                status, body = answer.status_code, b""
                if "content-encoding" in answer.headers:
                    raise _Out("compressed", works=True)
                async for chunk in answer:
                    if len(body) + len(chunk) > _MOST_BODY:
                        raise _Out("too_large", works=True)
                    body += chunk
                after = _seconds(answer.headers.get("retry-after", ""))
        except NeverSent:
            raise _Again("no_connection") from None
        except httpx.TransportError:
            raise _Again("cut_off", paid=True) from None
        except httpx.HTTPError:
            raise _Out("no_http", works=False) from None
        word = f"http_{status}"
        if status == 200:
            return Said(body)
        if status in (408, 429) or status >= 500:
            raise _Again(word, after=after)
        raise _Out(word, works=status in (400, 413, 415, 422))

    def _request(self, ask: Ask, content: bytes) -> Request:
        settings, model = self._settings, self.model(ask.kind)
        if ask.kind == "voice":
            return transcription_request(settings, self._hear_at, model, ask, content)
        return chat_request(settings, model, ask, content)

    def _most(self, ask: Ask) -> Price:
        """Return the most that one try takes."""
        if ask.kind == "voice":
            return self._speech(ask.size / _SLOWEST_VOICE)
        tokens = most_tokens(ask)
        return Price(tokens, self._cost(tokens - MOST_ANSWERED, MOST_ANSWERED))

    def _took(self, ask: Ask, usage: Usage) -> Price:
        """Return what an answer took, as far as it says; else the most that it may have."""
        if ask.kind == "voice":
            return self._speech(usage.seconds or ask.size / _USUAL_VOICE)
        if not usage.asked:
            return self._most(ask)
        return Price(usage.asked + usage.answered, self._cost(usage.asked, usage.answered))

    def _speech(self, seconds: float) -> Price:
        return Price(0, math.ceil(seconds / 60 * self._settings.minute_price * 1_000_000))

    def _cost(self, asked: int, answered: int) -> int:
        """Return millionths: prices are for a million tokens."""
        return math.ceil(asked * self._settings.input_price + answered * self._settings.output_price)

    def _told(self, ask: Ask, came: Thought) -> Thought:
        self._outcomes[ask.kind, came.outcome] += 1
        told = came.outcome in ("answered", "busy", "circuit")  # these may be many; the metrics count them
        if not told:
            _log.warning(
                "the rules answer instead of a model",
                ask=ask.id,
                kind=ask.kind,
                outcome=came.outcome,
                code=came.code,
            )
        return came

    def statistics(self) -> BrainStatistics:
        """Return the counts."""
        return BrainStatistics(
            self._running,
            dict(self._outcomes),
            self._spent.tokens,
            self._spent.cost,
            self._retries,
            {name: int(circuit.open) for name, circuit in self._circuits.items()},
            {name: circuit.opened for name, circuit in self._circuits.items()},
        )


def _seconds(written: str) -> float | None:
    """Return the pause that a service asks for, if it says it in seconds."""
    return float(written) if written.isascii() and written.isdecimal() and len(written) < 5 else None
