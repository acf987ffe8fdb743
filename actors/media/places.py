"""Where a download may lead, and where our access token may go with it. Pure, but for asking what a name stands for.

Theory of operation: a provider that is really one stands on the public network and speaks https; one on loopback is a
stand-in. So links lead from a public provider to public hosts over https, from a stand-in to loopback, and never from
one world into the other: no link of anybody reaches a server beside us. The token goes to the host that the provider
itself has named, and with no redirect to any other.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, urljoin, urlsplit

import trio

_PORTS = {"http": 80, "https": 443}


def may_lead(api: str, link: str) -> bool:
    """Tell whether a link may be followed for a provider whose API is at `api`, as far as its text says."""
    url, home = _parts(link), _parts(api)
    if url is None or home is None or url.scheme not in _PORTS or url.username or url.password:
        return False
    if is_loopback(home.hostname or ""):
        return is_loopback(url.hostname or "")
    return url.scheme == "https" and not _is_inside(url.hostname or "")


async def leads_inside(api: str, link: str) -> bool:
    """Tell whether a host that `may_lead` let through is, by its name, a server of a network beside us.

    Raises OSError when the name stands for nothing. A name that changes its meaning between here and the connection is
    not caught.
    """
    home, url = _parts(api), _parts(link)
    if home is None or url is None or is_loopback(home.hostname or ""):
        return False
    found = await trio.socket.getaddrinfo(url.hostname, url.port or _PORTS[url.scheme])
    return any(_is_inside(str(address[0])) for *_, address in found)


def same_origin(one: str, other: str) -> bool:
    """Tell whether two URLs are of one server: scheme, host and port."""
    a, b = _parts(one), _parts(other)
    return a is not None and b is not None and _origin(a) == _origin(b)


def joined(link: str, location: str) -> str:
    """Return where a redirect leads from `link`; "" if nowhere."""
    try:
        return urljoin(link, location)
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Tell whether a host is surely this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _is_inside(host: str) -> bool:
    """Tell whether a host is not of the public network, as far as its text says."""
    if not host or host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        # What is all digits and dots, or hexadecimal, is an address to some resolvers.
        return host.rpartition(".")[2].isdigit() or host.lower().startswith("0x")
    mapped = getattr(address, "ipv4_mapped", None) or address
    return not mapped.is_global or mapped.is_multicast


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        named = parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if named else None


def _origin(url: SplitResult) -> tuple[str, str, int]:
    return url.scheme, url.hostname or "", url.port or _PORTS.get(url.scheme, 0)
