"""One message to one tenant: what is known, how answers are worded, and what is to be said. Holds the one answer.

A turn says one thing, which quotes the message that it answers. Whoever answers writes it here; the bot sends it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime

from actors.agency import leads, scoring
from actors.agency.listings import Shelf
from actors.agency.slots import Diary
from actors.agency.tenancy import TenantTransaction, tenant_transaction
from actors.brain.language import Language
from actors.conversation.state import Asked, Part
from actors.messages import Buttons, Choice, Document, Outgoing, Picture, Text
from actors.sql import statement
from actors.wording.keys import Key
from actors.wording.offers import Offer
from actors.wording.texts import Wording
from actors.wording.values import Value
from config import Tenant
from runtime import Transaction

_MOST_OFFERED = 20


class Talk:
    """What an answer is made from. `message` is the id of what is answered, which is also the cause of what is stored."""

    def __init__(
        self,
        *,
        tenant: Tenant,
        part: Part,
        language: Language,
        wording: Wording,
        conversation: str,
        channel: str,
        message: str,
        now: datetime,
        transaction: Callable[[], AbstractAsyncContextManager[Transaction]],
    ) -> None:
        self.tenant = tenant
        self.part = part
        self.language = language
        self.wording = wording
        self.conversation = conversation
        self.channel = channel
        self.message = message
        self.now = now
        self.head = ""
        """What comes before whatever is said: a welcome, say."""
        self.answer: Outgoing | None = None
        self.reminders: dict[str, datetime | None] = {}
        self.unasked: tuple[str, ...] = ()
        """What was to be said that nobody has just asked for, and what became of it: "nudge:template"."""
        self.unsent: tuple[tuple[str, str], ...] = ()
        """What of that was not sent, and why: ("nudge", "quiet_hours")."""
        self._transaction = transaction
        self._address = ""

    @property
    def shelf(self) -> Shelf:
        """What may be shown today."""
        return Shelf.of(self.tenant, self.now)

    @property
    def diary(self) -> Diary:
        """How viewings are booked."""
        return Diary.of(self.tenant)

    def text(self, key: Key, **values: Value) -> str:
        """Return a text in the person's language."""
        return self.wording.text(self.language, key, **values)

    def choice(self, choice: str, value: Value, description: str = "") -> Choice:
        """Return a choice in the person's language."""
        return self.wording.choice(self.language, choice, value, description)

    def offer(self, offer: Offer, only: Sequence[str] | None = None) -> Sequence[Choice]:
        """Return the choices of an offer in the person's language."""
        return self.wording.offer(self.language, offer, only)

    def remark(self, *paragraphs: str, choices: Sequence[Choice] = ()) -> None:
        """Say something that leaves open whatever is open; numbers and titles that are written do not mean `choices`."""
        body = "\n\n".join(filter(None, (self.head, *paragraphs)))
        self.answer = self.wording.ask(self.language, body, choices, quote=self.message)

    def say(self, *paragraphs: str, choices: Sequence[Choice] = (), asked: Asked = "") -> None:
        """Answer with these paragraphs and choices; `asked` is the question that is open from now on."""
        body = "\n\n".join(filter(None, (self.head, *paragraphs)))
        self.answer = self.wording.ask(self.language, body, choices, quote=self.message)
        if self.part.asked != asked:
            self.part.missed = 0
        self.part.asked = asked
        self.part.offered = tuple((one.id, one.title) for one in choices[:_MOST_OFFERED])

    def illustrate(self, picture: str) -> None:
        """Put a picture, by its name on the shelf, above what was said, where it has room for one."""
        if isinstance(self.answer, Text | Buttons):
            self.answer = Picture(picture, self.answer.body, _choices(self.answer), self.message)

    def hand(self, document: str, instead: str) -> None:
        """Put a document above what was said; `instead` is said where it cannot be sent."""
        if isinstance(self.answer, Text | Buttons):
            self.answer = Document(document, self.answer.body, instead, _choices(self.answer), self.message)

    @asynccontextmanager
    async def books(
        self, before: Callable[[Transaction], Awaitable[None]] | None = None
    ) -> AsyncIterator[TenantTransaction]:
        """Open the tenant's rows, once in a turn; the person's lead learns first what it does not know yet.

        `before` looks first at what is not the tenant's alone.
        """
        async with self._transaction() as transaction:
            if before is not None:
                await before(transaction)
            await self._look(transaction)
            async with tenant_transaction(transaction, self.tenant.id) as books:
                await self._tell(books)
                yield books

    async def learn(self) -> None:
        """Let the person's lead learn now what it does not know yet; the books are closed again after it."""
        async with self.books():
            pass

    async def _look(self, transaction: Transaction) -> None:
        """Look up under which name the channel knows the person, until that is known."""
        if not self.part.phone and not self.part.hidden:
            for row in await transaction.fetch(statement("conversation_address"), self.conversation):
                self._address = str(row["address"])
                self.part.reached_by(self._address)

    async def _tell(self, books: TenantTransaction) -> None:
        part = self.part
        if not part.lead:
            part.lead = await leads.ensure(
                books,
                leads.contact_of(self._address) or self.conversation,
                self.conversation,
                self.now,
                source=part.source or None,
                source_ref=part.source_ref or None,
            )
            part.untold = True
        if part.untold:
            name = part.name or None
            phone = part.phone or None
            await leads.learn(
                books, part.lead, self.now, name=name, phone=phone, language=self.language, wish=part.wish
            )
            kinds = [*scoring.told(part.wish), *(["named"] if part.name else [])]
            kinds += ["reachable"] if part.phone_given else []
            if kinds:
                await leads.note(books, part.lead, kinds, "told", self.now)  # type: ignore[arg-type]
            part.untold = False


def _choices(answer: Text | Buttons) -> tuple[Choice, ...]:
    return answer.choices if isinstance(answer, Buttons) else ()
