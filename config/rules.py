"""What must hold between settings, beyond each value's own type and range.

Pure, but that it asks the system for its time zones.
"""

import ipaddress
import re
import zoneinfo
from collections.abc import Hashable, Iterable, Iterator
from urllib.parse import urlsplit

from config.faults import did_you_mean
from config.settings import MASK, Brain, Channel, Settings, Tenant, mask_url

Fault = tuple[str, str]  # path, what is wrong

_POSTGRES_SCHEMES = ("postgresql", "postgres")
_REDIS_SCHEMES = ("redis", "rediss", "unix")
_PLAIN_URL = re.compile(
    r"[A-Za-z0-9._~:/%\[\]-]+"
)  # neither user, query, blank nor backslash: nothing parsers read differently
_IDS = {
    "meta": (re.compile(r"[0-9]{1,32}"), "the digits of a Meta phone number id"),
    "twilio": (re.compile(r"whatsapp:\+[1-9][0-9]{6,14}"), "a sender such as whatsapp:+14155238886"),
    "waha": (re.compile(r"[A-Za-z0-9_-]{1,64}"), "the name of a session of WAHA's, such as default"),
}
#: A container's name, or one in a cluster or a local network.
_PRIVATE = re.compile(r"[a-z][a-z0-9_-]*|[a-z0-9_.-]+\.(local|internal|svc)", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?", re.IGNORECASE)
_ACCOUNT_SID = re.compile(r"AC[0-9a-f]{32}")


def broken_rules(settings: Settings) -> Iterator[Fault]:
    """Yield the path and the words of every rule that the settings break."""
    yield from _servers(settings)
    yield from _tenants(settings.tenants)
    yield from _channels(settings.channels, {tenant.slug for tenant in settings.tenants})
    yield from _public_url(settings)
    yield from _brain(settings.brain)
    if settings.demo:
        yield from _loopback_only(settings)


def is_loopback(host: str | None) -> bool:
    """Whether `host` is surely this machine: `localhost` or a loopback address in full."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _servers(settings: Settings) -> Iterator[Fault]:
    server, node = settings.server, settings.node
    if server.port and (server.host, server.port) == (server.admin_host, server.admin_port):
        yield "server.admin_port", "must differ from server.port: the admin listener is never public"
    if node.uncertain_wait <= node.send_timeout:
        yield (
            "node.uncertain_wait",
            f"must exceed node.send_timeout ({node.send_timeout:g} s), or what is being sent goes twice",
        )
    if not _is_dsn(settings.postgres.url, _POSTGRES_SCHEMES):
        yield (
            "postgres.url",
            "expected postgresql://user:password@host:port/database, or nothing for embedded",
        )
    if not _is_dsn(settings.redis.url, _REDIS_SCHEMES):
        yield "redis.url", "expected redis://user:password@host:port/number, or nothing for embedded"


def _is_dsn(url: str, schemes: tuple[str, ...]) -> bool:
    # mask_url gives a bare mask for what it cannot read; a mask in the URL was copied from `config show`.
    return not url or (url.partition("://")[0] in schemes and mask_url(url) != MASK and MASK not in url)


def _tenants(tenants: tuple[Tenant, ...]) -> Iterator[Fault]:
    yield from _repeated("tenants", "id", (tenant.id for tenant in tenants))
    yield from _repeated("tenants", "slug", (tenant.slug for tenant in tenants))
    for index, tenant in enumerate(tenants):
        if not tenant.name.strip() or any(ord(letter) < 32 or ord(letter) == 127 for letter in tenant.name):
            yield f"tenants[{index}].name", "must be readable text on one line"
        if not _zone_exists(tenant.timezone):
            hint = did_you_mean(tenant.timezone, zoneinfo.available_timezones())
            yield f"tenants[{index}].timezone", f"is no time zone of this system{hint}"
        steps = tenant.follow_up_minutes
        if list(steps) != sorted(set(steps)):
            yield f"tenants[{index}].follow_up_minutes", "each must be later than the one before it"


def _zone_exists(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return not zoneinfo.available_timezones()  # a system without zones cannot tell
    return True


def _channels(channels: tuple[Channel, ...], slugs: set[str]) -> Iterator[Fault]:
    yield from _repeated("channels", "id", (_number_of(channel) for channel in channels))
    yield from _repeated("channels", "name", (channel.key if channel.name else None for channel in channels))
    for index, channel in enumerate(channels):
        where = f"channels[{index}]"
        shape, words = _IDS[channel.provider]
        if not shape.fullmatch(channel.id):
            yield f"{where}.id", f"expected {words}"
        if channel.tenant is not None and channel.tenant not in slugs:
            yield f"{where}.tenant", f"is the slug of no tenant{did_you_mean(channel.tenant, slugs)}"
        for key in ("access_token", "api_key"):
            if not getattr(channel, key).reveal().isascii():
                yield f"{where}.{key}", "has characters that no HTTP header can carry"
        if wrong := _api_url_fault(channel.api_url, beside=channel.provider == "waha"):
            yield f"{where}.api_url", wrong
        if channel.provider == "twilio" and not _ACCOUNT_SID.fullmatch(channel.account_sid):
            yield f"{where}.account_sid", "expected AC and 32 lower-case hex digits"
        if channel.contents and channel.provider != "twilio":
            yield f"{where}.contents", f"is no setting of a channel at {channel.provider}"


def _number_of(channel: Channel) -> str:
    """Return what no two channels may share: the same session name is another number on another server of WAHA's."""
    place = f" at {_plain_place(channel.api_url)}" if channel.provider == "waha" else ""
    return f"{channel.provider}:{channel.id}{place}"


def _plain_place(url: str) -> str:
    """Return a URL as all that lead to the same place are written; one that is none as it is."""
    try:
        parts = urlsplit(url.rstrip("/"))
        is_usual = (parts.scheme, parts.port) in {("https", 443), ("http", 80)}
    except ValueError:
        return url
    host = parts.netloc.lower()
    return parts._replace(netloc=host.rpartition(":")[0] if is_usual else host).geturl()


def _public_url(settings: Settings) -> Iterator[Fault]:
    url = settings.server.public_url
    if url:
        if wrong := _api_url_fault(url):
            yield "server.public_url", wrong
        elif "/webhooks" in url:
            yield "server.public_url", "ends before /webhooks: each channel's own path is put behind it"
    elif any(channel.provider == "twilio" for channel in settings.channels):
        yield "server.public_url", "is missing: Twilio signs the URL under which it reaches us"


def _brain(brain: Brain) -> Iterator[Fault]:
    """A model that is half configured would be found out by the first person who writes."""
    urls = {"brain.base_url": brain.base_url, "brain.transcription_url": brain.transcription_url}
    for path, url in urls.items():
        if url and (wrong := _api_url_fault(url)):
            yield path, wrong
    if not brain.api_key.reveal().isascii():
        yield "brain.api_key", "has characters that no HTTP header can carry"
    if brain.provider == "rules":
        return
    for path, value in (("brain.base_url", brain.base_url), ("brain.model", brain.model)):
        if not value.strip():
            yield path, 'is missing: provider = "openai" needs both base_url and model'
    if brain.daily_budget and not (brain.input_price or brain.output_price):
        yield "brain.daily_budget", "would never be reached: input_price and output_price are both 0"


def _api_url_fault(url: str, *, beside: bool = False) -> str | None:
    """Return what is wrong with a URL; `beside`: it may be plain http on a private network, too."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        readable = _PLAIN_URL.fullmatch(url) and _is_host(host or "") and parts.port != 0
        readable = readable and not parts.netloc.endswith(":")
    except ValueError:
        readable = None
    if not readable or parts.scheme not in {"http", "https"}:
        return "expected https://host/path, without user, query or blanks"
    if parts.scheme == "http" and not is_loopback(host) and not (beside and _is_private(host or "")):
        return "must be https: tokens and messages would cross the network readable (plain http is for loopback hosts)"
    return None


def _is_host(host: str) -> bool:
    """Whether this may be a host: an address in brackets, or labels with a letter or digit at both ends."""
    return ":" in host or all(_LABEL.fullmatch(label) for label in host.removesuffix(".").split("."))


def _is_private(host: str) -> bool:
    """Whether a host is surely of a private network: a private address, or a name that no public one can be."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return bool(_PRIVATE.fullmatch(host))


def _repeated(array: str, key: str, values: Iterable[Hashable | None]) -> Iterator[Fault]:
    first: dict[Hashable, int] = {}
    for index, value in enumerate(values):
        if value is not None and first.setdefault(value, index) != index:
            yield f"{array}[{index}].{key}", f"{value} is taken by {array}[{first[value]}] already"


def _loopback_only(settings: Settings) -> Iterator[Fault]:
    hosts = [("server.host", settings.server.host), ("server.admin_host", settings.server.admin_host)]
    for index, channel in enumerate(settings.channels):
        hosts.append((f"channels[{index}].api_url", urlsplit(channel.api_url).hostname or ""))
    urls = {"base_url": settings.brain.base_url, "transcription_url": settings.brain.transcription_url}
    hosts += [(f"brain.{name}", urlsplit(url).hostname or "") for name, url in urls.items() if url]
    for path, host in hosts:
        if not is_loopback(host):
            yield path, f"the demo is loopback only, and {host} is not a loopback host"
