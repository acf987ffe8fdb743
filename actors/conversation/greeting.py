"""Where a message leads, and what is said on the way: welcomes, languages, links, media. Decided without I/O.

A message gets one answer at most, which quotes it. Nobody meets silence, but for two notices, given once
a week: how to reach an agency on a shared number, and that a tenant is closed. A medium that reaches a tenant is fetched,
and answered when it is known what came of that; a person who begins with one is welcomed at once, all the same.
What somebody says to a tenant that has welcomed them is that tenant's to answer (`Answer.at`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from actors.brain.language import LANGUAGES, Language, detect, named
from actors.conversation.directory import Directory
from actors.conversation.routing import (
    Closed,
    Enter,
    LinkDead,
    LinkElsewhere,
    Lost,
    Route,
    Stay,
    Way,
    route,
)
from actors.conversation.state import EstateState
from actors.media.task import Download, Group, MediaFetched, group_of
from actors.messages import (
    Choice,
    ChoicePicked,
    Choices,
    MediaReceived,
    Message,
    MessageReceived,
    Outgoing,
    Text,
)
from actors.wording.catalogue import Catalogue
from actors.wording.keys import Key
from config import Tenant

#: For how long a notice is not repeated.
QUIET = timedelta(days=7)

_LONGEST_CAPTION = 1024  # characters; providers take as many
_CHOICES: dict[str, Language] = {f"lang:{language}": language for language in LANGUAGES}


class Answer(msgspec.Struct, frozen=True):
    """What follows from one message: something to say, a routing decision to record, a medium to fetch, or none of it.

    `at`: the tenant is to answer, after a `head` that names it or the language. `moved`: the message was a link or the
    choice of a language, and says nothing else.
    """

    say: Outgoing | None = None
    entered: Enter | None = None
    fetch: Download | None = None
    at: Tenant | None = None
    head: Key | None = None
    moved: bool = False


#: How a medium that could not be taken is spoken of.
_TOO_LARGE: dict[Group, Key] = {"image": "too-large-image", "voice": "too-large-voice"}
STORED: dict[str, Key] = {
    "image": "media-image",
    "voice": "media-voice",
    "audio": "media-audio",
    "video": "media-video",
    "sticker": "media-sticker",
}
_TIMED_OUT: dict[Group, Key] = {"image": "timed-out-image", "voice": "timed-out-voice"}


class Greeter:
    """Answers messages by the catalogue and the directory; holds nothing of any conversation."""

    def __init__(self, catalogue: Catalogue, directory: Directory) -> None:
        self._catalogue = catalogue
        self._directory = directory
        self._languages = tuple(
            Choice(id=choice, title=catalogue.text(language, "language-name"))
            for choice, language in _CHOICES.items()
        )

    def tenant_of(self, state: EstateState, channel: str) -> Tenant | None:
        """Return the tenant at which a conversation is; None while it is at none."""
        return self._directory.owner(channel) or self._directory.tenant(state.tenant)

    def tenant(self, number: int) -> Tenant | None:
        """Return the tenant with this id; None for one that left the settings."""
        return self._directory.tenant(number)

    def shared(self, channel: str) -> bool:
        """Tell whether several tenants may speak on a channel."""
        return self._directory.owner(channel) is None

    def answer(
        self, state: EstateState, channel: str, message: Message, now: datetime, way: Way | None = None
    ) -> Answer:
        """Bring `state` up to date with a message, by which `way` was opened, and return what is to be done about it."""
        link = way is not None and way.by != "ad"
        picked = None if link else _understand(state, message)
        routed = route(self._directory, channel, state.tenant, way)
        if not isinstance(routed, Stay | Enter):
            return Answer(self._say(state, routed, message, now))
        entered = routed if isinstance(routed, Enter) else None
        if entered:
            state.tenant = routed.tenant.id
        if way is not None:
            _take(state, routed.tenant, way, leads=self._directory.named(way.tenant) is routed.tenant)
        if isinstance(message, MediaReceived):
            answer = self._medium(state, routed.tenant, message)
        else:
            answer = self._stay(
                state, routed.tenant, message, chosen=picked is not None, link=link, back=entered is not None
            )
        return msgspec.structs.replace(answer, entered=entered)

    def fetched(self, state: EstateState, event: MediaFetched) -> Outgoing:
        """Answer a medium, now that it is known what came of it."""
        asked_by = int(event.tag) if event.tag.isascii() and event.tag.isdigit() else 0
        tenant = self._directory.tenant(asked_by)  # it may have left the settings meanwhile
        language = state.language or (tenant.default_language if tenant else LANGUAGES[0])
        match event.result:
            case "stored":
                body = self._catalogue.text(language, STORED.get(event.kind, "media-document"))
            case "too_large":
                key = _TOO_LARGE.get(event.group, "too-large-other")
                body = self._catalogue.text(language, key, limit=event.limit)
            case "timed_out":
                body = self._catalogue.text(language, _TIMED_OUT.get(event.group, "timed-out-other"))
            case _:
                body = self._catalogue.text(language, "medium-unreadable")
        return Text(body, quote=event.message)

    def unfetched(self, state: EstateState, task: Download) -> Outgoing:
        """Answer a medium of which nothing will come any more."""
        lost = MediaFetched(
            message=task.message,
            kind=task.kind,
            group=group_of(task.kind, task.mime),
            result="failed",
            tag=task.tag,
        )
        return self.fetched(state, lost)

    def _medium(self, state: EstateState, tenant: Tenant, medium: MediaReceived) -> Answer:
        """Have a medium fetched for a tenant; a newcomer is welcomed meanwhile."""
        welcome = None
        if not state.part(tenant.id).welcomed:
            welcome = self._welcome(state, tenant, medium)
        task = Download(
            message=medium.id,
            kind=medium.kind,
            media=medium.media,
            url=medium.url,
            mime=medium.mime,
            sha256=medium.sha256,
            tag=str(tenant.id),
            caption=medium.caption[:_LONGEST_CAPTION],
            owner=tenant.id,
        )
        return Answer(welcome, fetch=task)

    def _stay(
        self, state: EstateState, tenant: Tenant, message: Message, *, chosen: bool, link: bool, back: bool
    ) -> Answer:
        """Have a message answered by the tenant at which the conversation is (`back`: again); a newcomer is welcomed."""
        part = state.part(tenant.id)
        if not part.welcomed and state.language is None:
            return Answer(self._welcome(state, tenant, message))
        head: Key | None = "language-chosen" if chosen else None
        if not part.welcomed or back:
            head = "welcome-back" if part.welcomed else "welcome"
        part.welcomed = True
        return Answer(at=tenant, head=head, moved=chosen or link)

    def _say(
        self,
        state: EstateState,
        routed: Route | None,
        message: Message,
        now: datetime,
    ) -> Outgoing | None:
        """Answer a message that leads nowhere."""
        match routed:
            case LinkElsewhere(tenant):
                return self._named(state, "link-elsewhere", tenant, message)
            case LinkDead(of, active):
                return self._dead(state, active or of, message)
            case Closed(tenant) if not _recently(state.part(tenant.id).closed_told_at, now):
                state.part(tenant.id).closed_told_at = now
                return self._named(state, "tenant-closed", tenant, message)
            case Lost() if not _recently(state.help_told_at, now):
                state.help_told_at = now
                return Text(self._catalogue.in_all("help"), quote=message.id)
            case _:
                return None

    def _welcome(self, state: EstateState, tenant: Tenant, message: Message) -> Outgoing:
        """Welcome a person to a tenant, with the languages to choose from while theirs is not known."""
        state.part(tenant.id).welcomed = True
        welcome = self._named(state, "welcome", tenant, message)
        if state.language is not None:
            return welcome
        language = tenant.default_language
        return Choices(
            body=f"{welcome.body}\n\n{self._catalogue.text(language, 'choose-language')}",
            button=self._catalogue.text(language, "language-button"),
            choices=self._languages,
            quote=message.id,
        )

    def _named(self, state: EstateState, key: Key, tenant: Tenant, message: Message) -> Text:
        """Return a text that names a tenant."""
        language = state.language or tenant.default_language
        return Text(self._catalogue.text(language, key, tenant=tenant.name), quote=message.id)

    def _dead(self, state: EstateState, tenant: Tenant | None, message: Message) -> Outgoing:
        """Answer a link that leads nowhere; where no language is known at all, in all of them."""
        language = state.language or (tenant.default_language if tenant else None)
        body = (
            self._catalogue.text(language, "link-dead") if language else self._catalogue.in_all("link-dead")
        )
        return Text(body, quote=message.id)


def _understand(state: EstateState, message: Message) -> Language | None:
    """Return the choice of a language in a message, and keep what it says of the language."""
    picked: Language | None = None
    match message:
        case ChoicePicked(choice=choice):
            picked = _CHOICES.get(choice)
        case MessageReceived(text=text):
            picked = named(text)
            state.shown = detect(text) or state.shown
        case MediaReceived(caption=caption):
            state.shown = detect(caption) or state.shown
    state.chosen = picked or state.chosen
    return picked


def _take(state: EstateState, tenant: Tenant, way: Way, *, leads: bool) -> None:
    """Keep what was opened on the way to a tenant: the vertical and the language if it `leads` there, and whence."""
    part = state.part(tenant.id)
    if leads:
        part.due = way.vertical
        if state.language is None and way.language:
            state.shown = msgspec.convert(way.language, Language)
    if not part.source:
        part.source, part.source_ref = way.source, way.source_ref
    if way.click:
        state.click(way.click)


def _recently(told_at: datetime | None, now: datetime) -> bool:
    return told_at is not None and now - told_at < QUIET
