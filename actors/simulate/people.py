"""Who writes what to whom, and in which webhooks it arrives: drawn from a seed, without I/O.

Ids are new in each run (`run` is part of them), everything else depends on the plan and its seed alone.
Numbers of people begin with 999, a country code that nobody has. Knows Meta's envelope, not its signature; other
providers' are at their doors.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import msgspec

TEXTS: dict[str, tuple[str, ...]] = {
    "en": (
        "Good evening, do you have two-bedroom flats near the marina?",
        "What is the service charge / square foot?",
        "My budget is 1.5 million, cash 👍",
        "Could I see it on Saturday?\nThe morning suits me best.",
    ),
    "fa": (
        "سلام، آپارتمان دوخوابه دارید؟",
        "قیمت آن چقدر است؟ می‌توانم قسطی بخرم؟",
        "لطفاً عکس و نقشه را بفرستید 🏠",
        "شنبه صبح برای بازدید وقت دارم",
    ),
    "ar": (
        "مرحبا، أبحث عن شقة بغرفتين قرب البحر",
        "كم السعر وما هي خطة الدفع؟",
        "هل المشروع جاهز أم قيد الإنشاء؟",
        "متى أستطيع زيارة الشقة؟ شكراً 🌴",
    ),
    "ru": (
        "Добрый день, интересует квартира с двумя спальнями",
        "Сколько стоит обслуживание в год?",
        "Можно посмотреть в субботу / воскресенье?",
        "Пришлите, пожалуйста, план и фото 📷",
    ),
}
_NAMES = ("Sara", "Omar", "رضا", "ليلى", "Иван", "Ольга", "Dana", 'O\'Neil "Bob"')


@dataclass(frozen=True)
class Plan:
    """What is simulated.

    `people` write `messages` texts each, through `provider`, person i to channel i mod `channels`. A fraction
    `duplicates` of the messages is delivered twice. `batch` messages share a POST, `concurrency` POSTs are under way
    at a time, in `shuffle`d order or message by message through the people. `first`: first texts (deep links), person
    i's at i mod their number, acknowledged before the others leave; `texts` replace the others. `channel_keys`
    ("meta:<id>", "twilio:<name>") name the channels, else the first ones are taken that a tenant owns, or with
    `shared` those that all share.
    `expect`: "replies" for a bot that answers each text, quoting it; "turns" for one that may also stay
    silent. Seconds: `deadline` until all is acknowledged; `quiet` without progress until the verdict is given
    anyway (None: what the settings' own waits call for).
    """

    people: int = 100
    messages: int = 10
    provider: str = "meta"
    channels: int = 1
    duplicates: float = 0.0
    shuffle: bool = False
    batch: int = 1
    seed: int = 0
    concurrency: int = 8
    first: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    channel_keys: tuple[str, ...] = ()
    shared: bool = False
    expect: str = "replies"
    deadline: float = 300.0
    quiet: float | None = None
    linger: float = 1.0
    webhook_url: str = ""

    def __post_init__(self) -> None:
        for name, low, high in (
            ("people", 1, 1_000_000),
            ("messages", 1, 100_000),
            ("channels", 1, 10_000),
            ("batch", 1, 1000),
            ("concurrency", 1, 1000),
            ("duplicates", 0, 1),
        ):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} must be between {low} and {high}, not {getattr(self, name)}")
        if self.expect not in ("replies", "turns"):
            raise ValueError(f"expect must be 'replies' or 'turns', not {self.expect!r}")
        if self.people * self.messages > 5_000_000:
            raise ValueError("more than 5,000,000 messages in one run; make several")


class Number(msgspec.Struct, frozen=True):
    """A channel as the script needs it. Channels of one `group` share an app secret and so may share a body.

    `key` is the channel's own, "" for one of Meta's; ids of its messages begin with `prefix`.
    """

    id: str
    group: int
    business: str
    key: str = ""
    prefix: str = "wamid.SIM"


class Person(msgspec.Struct, frozen=True):
    """One person and the channel they write to."""

    index: int
    wa_id: str
    user_id: str
    name: str
    number: Number


class Message(msgspec.Struct, frozen=True):
    """One text, `place` counting from 0 in its person's own order."""

    id: str
    person: Person
    place: int
    text: str

    @property
    def dedup(self) -> str:
        """The key under which a journal knows it."""
        number = self.person.number
        return f"m|{number.key or f'meta:{number.id}'}|{self.id}"


class Parcel(msgspec.Struct, frozen=True):
    """The messages of one POST, in the order in which they stand in its body."""

    group: int
    messages: tuple[Message, ...]


class Script(msgspec.Struct, frozen=True):
    """All messages, and the parcels in phases: a phase begins when the one before it was acknowledged."""

    run: str
    messages: Sequence[Message]
    phases: Sequence[Sequence[Parcel]]


def write_script(plan: Plan, run: str, numbers: Sequence[Number]) -> Script:
    """Draw a run. `run` is six digits, new for each run; the same plan, run and numbers give the same script."""
    random = Random(plan.seed)  # noqa: S311 - a rehearsal, not a secret
    people = [_person(run, index, numbers[index % len(numbers)]) for index in range(plan.people)]
    # Message by message through the people, so that one person's texts lie far apart.
    messages = [
        Message(
            f"{person.number.prefix}{run}.p{person.index}.m{place}",
            person,
            place,
            _text(plan, random, person.index, place),
        )
        for place in range(plan.messages)
        for person in people
    ]
    twice = random.sample(range(len(messages)), round(plan.duplicates * len(messages)))
    opening = plan.people if plan.first else 0
    first = [(float(place), message) for place, message in enumerate(messages[:opening])]
    rest = [(float(place), message) for place, message in enumerate(messages)][opening:]
    for place in sorted(twice):
        # The second delivery comes later: of an opening text, before or long after the first was answered.
        early = place < opening and random.random() < 0.5
        when = random.uniform(place, opening if early else len(messages))
        (first if early or not rest else rest).append((when, messages[place]))
    phases = [list(_parcels(_ordered(plan, random, due), plan.batch)) for due in (first, rest) if due]
    return Script(run, messages, phases)


def encode_parcel(parcel: Parcel, stamp: int) -> bytes:
    """Return the webhook body: an entry for each business, a change for each channel, escaped as the provider does."""
    businesses: dict[str, dict[str, list[Message]]] = {}
    for message in parcel.messages:
        number = message.person.number
        businesses.setdefault(number.business, {}).setdefault(number.id, []).append(message)
    entries = [
        {"id": business, "changes": [_change(number, texts, stamp) for number, texts in changes.items()]}
        for business, changes in businesses.items()
    ]
    return json.dumps({"object": "whatsapp_business_account", "entry": entries}).replace("/", "\\/").encode()


def _person(run: str, index: int, number: Number) -> Person:
    scoped = f"US.{run}{index:06d}" if index % 2 else ""  # half of them also have a business-scoped id
    return Person(index, f"999{run}{index:06d}", scoped, _NAMES[index % len(_NAMES)], number)


def _text(plan: Plan, random: Random, index: int, place: int) -> str:
    if plan.first and place == 0:
        return plan.first[index % len(plan.first)]
    texts = plan.texts or tuple(TEXTS.values())[index % len(TEXTS)]
    return f"{random.choice(texts)} ({place + 1})" if not plan.texts else random.choice(texts)


def _ordered(plan: Plan, random: Random, due: Sequence[tuple[float, Message]]) -> Sequence[Message]:
    if plan.shuffle:
        due = [(random.random(), message) for _, message in due]
    return [message for _, message in sorted(due, key=lambda delivery: delivery[0])]


def _parcels(messages: Sequence[Message], size: int) -> Iterator[Parcel]:
    """Cut a sequence of deliveries into POSTs: one group each, as full as they go, in the order of their last one."""
    filling: dict[int, list[Message]] = {}
    for message in messages:
        group = message.person.number.group
        waiting = filling.setdefault(group, [])
        waiting.append(message)
        if len(waiting) == size:
            yield Parcel(group, tuple(filling.pop(group)))
    for group, rest in filling.items():
        yield Parcel(group, tuple(rest))


def _change(number: str, messages: Sequence[Message], stamp: int) -> dict[str, object]:
    people = {message.person.index: message.person for message in messages}
    return {
        "field": "messages",
        "value": {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": f"9714{number[-7:]}", "phone_number_id": number},
            "contacts": [_contact(person) for person in people.values()],
            "messages": [
                {
                    "from": message.person.wa_id,
                    "id": message.id,
                    "timestamp": str(stamp),
                    "type": "text",
                    "text": {"body": message.text},
                }
                for message in messages
            ],
        },
    }


def _contact(person: Person) -> dict[str, object]:
    contact: dict[str, object] = {"profile": {"name": person.name}, "wa_id": person.wa_id}
    if person.user_id:
        contact["user_id"] = person.user_id
    return contact
