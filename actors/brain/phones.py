"""Phone numbers that people write: in the sender's country, else in the tenant's; out comes E.164 in ASCII. Pure.

"050 123 4567" from somebody with a number of the Emirates is theirs, from a Russian it is tried as Russian first, then
as the tenant's. A number with its country's code needs neither. What is no valid number anywhere is none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from actors.brain.folding import fold
from actors.brain.tokens import READ

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

DEFAULT_REGION: Final = "AE"
_MOST: Final = 5
"""Candidates of one text that are looked at."""
_CANDIDATE: Final = re.compile(r"(?<!\d)(?:\+ ?|00)?[(]?\d(?:[ ().-]{0,2}\d){6,14}(?!\d)")


def region_of(number: str) -> str | None:
    """Return the country of a number in E.164, its plus may be missing as in a provider's ids: "971..." is "AE"."""
    import phonenumbers  # noqa: PLC0415  # 50 ms, which a start need not wait for

    parsed = _parsed("+" + number.lstrip("+"), None)
    return phonenumbers.region_code_for_number(parsed) if parsed else None


def phone(
    text: str, *, sender: str = "", region: str = "", tenant_region: str = DEFAULT_REGION
) -> str | None:
    """Return the first valid number in `text` as E.164 ("+971501234567"), or None. Never raises.

    `sender` is the number that wrote it, as the provider has it; `region` their country where that number is not known,
    and `tenant_region` the tenant's, in two letters such as "AE".
    """
    own = region_of(sender) if sender else region
    regions = dict.fromkeys(filter(None, (own, tenant_region)))
    for candidate in _CANDIDATE.findall(fold(text[:READ]))[:_MOST]:
        found = _number(candidate, list(regions))
        if found is not None:
            return found
    return None


def shown(number: str) -> str:
    """Return a number in E.164 as people read it ("+971 50 123 4567"), in ASCII; what is no number as it is."""
    import phonenumbers  # noqa: PLC0415  # see region_of

    parsed = _parsed(number, None)
    if parsed is None:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _number(candidate: str, regions: list[str]) -> str | None:
    import phonenumbers  # noqa: PLC0415  # see region_of

    digits = "".join(filter(str.isdigit, candidate))
    international = candidate.startswith(("+", "00"))
    if international:
        parsed = _parsed("+" + (digits if candidate.startswith("+") else digits[2:]), None)
    else:
        ways: list[tuple[str, str | None]] = [(digits, region) for region in regions]
        ways.append(("+" + digits, None))
        parsed = next(filter(None, (_parsed(written, region) for written, region in ways)), None)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) if parsed else None


def _parsed(number: str, region: str | None) -> PhoneNumber | None:
    import phonenumbers  # noqa: PLC0415  # see region_of

    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    return parsed if phonenumbers.is_valid_number(parsed) else None
