"""Files that agencies import and export: every fault is told by its row, and no cell becomes a formula."""

from __future__ import annotations

import csv
import io
import re
from contextlib import suppress
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agency import columns, exporting, sheet
from actors.agency.columns import ARTICLES, AVAILABILITY, CLOSURES, PROPERTIES
from actors.agency.importing import (
    ClosureRow,
    HoursRow,
    PropertyRow,
    Refused,
    read_availability,
    read_closures,
    read_properties,
    unfit_to_show,
)
from actors.agency.leads import Lead
from actors.agency.terms import Span, Wish

HEADER = "reference,title_en,deal,kind,location,price,permit_number,permit_expires"
GOOD = 'A-1,Sea view,buy,apartment,dubai-marina,"1,250,000",7100000001,2027-03-31'


def properties(*lines: str, encoding: str = "utf-8") -> list[PropertyRow]:
    return list(read_properties(io.BytesIO("\r\n".join(lines).encode(encoding))))


def faults(*lines: str, read: object = read_properties, raw: bytes | None = None) -> list[str]:
    """Return the faults of a file, one a line."""
    with pytest.raises(Refused) as refused:
        read(io.BytesIO("\n".join(lines).encode() if raw is None else raw))  # type: ignore[operator]
    head, *told = str(refused.value).split("\n")
    assert head == "nothing was imported:"
    return told


def test_a_property_is_read_with_all_that_it_may_have() -> None:
    names = ",".join(column.name for column in PROPERTIES)
    cells = (
        'V-1,Villa,ویلا,فيلا,"Вилла, с садом",buy,villa,Palm Jumeirah,"12,500,000",5,6,700,pool; garden,'
        "reserved,7100000002,2027-01-01,5.75,10"
    )
    assert properties(names, cells) == [
        PropertyRow(
            reference="V-1",
            title={"en": "Villa", "fa": "ویلا", "ar": "فيلا", "ru": "Вилла, с садом"},
            deal="buy",
            category="residential",
            kind="villa",
            place="palm-jumeirah",
            price=12_500_000,
            bedrooms=5,
            bathrooms=6,
            area_sqm=700,
            features=["garden", "pool"],
            status="reserved",
            permit_number="7100000002",
            permit_expires="2027-01-01",
            yield_bp=575,
            visa_years=10,
        )
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_bom_blank_rows_and_columns_that_are_absent_are_no_faults(encoding: str) -> None:
    (found,) = properties(HEADER, "", GOOD, ",,,,,,,", encoding=encoding)
    assert (found.reference, found.price, found.bedrooms, found.status) == (
        "A-1",
        1_250_000,
        None,
        "available",
    )


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("reference", "", "is empty"),
        ("deal", "sell", "'sell' is none of buy, rent"),
        ("kind", "apartmant", "(did you mean apartment?)"),
        ("location", "dubai marin", "is no location that is known (did you mean dubai marina?)"),
        ("price", "1.250.000", "is not a whole number such as 1250000 or 1,250,000"),
        ("price", "12,50", "is not a whole number"),
        ("price", "0", "is not between 1 and 1,000,000,000,000"),
        ("price", "-5", "is not a whole number"),
        ("permit_expires", "31/03/2027", "is not a date such as 2027-03-31"),
        ("permit_expires", "2027-02-30", "is not a date"),
        ("yield_percent", "100.01", "is not a percentage between 0 and 100"),
        ("yield_percent", "6,25", "is not a percentage"),
        ("permit_number", "no", "is no permit number"),
        ("title_en", "a\tb", "holds characters that cannot be shown"),
        ("title_en", "x" * 301, "is longer than 300 characters"),
        ("title_en", "x" * 2001, "has 2,001 characters; 2,000 is the most"),
    ],
)
def test_a_wrong_cell_is_told_by_row_and_column(column: str, cell: str, words: str) -> None:
    names = HEADER.split(",")
    cells = next(csv.reader([GOOD]))
    if column in names:
        cells[names.index(column)] = cell
    else:
        names, cells = [*names, column], [*cells, cell]
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    (told,) = faults(",".join(names), out.getvalue().strip())
    assert told.startswith(f"row 2, {column}: ")
    assert words in told


