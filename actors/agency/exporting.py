"""Leads as CSV (RFC 4180): CRLF, quotes where they are needed, and no cell that a spreadsheet would run. Pure.

A cell that begins with = + - @, whatever blanks come before, gets an apostrophe in front; so do phones, whose + is one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from actors.agency.leads import Lead
from actors.agency.terms import Span

BOM = "\ufeff"
"""What tells a spreadsheet that a file is UTF-8."""
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
COLUMNS = (
    *("id", "stage", "score", "name", "phone", "email", "language", "goal", "deal", "category", "kind"),
    *("budget_from", "budget_to", "locations", "bedrooms_from", "bedrooms_to", "amenities", "urgency"),
    *("source", "source_ref", "conversation", "created_at", "updated_at"),
)


def header(*, bom: bool = False) -> str:
    """Return the first line; with `bom` it is preceded by one."""
    return (BOM if bom else "") + line(COLUMNS)


def row(lead: Lead) -> str:
    """Return a lead as a line."""
    wish, budget, bedrooms = lead.wish, lead.wish.budget or Span(), lead.wish.bedrooms or Span()
    known = (
        *(lead.id, lead.stage, lead.score, lead.name, lead.phone, lead.email, lead.language),
        *(wish.goal, wish.deal, wish.category, wish.kind, budget.low, budget.high, "; ".join(wish.places)),
        *(bedrooms.low, bedrooms.high, "; ".join(sorted(wish.amenities)), wish.urgency),
        *(lead.source, lead.source_ref, lead.conversation),
        *(lead.created_at.isoformat(timespec="seconds"), lead.updated_at.isoformat(timespec="seconds")),
    )
    return line(known)


def line(cells: Sequence[object]) -> str:
    """Return one record with its CRLF."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([_harmless(cell) for cell in cells])
    return out.getvalue()


def _harmless(cell: object) -> str:
    text = "" if cell is None else str(cell)
    risky = text.startswith(("\t", "\r", "\n")) or text.lstrip().startswith(_FORMULA)
    return f"'{text}" if risky and isinstance(cell, str) else text
