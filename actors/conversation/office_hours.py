"""When an agency's office opens, on its own clock, whatever the clock of whoever asks. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from config import Tenant


def opens_at(tenant: Tenant, now: datetime) -> datetime | None:
    """Return when the tenant's office opens next; None while it is open, and where nobody told its hours."""
    if not tenant.office_hours:
        return None
    opens, closes = map(time.fromisoformat, tenant.office_hours.split("-"))
    here = now.astimezone(ZoneInfo(tenant.timezone))
    clock = here.time()
    is_open = opens <= clock < closes if opens < closes else not closes <= clock < opens
    if is_open:
        return None
    day = here.date() + timedelta(days=clock >= opens)
    return datetime.combine(day, opens, here.tzinfo)
