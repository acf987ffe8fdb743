"""A model for scripted conversations: it answers what was recorded, at once and for a fixed price, or is of no use."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from actors.models.answers import WrongAnswerError, fit_transcript, read_answer
from actors.models.brain import BrainStatistics, Price, Read, RulesBrain, thought
from actors.models.fake.faults import content_of
from actors.models.fake.recorded import seen, understood
from actors.models.task import Ask, AskKind, Thought
from runtime import HttpClient


@dataclass
class RecordedBrain(RulesBrain):
    """See `actors.models.brain.Brain`. `trick`: what is wrong with all of its answers; "" for nothing."""

    name = "recorded"
    trick: str = ""

    def takes(self, kind: AskKind, mime: str = "", size: int = 0) -> bool:
        return True

    def model(self, kind: AskKind) -> str:
        return self.name

    def price(self, ask: Ask) -> Price:
        return Price(5000, 20_000)

    async def think(self, ask: Ask, read: Read, http: HttpClient | None) -> Thought:
        """Return the recorded answer; `read` returns what is said in a voice message."""
        took = Price(960, 5400)
        if self.trick == "down":
            return thought(ask, "unavailable", "http_503")
        if ask.kind == "voice":
            return thought(
                ask, "answered", transcript=fit_transcript((await read() or b"").decode()), price=took
            )
        known = [msgspec.to_builtins(article) for article in ask.knowledge]
        said = seen(ask.language) if ask.kind == "image" else understood(ask.words, known)
        try:
            reading = read_answer(content_of(self.trick) or said, ask.language, ask.knowledge)  # type: ignore[arg-type]
        except WrongAnswerError as wrong:
            return thought(ask, "wrong", str(wrong), price=took)
        return thought(ask, "answered", reading=reading, price=took)

    def statistics(self) -> BrainStatistics:
        return BrainStatistics()
