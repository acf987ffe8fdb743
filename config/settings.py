"""What can be set: the typed, frozen settings with their defaults and bounds.

Knows the shape and range of each value by itself. Where values come from is loading.py's, what must
hold between values is rules.py's.
"""

import hmac
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from typing_extensions import override

MASK = "***"
_HOST = r"(\[[0-9a-fA-F:.]+\]|[\w.-]*)(:\d+)?"
_PLACE = re.compile(rf"{_HOST}(,{_HOST})*(/[^#\s]*)?", re.ASCII)  # host:port[,host:port]/database

Port = Annotated[int, Meta(ge=0, le=65535)]  # 0: any free port
Seconds = Annotated[float, Meta(gt=0, le=3600)]
Long = Annotated[float, Meta(gt=0, le=30 * 86400)]
Host = Annotated[
    str, Meta(pattern=r"^[^\s/@]+\Z", max_length=255, description="a host name or an address of this machine")
]
Bytes = Annotated[int, Meta(ge=1, le=2 * 1024**3)]
PoolSize = Annotated[int, Meta(ge=1, le=1000)]
Price = Annotated[float, Meta(ge=0, le=100_000)]
Minutes = Annotated[int, Meta(ge=1, le=7 * 1440)]
TimeOfDay = Annotated[
    str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z", description="a time of day such as 21:00")
]
TemplateKey = Literal["template-answer", "template-continue", "template-viewing", "template-handover"]
TemplateName = Annotated[
    str,
    Meta(pattern=r"^[a-z0-9_]{1,512}\Z", description="a template's name: lower-case letters, digits and _"),
]

ContentKey = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9_]{1,512}/[a-z]{2,3}(_[A-Z]{2})?\Z",
        description='a template\'s name and language, "continue_search/fa"',
    ),
]
ContentSid = Annotated[str, Meta(pattern=r"^HX[0-9a-f]{32}\Z", description="HX and 32 lower-case hex digits")]


class Secret:
    """A text that shows only when asked: `repr`, `str` and formatting give a mask, `reveal()` the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Wrap `text`; ValueError when it is blank, masked or could not stand in a header."""
        if not text.strip():
            raise ValueError("is empty")
        if text == MASK:
            raise ValueError("is the mask that `config show` prints, not the secret itself")
        if text != text.strip() or not text.isprintable():
            raise ValueError("must be printable text with no blanks at its ends")
        self._text = text

    @classmethod
    def absent(cls) -> "Secret":
        """Return what stands where a provider has no such secret: it is false, and reveals nothing."""
        secret = cls("absent")
        secret._text = ""
        return secret

    def __bool__(self) -> bool:
        """Whether there is a secret."""
        return bool(self._text)

    def reveal(self) -> str:
        """Return the text itself, for the one place that signs, compares or sends it."""
        return self._text

    @override
    def __eq__(self, other: object) -> bool:
        """Compare in constant time."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    @override
    def __hash__(self) -> int:
        return hash((Secret, self._text))

    @override
    def __repr__(self) -> str:
        return f"Secret({MASK})"

    @override
    def __str__(self) -> str:
        return MASK


class Key(Secret):
    """A secret that may be missing: "" is none."""

    __slots__ = ()

    def __init__(self, text: str = "") -> None:
        """Wrap `text`; ValueError as for any secret, but for an empty one."""
        super().__init__(text or "absent")
        self._text = text


_NO_SECRET = Secret.absent()


class Server(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The two listeners: `port` is for providers, `admin_port` for operators and probes."""

    host: Host = "127.0.0.1"
    port: Port = 8080
    admin_host: Host = "127.0.0.1"
    admin_port: Port = 8081
    body_limit: Annotated[int, Meta(ge=1024, le=64 * 1024 * 1024)] = 4 * 1024 * 1024  # bytes
    body_timeout: Seconds = 3.0
    header_timeout: Seconds = 5.0
    keep_alive: Seconds = 5.0
    max_connections: Annotated[int, Meta(ge=1, le=100_000)] = 2000
    ingest_timeout: Seconds = 1.2  # from a verified body to 503
    public_url: str = ""  # what providers that sign the URL (Twilio) reach us under


