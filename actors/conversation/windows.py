"""Whether something may be said now, and in which form: freely, by a template, or not at all. One table. Pure.

A provider lets a business write freely for a day after a person's last message, and for three days after one that came
from an advertisement. Later it takes only templates that it has approved. Behind some there is a phone instead, from
which one writes when one likes. What a person does not want counts before that.

Two opt-outs are told apart. Who writes "stop" to us was promised that no more messages come: they get answers and nothing
else. Who tells the provider that they want no marketing gets no follow-ups and no apologies; a reminder of a viewing that
they booked themselves is no marketing ("utility", as providers say), and still comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import msgspec

from actors.conversation.state import EstateState
from actors.messages import Message, Reacted
from config import TemplateKey, Tenant
from runtime import Event

WINDOW: Final = timedelta(hours=24)
AD_WINDOW: Final = timedelta(hours=72)
_ALWAYS: Final = frozenset({"waha"})
"""Providers whose channels have no window."""
_BELIEVED: Final = timedelta(days=8)
"""How old a provider's stamp may be to be believed; clocks lie, and so do samples."""

Kind = Literal["answer", "nudge", "viewing", "apology"]
Outlet = Literal["free", "template", "nothing"]
Wants = Literal["all", "no-marketing", "answers"]
"""What a person lets us send."""
Reason = Literal["opted_out", "window_closed", "quiet_hours", "too_soon", "paused"]
"""Why something was not sent when it was due; in quiet hours it waits for their end."""


class Standing(msgspec.Struct, frozen=True):
    """How we stand with a person: until when they can be written to freely, what they want, and what is approved."""

    open_until: datetime | None = None
    wants: Wants = "all"
    templates: frozenset[TemplateKey] = frozenset()


class Rule(msgspec.Struct, frozen=True):
    """What becomes of a kind: `closed` when the window is, which takes the template `by`; sent to those who want `to`."""

    closed: Outlet
    to: frozenset[Wants]
    by: TemplateKey | None = None


RULES: Final[Mapping[Kind, Rule]] = {
    "answer": Rule("free", frozenset({"all", "no-marketing", "answers"})),
    "nudge": Rule("template", frozenset({"all"}), "template-continue"),
    "viewing": Rule("template", frozenset({"all", "no-marketing"}), "template-viewing"),
    "apology": Rule("nothing", frozenset({"all"})),
}
"""Inside the window everything that is wanted goes freely. An answer is inside by itself: somebody has just written."""


def outlet(now: datetime, standing: Standing, kind: Kind) -> Outlet:
    """Return in which form something of a kind may be said at `now`; at the very end of the window it is closed."""
    rule = RULES[kind]
    if standing.wants not in rule.to:
        return "nothing"
    if standing.open_until is not None and now < standing.open_until:
        return "free"
    return "nothing" if rule.closed == "template" and rule.by not in standing.templates else rule.closed


def withheld(now: datetime, standing: Standing, kind: Kind) -> Reason | None:
    """Return why something of a kind may not be said at `now`; None if it may."""
    if outlet(now, standing, kind) != "nothing":
        return None
    return "opted_out" if standing.wants not in RULES[kind].to else "window_closed"


def standing(state: EstateState, tenant: Tenant, channel: str = "") -> Standing:
    """Return how a tenant stands with the person of a conversation on a channel, "<provider>:<name>"."""
    ends = [
        at + length for at, length in ((state.heard_at, WINDOW), (state.ad_at, AD_WINDOW)) if at is not None
    ]
    if channel.partition(":")[0] in _ALWAYS:
        ends.append(datetime.max.replace(tzinfo=UTC))
    wants: Wants = "answers" if state.silenced else "no-marketing" if state.opted_out else "all"
    return Standing(max(ends, default=None), wants, frozenset(tenant.templates))


def hear(state: EstateState, event: Event, now: datetime) -> None:
    """Keep when a person was last heard, as the provider saw it: a webhook that came late opens no longer window."""
    if not isinstance(event, Message | Reacted):
        return
    at = said_at(event.stamped, now)
    state.heard_at = max(state.heard_at or at, at)
    referral = event.referral if isinstance(event, Message) else None
    if referral is not None and (referral.source == "ad" or referral.click):
        state.ad_at = max(state.ad_at or at, at)


def said_at(stamped: int, now: datetime) -> datetime:
    """Return when something was said that is stamped so, in seconds since 1970: now, where that cannot be believed."""
    age = timedelta(seconds=now.timestamp() - stamped)
    return now - age if timedelta() < age < _BELIEVED else now


def written_by(newest: datetime, now: datetime, stale_after: timedelta) -> datetime:
    """Return by when a person had written what went stale: `newest` is when the last of it was received.

    What was received more lately than `stale_after` did not wait so long here; it was old already when it came.
    """
    return newest if now - newest >= stale_after else newest - stale_after
