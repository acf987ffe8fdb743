"""Settings that are valid and still likely mistakes. Pure; what is invalid never gets here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from urllib.parse import urlsplit

from config import Channel, Settings, is_loopback
from runtime.channel import Finding

_NAME = "configuration"


def judge_configuration(settings: Settings, demo_secrets: AbstractSet[str], zones: bool) -> list[Finding]:
    """Return what was read, then a warning for each likely mistake.

    `demo_secrets` are those kept in the data directory, `zones` says whether this system has time zones.
    """
    rest = sum(tenant.status != "active" for tenant in settings.tenants)
    read = f"{len(settings.tenants)} tenants{f' ({rest} suspended)' if rest else ''}, {len(settings.channels)} channels"
    findings = [Finding(_NAME, "ok", f"{read}, data_dir {settings.data_dir}")]
    for rule in _RULES:
        findings += [Finding(_NAME, "warn", seen, advice) for seen, advice in rule(settings)]
    if settings.tenants and not zones:
        seen, advice = "this system has no time zones", "install tzdata: tenants' times of day go by them"
        findings.append(Finding(_NAME, "warn", seen, advice))
    used = {secret for channel in settings.channels for secret in _secrets(channel)}
    if used & demo_secrets and not settings.demo and not is_loopback(settings.server.host):
        findings.append(
            Finding(
                _NAME,
                "warn",
                f"channels use the demo's secrets, and server.host is {settings.server.host}",
                "give them the secrets of your own app",
            )
        )
    return findings


def _secrets(channel: Channel) -> tuple[str, ...]:
    return tuple(secret.reveal() for secret in channel.secrets)


_Mistakes = Iterator[tuple[str, str]]  # what is seen, what to do


def _channels(settings: Settings) -> _Mistakes:
    if not settings.channels:
        yield "no channels", "every webhook will be refused with 401: add [[channels]]"
        return
    if any(channel.tenant is None for channel in settings.channels):
        return
    owners = {channel.tenant for channel in settings.channels}
    for tenant in settings.tenants:
        if tenant.status == "active" and tenant.slug not in owners:
            yield (
                f"the tenant {tenant.slug} has no channel, and none is shared",
                "nobody can reach it: give it a channel, or leave the tenant of one out",
            )


def _times(settings: Settings) -> _Mistakes:
    node, server = settings.node, settings.server
    if node.uncertain_wait < node.send_timeout + 5:
        yield (
            f"node.uncertain_wait is {node.uncertain_wait:g} s, and node.send_timeout {node.send_timeout:g} s",
            "an echo has no time to settle a send of unknown outcome: add 5 s or more, or some leave twice",
        )
    if not node.ready_delay and not is_loopback(server.host):
        yield (
            f"node.ready_delay is 0, and server.host is {server.host}",
            "a load balancer learns of a stop too late: set it above the probe's interval times its threshold",
        )
    if server.ingest_timeout > 5:
        yield (
            f"server.ingest_timeout is {server.ingest_timeout:g} s",
            "providers give a webhook up after some seconds and repeat it: answer 503 earlier",
        )


def _sizes(settings: Settings) -> _Mistakes:
    if settings.server.body_limit < 3_145_728:
        yield (
            f"server.body_limit is {settings.server.body_limit} bytes",
            "webhooks may have 3 MB, and one that is refused comes again for days: allow 3145728 or more",
        )
    if settings.retention.seen_days > 31:
        yield (
            f"retention.seen_days is {settings.retention.seen_days}",
            "providers repeat for 7 days: dedup keys that are kept longer only make the table larger",
        )


def _brain(settings: Settings) -> _Mistakes:
    brain = settings.brain
    if brain.provider == "rules":
        return
    if not brain.daily_budget and not brain.daily_tokens:
        yield (
            "brain.daily_budget and brain.daily_tokens are 0",
            "whoever writes much spends your money without a limit: set one of them, for each tenant and day",
        )
    if not brain.api_key and not is_loopback(urlsplit(brain.base_url).hostname):
        yield (
            "brain.api_key is empty, and brain.base_url is no loopback address",
            "most services refuse whoever brings no key, and then the rules answer everything: set it",
        )


_RULES: tuple[Callable[[Settings], _Mistakes], ...] = (_channels, _times, _sizes, _brain)