class Backend(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A server behind Majlis. `url` "" means embedded; `repr` masks it, for it may hold a password."""

    url: str = ""
    pool_size: PoolSize = 10
    connect_timeout: Seconds = 2.0
    bindir: str = ""  # embedded: where the binaries are; "" = search

    @property
    def masked_url(self) -> str:
        """The URL without user, password and query."""
        return mask_url(self.url)

    @override
    def __repr__(self) -> str:
        values = ((name, getattr(self, name)) for name in self.__struct_fields__ if name != "url")
        shown = ", ".join(f"{name}={value!r}" for name, value in values)
        return f"{type(self).__name__}(url={self.masked_url!r}, {shown})"


class Postgres(Backend, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The only truth. Times in seconds; of the pool, 8 are the journal's, the others for turns with a transaction."""

    pool_size: Annotated[int, Meta(ge=9, le=1000)] = 12
    acquire_timeout: Seconds = 1.0
    statement_timeout: Seconds = 5.0
    backup_before_migration: bool = True  # into data_dir/backup, the newest three are kept


class Redis(Backend, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hints between replicas. Times in seconds."""

    connect_timeout: Seconds = 1.0
    command_timeout: Seconds = 1.0


class Node(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One replica: its leases, its actors, its effects and how it stops. Times in seconds."""

    lease_ttl: Seconds = 3.0
    turn_timeout: Seconds = 10.0
    max_attempts: Annotated[int, Meta(ge=1, le=1000)] = 5  # faults, then it is parked
    restart_window: Long = 600.0
    stale_after: Annotated[float, Meta(ge=60, le=30 * 86400)] = 86400.0
    send_timeout: Seconds = 10.0
    uncertain_wait: Seconds = 20.0  # longer than send_timeout
    reply_expires: Long = 86400.0
    shutdown_timeout: Seconds = 20.0
    ready_delay: Annotated[float, Meta(ge=0, le=3600)] = 0.0
    passivate_after: Long = 300.0
    max_active: Annotated[int, Meta(ge=1, le=10_000_000)] = 20_000
    mailbox_limit: Annotated[int, Meta(ge=1, le=100_000)] = 256
    poll_interval: Seconds = 1.0


class Retention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For how many days the journal keeps what is done with. Providers repeat for 7 days what was not acknowledged."""

    events_days: Annotated[int, Meta(ge=1, le=3650)] = 30  # handled events and the turns that did it
    seen_days: Annotated[int, Meta(ge=8, le=365)] = 9  # dedup keys
    settled_days: Annotated[int, Meta(ge=8, le=3650)] = 30  # effects that ended; their receipts come late
    letters_days: Annotated[int, Meta(ge=1, le=3650)] = 90  # dead and stale events


class Media(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people send besides texts is fetched into `data_dir/media`: most bytes of each kind, and how patiently."""

    image_max_bytes: Bytes = 20 * 1024 * 1024
    voice_max_bytes: Bytes = 16 * 1024 * 1024  # any sound
    video_max_bytes: Bytes = 16 * 1024 * 1024
    document_max_bytes: Bytes = 100 * 1024 * 1024
    sticker_max_bytes: Bytes = 512 * 1024
    total_timeout: Annotated[float, Meta(gt=0, le=600)] = 30.0  # seconds for one, from its start
    at_once: Annotated[int, Meta(ge=1, le=1000)] = 16
    keep_days: Annotated[int, Meta(ge=0, le=3650)] = 90  # since its download; 0: for ever


class Brain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What understands people where the rules do not. Prices and `daily_budget` are in one currency, whichever.

    The budgets are each tenant's, for a day in UTC; 0: no limit. Without prices of your own those here hold a budget
    well, for few models cost more.
    """

    provider: Literal["rules", "openai"] = "rules"  # openai: any service that speaks its protocol
    base_url: str = ""  # up to and with the version: https://api.openai.com/v1
    model: str = ""
    api_key: Key = msgspec.field(default_factory=Key)  # a server of your own may need none
    vision_model: str = ""  # "": the model looks at pictures, too
    transcription_url: str = ""  # "": base_url
    transcription_model: str = "whisper-1"
    daily_budget: Annotated[float, Meta(ge=0, le=1_000_000)] = 0.0
    daily_tokens: Annotated[int, Meta(ge=0, le=10**12)] = 0
    input_price: Price = 5.0  # of a million tokens
    output_price: Price = 15.0
    minute_price: Price = 0.01  # of a minute of speech
    timeout: Annotated[float, Meta(gt=0, le=120)] = 20.0  # seconds for one answer, all tries included
    at_once: Annotated[int, Meta(ge=1, le=1000)] = 8  # what comes above is answered by the rules


class Tenant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An agency that conversations are routed to."""

    id: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    slug: Annotated[
        str,
        Meta(
            pattern=r"^[a-z0-9][a-z0-9-]{1,62}\Z",
            description="2 to 63 lower-case letters, digits and hyphens, no hyphen first",
        ),
    ]
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    default_language: Literal["en", "fa", "ar", "ru"] = "en"
    timezone: str = "Asia/Dubai"
    region: Annotated[
        str, Meta(pattern=r"^[A-Z]{2}\Z", description='a country in two capital letters, such as "AE"')
    ] = "AE"  # phone numbers without a country's code are read as of the sender's country, then of this
    status: Literal["active", "suspended"] = "active"
    requires_permit: bool = True  # show no listing without a valid permit number
    viewing_minutes: Annotated[int, Meta(ge=15, le=480)] = 60
    viewing_notice_hours: Annotated[int, Meta(ge=0, le=168)] = 3  # none is booked sooner than this
    viewing_horizon_days: Annotated[int, Meta(ge=1, le=60)] = 14  # nor later
    follow_up_minutes: Annotated[
        tuple[Minutes, ...], Meta(max_length=3)
    ] = ()  # after the person's last message
    quiet_from: TimeOfDay = (
        "21:00"  # what is due while it is quiet waits for the end; the same as quiet_to: never quiet
    )
    quiet_to: TimeOfDay = "09:00"
    media_keep_days: Annotated[int, Meta(ge=0, le=3650)] | None = (
        None  # None: as media.keep_days; 0: for ever
    )
    templates: dict[TemplateKey, TemplateName] = {}  # approved ones: our name of each, and the provider's
    handoff_minutes: Annotated[float, Meta(gt=0, le=1440)] = (
        10  # so long each contact has to take a conversation over
    )
    handoff_quiet_minutes: Annotated[float, Meta(gt=0, le=43200)] = 240  # then the bot is back
    office_hours: Annotated[
        str,
        Meta(
            pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9])?\Z",
            description='hours such as "09:00-19:00", in the time zone of the tenant; "" if they are not known',
        ),
    ] = ""