def test_the_signs_of_four_languages_are_letters_and_those_that_turn_a_line_are_not() -> None:
    title = "ویلا در جی‌وی‌سی، شقّة, вилла № 5, 2\u00a0спальни 🏠"
    (found,) = properties(HEADER, GOOD.replace("Sea view", f'"{title}"'))
    assert found.title == {"en": title}
    for odd in ("\u202e", "\u2067", "\x07", "\u2028"):
        assert "cannot be shown" in faults(HEADER, GOOD.replace("Sea", f"Sea{odd}"))[0]


def test_all_faults_are_told_at_once_and_the_first_fifty_by_name() -> None:
    told = faults(HEADER, *[GOOD.replace("A-1", f"A-{n}").replace("buy", "sell") for n in range(70)])
    assert len(told) == sheet.MOST_FAULTS + 1
    assert told[0].startswith("row 2, deal")
    assert told[-1] == "and 20 more"


def test_headers_are_held_to_the_columns_that_there_are() -> None:
    told = faults(HEADER.replace("permit_number", "permit_nr").replace("deal,", ""), GOOD)
    assert told[:2] == [
        "row 1, permit_nr: is no column (did you mean permit_number?)",
        "row 1, deal: is missing",
    ]
    assert faults("operator,weekday,starts,end", "Sara,8,09:00,10:00", read=read_availability) == [
        "row 1, end: is no column (did you mean ends?)",
        "row 1, ends: is missing",
        f"row 2, weekday: '8' is none of {', '.join(columns.WEEKDAYS)}",
    ]
    assert faults(f"{HEADER},price", f"{GOOD},1")[0] == "row 1, price: is there twice"
    assert "separated by commas" in faults(HEADER.replace(",", ";"), GOOD.replace(",", ";"))[0]
    assert faults("")[0].startswith("the file: has no header; its first row names the columns: reference, ")
    assert faults(HEADER) == ["the file: has no rows under its header"]


def test_rows_are_held_to_each_other() -> None:
    permitless = GOOD.replace("A-1", "A-2").replace("7100000001", "")
    nameless = GOOD.replace("A-1", "A-3").replace("Sea view", "")
    assert faults(HEADER, GOOD, GOOD, permitless, nameless, "A-4,x") == [
        "row 3, reference: 'A-1' is in row 2 already",
        "row 4, permit_number: goes together with permit_expires: give both or neither",
        "row 5, title_en: there is no title in any language",
        "row 6: has 2 cells, the header has 8",
    ]


def test_what_is_no_text_or_no_csv_is_told_with_its_place() -> None:
    head = HEADER.encode() + b"\n"
    assert faults(raw=head + GOOD.replace("Sea", "Séa").encode("latin-1")) == [
        "row 2: byte 6 (0xe9) is no UTF-8: save the file as CSV UTF-8; what follows was not read"
    ]
    assert faults(raw=HEADER.encode("utf-16")) == ["the file: is UTF-16: save it as CSV UTF-8"]
    assert "zero byte" in faults(raw=head + b"a\0b")[0]
    assert "is no CSV" in faults(raw=head + b'"never closed,buy')[0]
    assert "longer than 64 KB" in faults(raw=head + b"x" * 70_000)[0]


def test_size_and_rows_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "MOST_ROWS", 3)
    lines = [GOOD.replace("A-1", f"A-{n}") for n in range(4)]
    assert len(properties(HEADER, *lines[:3])) == 3
    assert faults(HEADER, *lines) == ["row 5: more than 3 rows: split the file"]
    monkeypatch.setattr(sheet, "MOST_BYTES", 200)
    assert "is larger than" in faults(HEADER, *lines[:3])[0]


