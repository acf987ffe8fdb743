"""What is shown of a person's names and ids, and the order of a conversation's time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.cli.timeline import masked, shortened


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("971500000233", "971******233"),
        ("wa_id:971500000233", "wa_id:971******233"),
        ("wa_id:12345", "wa_id:*****"),
        ("", ""),
    ],
)
def test_a_name_keeps_its_kind_and_its_ends(name: str, shown: str) -> None:
    assert masked(name) == shown


@given(st.text("0123456789", min_size=1, max_size=20))
def test_no_name_is_shown_by_more_than_its_ends(digits: str) -> None:
    shown = masked(f"wa_id:{digits}")
    assert shown.count("*") >= min(len(digits), 3)
    assert len(shown) == len(f"wa_id:{digits}")


def test_an_id_at_the_provider_is_shown_by_its_end_alone_for_its_middle_may_be_a_number() -> None:
    assert shortened("wamid.HBgLOTcxNTUwMDAwMDAxFQIAERgSMDFDNkQ3QUM5") == "wamid.*NkQ3QUM5"
    assert shortened("short") == "short"
