"""What facts about a Redis or Valkey mean for Majlis. It carries hints alone: nothing is worse than a warning."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from runtime.channel import Finding
from runtime.doctor.sizes import told_bytes

_COST = "it costs latency, never correctness"
_ADVICE: Mapping[str, str] = {
    "NOAUTH": "the server wants a password: give it in redis.url",
    "WRONGPASS": "look at user and password in redis.url",
    "Authentication": "look at user and password in redis.url",
    "Connect call failed": "nobody listens there: start the server, or mend redis.url",
    "Connection refused": "nobody listens there: start the server, or mend redis.url",
    "no answer": "something is there that does not answer: a firewall, a wrong port or a server that hangs",
}


class RedisFacts(msgspec.Struct, frozen=True):
    """What a server says of itself; `limit` 0 is none, `protected`: without a password it refuses us."""

    product: str
    version: str
    used: int
    limit: int
    policy: str
    replica: bool
    protected: bool
    local: bool
    median: float


def read_facts(info: Mapping[str, str], *, url_has_password: bool, local: bool, median: float) -> RedisFacts:
    """Return the facts that INFO holds; what a server does not say counts as 0 or ""."""
    valkey = info.get("server_name") == "valkey" or "valkey_version" in info
    return RedisFacts(
        product="Valkey" if valkey else "Redis",
        version=info.get("valkey_version" if valkey else "redis_version", "")
        or info.get("redis_version", ""),
        used=_number(info, "used_memory"),
        limit=_number(info, "maxmemory"),
        policy=info.get("maxmemory_policy", ""),
        replica=info.get("role") == "slave",
        protected=url_has_password,
        local=local,
        median=median,
    )


def parse_info(reply: str) -> dict[str, str]:
    """Return the fields of an answer to INFO."""
    lines = (line.partition(":") for line in reply.splitlines() if line and not line.startswith("#"))
    return {name: value.strip() for name, _, value in lines}


def judge_unreachable(place: str, reason: str) -> Finding:
    """Say why it cannot be used. Majlis works without it, more slowly between replicas."""
    advice = next(
        (told for word, told in _ADVICE.items() if word in reason), "look at the server and its log"
    )
    return Finding("redis", "warn", f"{place}: {reason}", f"{advice}; {_COST}")


def judge_server(place: str, facts: RedisFacts) -> Finding:
    """A version that is supported, and one that takes what is published."""
    seen = f"{place}: {facts.product} {facts.version}"
    if facts.product == "Redis" and _major(facts.version) < 7:
        return Finding("redis", "warn", seen, f"Redis 7.0 or later, or Valkey, is supported; {_COST}")
    if facts.replica:
        return Finding(
            "redis", "warn", f"{seen}, a replica", "point redis.url at the primary: hints are written"
        )
    return Finding("redis", "ok", seen)


def judge_latency(facts: RedisFacts) -> Finding:
    """A hint that comes late is none: the journal is polled once a second anyway."""
    seen = f"{facts.median * 1000:.1f} ms a round trip"
    if facts.median > 0.1:
        return Finding("redis.latency", "warn", seen, f"run Majlis near it; {_COST}")
    return Finding("redis.latency", "ok", seen)


def judge_memory(facts: RedisFacts) -> Finding:
    """A full server refuses hints, unless it throws old keys away."""
    name, used = "redis.memory", told_bytes(facts.used)
    if not facts.limit:
        return Finding(name, "ok", f"{used}, without a limit")
    seen = f"{used} of {told_bytes(facts.limit)}, {facts.policy}"
    if facts.used > 0.9 * facts.limit and facts.policy == "noeviction":
        return Finding(
            name, "warn", seen, f"it will refuse hints when it is full: raise maxmemory, or evict; {_COST}"
        )
    return Finding(name, "ok", seen)


def judge_protection(facts: RedisFacts) -> Finding:
    """Who reaches it may read which conversations are awake, and wake them."""
    if not facts.local and not facts.protected:
        return Finding(
            "redis.protection",
            "warn",
            "reached over a network without a password",
            "set requirepass or an ACL user there, and give it in redis.url (rediss:// for TLS)",
        )
    return Finding("redis.protection", "ok", "on this machine" if facts.local else "by a password")


def _number(info: Mapping[str, str], name: str) -> int:
    value = info.get(name, "")
    return int(value) if value.isdigit() else 0


def _major(version: str) -> int:
    major = version.partition(".")[0]
    return int(major) if major.isdigit() else 0