def test_hours_are_read_and_held_to_each_other() -> None:
    head = "operator,weekday,starts,ends,phone,handoff_order"
    good = io.BytesIO(f"{head}\nSara,Monday,9:00,12:30,+971501234567,1\nSara,1,13:00,18:00,,\n".encode())
    assert read_availability(good) == [
        HoursRow(
            operator="Sara",
            weekday=1,
            starts=time(9),
            ends=time(12, 30),
            phone="+971501234567",
            handoff_order=1,
        ),
        HoursRow(operator="Sara", weekday=1, starts=time(13), ends=time(18)),
    ]
    told = faults(
        head,
        "Sara,monday,09:00,12:00,,",
        "Sara,1,11:00,13:00,,",
        "Omar,mondey,25:00,24:00,0501234567,first",
        "Omar,2,12:00,12:00,,",
        read=read_availability,
    )
    assert told == [
        "row 3, starts: overlaps the hours of the same operator in row 2",
        f"row 4, weekday: 'mondey' is none of {', '.join(columns.WEEKDAYS)} (did you mean monday?)",
        "row 4, starts: '25:00' is not a time between 00:00 and 23:59",
        "row 4, ends: '24:00' is not a time between 00:00 and 23:59",
        "row 4, phone: '0501234567' is no number such as +971501234567",
        "row 4, handoff_order: 'first' is not a whole number such as 1250000 or 1,250,000",
        "row 5, ends: 12:00 is not after 12:00",
    ]


def test_closures_are_read_and_a_file_may_have_none() -> None:
    head = "closed_for,first_day,last_day"
    assert read_closures(
        io.BytesIO(f"{head}\n,2026-12-02,2026-12-03\nSara,2026-12-24,2026-12-24\n".encode())
    ) == [
        ClosureRow(first_day=date(2026, 12, 2), last_day=date(2026, 12, 3)),
        ClosureRow(closed_for="Sara", first_day=date(2026, 12, 24), last_day=date(2026, 12, 24)),
    ]
    assert read_closures(io.BytesIO(head.encode())) == []
    assert faults(head, ",2026-12-03,2026-12-02", read=read_closures) == [
        "row 2, last_day: 2026-12-02 is before 2026-12-03"
    ]


def test_what_could_not_be_shown_is_counted() -> None:
    found = properties(HEADER, GOOD, GOOD.replace("A-1", "A-2").replace("7100000001,2027-03-31", ","))
    assert [unfit_to_show(found, day) for day in ("2027-03-31", "2027-04-01")] == [1, 2]


def test_the_columns_are_those_of_the_docstring() -> None:
    written = re.findall(
        r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", columns.__doc__ or "", re.MULTILINE))
    )
    assert written == [column.name for column in (*PROPERTIES, *AVAILABILITY, *CLOSURES, *ARTICLES)]


@given(st.binary(max_size=400))
def test_whatever_bytes_a_file_has_it_is_read_or_refused(content: bytes) -> None:
    for raw in (content, HEADER.encode() + b"\n" + content):
        with suppress(Refused):
            read_properties(io.BytesIO(raw))


# ── export ────────────────────────────────────────────────────────────

LEAD = Lead(
    id=7,
    contact="c",
    conversation="c",
    stage="new",
    score=5,
    name='=HYPERLINK("x")',
    phone="+971501234567",
    email=None,
    language="fa",
    wish=Wish(deal="buy", budget=Span(None, 3_000_000), places=("jbr", "deira"), bedrooms=Span(0, 1)),
    source=None,
    source_ref=None,
    created_at=datetime(2026, 11, 30, 6, tzinfo=UTC),
    updated_at=datetime(2026, 11, 30, 6, tzinfo=UTC),
)


def test_a_lead_is_a_record_with_crlf_and_quotes_where_they_are_needed() -> None:
    text = exporting.header() + exporting.row(LEAD)
    assert text.endswith("\r\n")
    (found,) = csv.DictReader(io.StringIO(text, newline=""))
    assert found["name"] == '\'=HYPERLINK("x")'
    assert found["phone"] == "'+971501234567"
    assert (found["budget_from"], found["budget_to"], found["locations"]) == ("", "3000000", "jbr; deira")
    assert (found["bedrooms_from"], found["created_at"]) == ("0", "2026-11-30T06:00:00+00:00")
    assert exporting.header(bom=True).encode().startswith(b"\xef\xbb\xbfid,stage")


@given(st.lists(st.text(max_size=30), min_size=1, max_size=6))
def test_no_cell_begins_a_formula_and_nothing_is_lost(cells: list[str]) -> None:
    (read,) = csv.reader(io.StringIO(exporting.line(cells), newline=""))
    for cell, kept in zip(cells, read, strict=True):
        assert not kept.lstrip().startswith(("=", "+", "-", "@"))
        assert kept in {cell, f"'{cell}"}
