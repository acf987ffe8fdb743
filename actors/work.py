"""All slow work that turns ask for, whichever channel they are on: downloads, and questions to a model."""

from __future__ import annotations

import msgspec

from actors.media.download import Downloads
from actors.media.sources import Source
from actors.media.task import Download
from actors.models.brain import Brain, RulesBrain
from actors.models.openai import MOST_VOICE, OpenAIBrain
from actors.models.task import Ask
from config import Brain as BrainSettings
from config import Settings
from runtime import Answered, Delivery, HttpClient, Outcome, Refused

Task = Download | Ask


class Works:
    """What a process can do for turns. Of no use before `configure`."""

    def __init__(self, downloads: Downloads | None = None) -> None:
        self.downloads = downloads or Downloads()
        self.brain: Brain = RulesBrain()
        self._configured = BrainSettings()
        self._tasks: msgspec.json.Decoder[Task] = msgspec.json.Decoder(Task)

    def configure(self, settings: Settings) -> None:
        """Take limits, the place of files and the brain; a brain that is as it was keeps its counts and circuits."""
        self.downloads.configure(settings)
        if settings.brain != self._configured:
            self._configured = settings.brain
            openai = settings.brain.provider == "openai"
            self.brain = OpenAIBrain(settings.brain) if openai else RulesBrain()

    async def perform(self, delivery: Delivery, source: Source, http: HttpClient) -> Outcome:
        """Do what a turn asked for, within a deadline of its own; whatever goes wrong is told in the event."""
        try:
            task = self._tasks.decode(delivery.payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Refused("unreadable", "the effect is not a task of this version")
        if isinstance(task, Download):
            return Answered(await self.downloads.fetch(task, delivery.id, source, http))

        async def read() -> bytes | None:
            return await self.downloads.read(task.path, MOST_VOICE) if task.path else b""

        return Answered(await self.brain.think(task, read, http))
