"""What a message says of where it wants to go: a link, an opaque code, an advertisement that was clicked. Pure.

Two steps with a look into the tables between them: `opened` says what was opened and which codes are to be looked up,
`way` what that comes to. What a person wrote or scanned goes before the advertisement through which they came; an
advertisement leads somewhere if its id is bound to a tenant (`majlis link --ad`), or if its text is a link or a code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from actors.agency import routes
from actors.agency.routes import ad_code, parse_code
from actors.conversation.routing import By, Link, Way, parse_link
from actors.conversation.state import Vertical
from actors.messages import Message, MessageReceived, Referral

_LONGEST = 200
"""Characters of a campaign or a click that are kept."""
_VERTICALS: Mapping[routes.Vertical, Vertical] = {
    "menu": "",
    "realty": "realty",
    "expo": "expo",
    "support": "support",
}


class Opened(msgspec.Struct, frozen=True):
    """What was opened: a link that names its tenant, or `codes`, of which the first that is open counts."""

    by: By
    link: Link | None = None
    codes: Sequence[str] = ()
    click: str = ""


def opened(message: Message, clicked: Sequence[str]) -> Opened | None:
    """Return what was opened by a message, None for words alone; `clicked` are the clicks that have counted before."""
    if isinstance(message, MessageReceived):
        if (link := parse_link(message.text)) is not None:
            return Opened("link", link)
        if (code := parse_code(message.text)) is not None:
            return Opened("code", codes=(code,))
    click = _click(message.referral) if message.referral else ""
    if message.referral is None or not click or click in clicked:
        return None
    return _through_ad(message.referral, click)


def way(opened: Opened, found: Mapping[str, routes.Route], now: datetime) -> Way:
    """Return where that leads, as the tables have it: `found` are the routes of its codes that there are."""
    source, reference = ("ad", opened.click) if opened.by == "ad" else ("link", "")
    known = next((found[code] for code in opened.codes if code in found and found[code].open_at(now)), None)
    if known is not None:
        return Way(
            tenant=known.tenant,
            by=opened.by,
            vertical=_VERTICALS[known.vertical],
            named=known.code,
            source=source,
            source_ref=reference or (known.campaign or known.code)[:_LONGEST],
            language=known.language or "",
            click=opened.click,
        )
    link = opened.link or Link(0)
    return Way(
        tenant=link.tenant,
        by=opened.by,
        vertical=link.vertical,
        named=opened.codes[0] if opened.codes else "",
        source=source,
        source_ref=reference,
        click=opened.click,
    )


def _through_ad(referral: Referral, click: str) -> Opened:
    bound = ad_code(referral.source_id)
    written = parse_code(referral.body)
    codes = tuple(code for code in (bound, written) if code is not None)
    return Opened("ad", parse_link(referral.body), codes, click)


def _click(referral: Referral) -> str:
    """Return what tells one click from the next; where the seller gives it no id, one of an advertisement counts."""
    return (referral.click or referral.source_id)[:_LONGEST]