#: What a channel must have at its provider besides `id`; no other provider's channel may have it, but for `api_url`.
CHANNEL_NEEDS: Mapping[str, tuple[str, ...]] = {
    "meta": ("app_secret", "verify_token", "access_token"),
    "twilio": ("name", "account_sid", "auth_token", "api_url"),
    "waha": ("name", "hmac_key", "api_key", "api_url"),
}
#: What a channel has where the settings are silent and `Channel` itself is of another mind: a phone is no API.
CHANNEL_DEFAULTS: Mapping[str, Mapping[str, int]] = {"waha": {"max_mps": 2}}


class Channel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A business number at a provider. What of it belongs to which provider, `CHANNEL_NEEDS` says."""

    provider: Literal["meta", "twilio", "waha"]
    id: Annotated[str, Meta(min_length=1, max_length=128)]
    name: Annotated[
        str,
        Meta(
            pattern=r"^[a-z0-9][a-z0-9-]{0,31}\Z",
            description="1 to 32 lower-case letters, digits and hyphens, no hyphen first",
        ),
    ] = ""  # stands in the webhook's path and, for the id, in the key
    app_secret: Annotated[
        tuple[Secret, ...], Meta(min_length=1, max_length=8)
    ] = ()  # several while one is rotated
    verify_token: Secret = _NO_SECRET
    access_token: Secret = _NO_SECRET
    account_sid: str = ""
    auth_token: Annotated[
        tuple[Secret, ...], Meta(min_length=1, max_length=8)
    ] = ()  # the first one sends, each of them may have signed
    hmac_key: Annotated[
        tuple[Secret, ...], Meta(min_length=1, max_length=8)
    ] = ()  # several while one is rotated
    api_key: Secret = _NO_SECRET
    contents: dict[
        ContentKey, ContentSid
    ] = {}  # at Twilio: the content template for each template and language
    tenant: str | None = None  # slug; None = a number shared by all
    api_url: str = "https://graph.facebook.com/v23.0"
    max_mps: Annotated[int, Meta(ge=1, le=1000)] = 80
    account: Annotated[str, Meta(min_length=1, max_length=128)] | None = (
        None  # business account at the provider
    )
    phone: (
        Annotated[str, Meta(pattern=r"^\+[1-9][0-9]{6,14}\Z", description="a number such as +97145550100")]
        | None
    ) = None  # what people dial, for links

    @property
    def key(self) -> str:
        """The channel's name everywhere: `provider:id`, or `provider:name` where the id is a phone number."""
        return f"{self.provider}:{self.name or self.id}"

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """All secrets that it has."""
        given = (
            *(*self.app_secret, *self.auth_token, *self.hmac_key),
            *(self.verify_token, self.access_token, self.api_key),
        )
        return tuple(secret for secret in given if secret)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set, validated once at start."""

    data_dir: Path
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    demo: bool = False  # a flag only, never in a file
    server: Server = msgspec.field(default_factory=Server)
    postgres: Postgres = msgspec.field(default_factory=Postgres)
    redis: Redis = msgspec.field(default_factory=Redis)
    node: Node = msgspec.field(default_factory=Node)
    retention: Retention = msgspec.field(default_factory=Retention)
    media: Media = msgspec.field(default_factory=Media)
    brain: Brain = msgspec.field(default_factory=Brain)
    tenants: tuple[Tenant, ...] = ()
    channels: tuple[Channel, ...] = ()


def dec_hook(kind: type, value: object) -> object:
    """Teach msgspec to make a Secret or a Path of a string; errors say why not, without the value."""
    if kind in (Secret, Key):
        if isinstance(value, kind):  # a variable's, read before
            return value
        if not isinstance(value, str):
            raise TypeError("expected a string")
        return kind(value)
    if kind is Path:
        if not isinstance(value, str | Path):
            raise TypeError("expected a string")
        if not str(value).strip() or "\0" in str(value):
            raise ValueError("is not a path")
        return Path(value)
    raise NotImplementedError(f"settings hold no {kind.__name__}")


def mask_url(url: str) -> str:
    """Return `url` without user, password and query; all of it masked where it does not read as a URL."""
    # A password may hold an unquoted / ? # or @, where a parser would end it too early: cut at the last @.
    scheme, _, rest = url.partition("://")
    _, at, place = rest.rpartition("@")
    place, query, _ = place.partition("?")
    if not url:
        return ""
    if not scheme.isalnum() or not _PLACE.fullmatch(place):
        return MASK
    return f"{scheme}://{at and MASK + at}{place}{query and query + MASK}"
