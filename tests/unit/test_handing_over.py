"""When an agency's office opens, and who is called next: decided without I/O."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from actors.agency.staff import Operator
from actors.conversation.handover import next_contact
from actors.conversation.office_hours import opens_at
from config import Tenant

DUBAI = ZoneInfo("Asia/Dubai")


def tenant(hours: str) -> Tenant:
    return Tenant(id=1, slug="palm", name="Palm", office_hours=hours)


@pytest.mark.parametrize(
    ("hours", "now", "opens"),
    [
        ("", "2026-03-02 03:00", None),
        ("09:00-19:00", "2026-03-02 09:00", None),
        ("09:00-19:00", "2026-03-02 18:59", None),
        ("09:00-19:00", "2026-03-02 19:00", "2026-03-03 09:00"),
        ("09:00-19:00", "2026-03-02 08:59", "2026-03-02 09:00"),
        ("18:00-02:00", "2026-03-02 01:59", None),
        ("18:00-02:00", "2026-03-02 02:00", "2026-03-02 18:00"),
        ("18:00-02:00", "2026-03-02 18:00", None),
    ],
)
def test_an_office_is_open_or_opens_at_its_next_hour(hours: str, now: str, opens: str | None) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=DUBAI)
    expected = None if opens is None else datetime.fromisoformat(opens).replace(tzinfo=DUBAI)
    assert opens_at(tenant(hours), at) == expected
    assert opens_at(tenant(hours), at.astimezone(ZoneInfo("UTC"))) == expected


def test_nobody_is_called_twice_or_about_themselves() -> None:
    contacts = [Operator(id=n, name=f"o{n}", phone=f"+97150000000{n}", handoff_order=n) for n in (1, 2, 3)]
    assert next_contact(contacts, (), "wa_id:971555") == contacts[0]
    assert next_contact(contacts, (1,), "wa_id:971500000002") == contacts[2]
    assert next_contact(contacts, (1, 2, 3), "") is None
    assert next_contact([], (), "") is None
