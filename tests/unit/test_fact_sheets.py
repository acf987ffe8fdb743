"""Fact sheets as pictures: each language's is drawn, rendered to build/fact-sheets, and looked at as a reader would."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from actors.agency.drawing import draw as painted
from actors.brain.language import Language
from actors.outbound.fact_sheet import Sheet, digest_of, sheet_of
from actors.outbound.page import draw
from actors.wording.cards import ListingFacts
from actors.wording.texts import Wording

OUTPUT = Path(__file__).parents[2] / "build" / "fact-sheets"
LANGUAGES: tuple[Language, ...] = get_args(Language)
WORDING = Wording.load()
SCALE = 1.5
MARGIN = 18 / 25.4 * 72  # points
TITLES: Mapping[Language, tuple[str, str]] = {
    "en": ("Apartment with 2 bedrooms, Dubai Marina", "Dubai Marina"),
    "fa": ("آپارتمان ۲ خوابه، دبی مارینا", "دبی مارینا"),
    "ar": ("شقة، غرف النوم: 2، دبي مارينا", "دبي مارينا"),
    "ru": ("Апартаменты, спален: 2, Дубай Марина", "Дубай Марина"),
}
PRICES: Mapping[Language, str] = {
    "en": "AED3,000,000",
    "fa": "۳٬۰۰۰٬۰۰۰",
    "ar": "3,000,000",
    "ru": "3000000",
}


def sheet(language: Language, agency: str = "Palm Estates", **more: object) -> Sheet:
    title, place = TITLES[language]
    facts = {
        "deal": "buy",
        "kind": "apartment",
        "price": 3_000_000,
        "bedrooms": 2,
        "bathrooms": 2,
        "square_metres": 112,
        "amenities": frozenset({"pool", "sea_view", "gym", "parking"}),
        "rental_yield": 6.75,
        "visa_years": 10,
        "permit": "7112345678",
        "reference": "MA-101",
        "title": title,
        "place": place,
        **more,
    }
    return sheet_of(WORDING, language, agency, ListingFacts(**facts))  # type: ignore[arg-type]


def look(content: bytes) -> tuple[Image.Image, Sequence[str], Sequence[tuple[float, float, float, float]]]:
    """Return the only page as a picture, its lines with letters as they stand from left to right, and their boxes."""
    document = pypdfium2.PdfDocument(content)
    assert len(document) == 1
    page = document[0]
    picture = page.render(scale=SCALE).to_pil()
    text = page.get_textpage()
    lines: dict[int, list[tuple[float, str]]] = defaultdict(list)
    boxes = []
    for place in range(text.count_chars()):
        letter = text.get_text_range(place, 1)
        left, bottom, right, top = text.get_charbox(place, loose=True)
        if letter.strip() and right > left:
            lines[round(bottom)].append((left, letter))
            boxes.append((left, bottom, right, top))
    document.close()
    return picture, ["".join(letter for _, letter in sorted(line)) for line in lines.values()], boxes


def ink(picture: Image.Image, top: float, bottom: float) -> Iterator[int]:
    """Yield the columns, in pixels, that are dark somewhere between two heights, in points from above."""
    band = picture.convert("L").crop((0, round(top * SCALE), picture.width, round(bottom * SCALE)))
    dark = band.point(lambda grey: 255 if grey < 140 else 0)
    for column in range(band.width):
        if dark.crop((column, 0, column + 1, band.height)).getbbox() is not None:
            yield column


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sheet_is_read_in_its_language_and_direction(language: Language) -> None:
    content = draw(sheet(language), painted("apartment", "a tower"))
    OUTPUT.mkdir(parents=True, exist_ok=True)
    (OUTPUT / f"{language}.pdf").write_bytes(content)
    picture, lines, boxes = look(content)
    picture.save(OUTPUT / f"{language}.png")

    whole = "\n".join(lines).replace("\u00a0", "").replace("\u202f", "")
    for said in (PRICES[language], "MA-101", "7112345678", "PalmEstates"):
        assert said in whole, said  # digits, codes and names keep their order among letters that run leftward
    assert all(left >= MARGIN - 1 and right <= 595.3 - MARGIN + 1 for left, _, right, _ in boxes)
    columns = list(ink(picture, 340, 372))  # the title, below the picture
    middle = (columns[0] + columns[-1]) / 2 / SCALE
    if language in ("fa", "ar"):
        assert abs(columns[-1] / SCALE - (595.3 - MARGIN)) < 4
        assert middle > 297
    else:
        assert abs(columns[0] / SCALE - MARGIN) < 4
        assert middle < 320
    assert len(content) < 200_000


def test_letters_that_join_are_drawn_joined() -> None:
    joined, *_ = look(draw(sheet("fa", title="سسسسسس")))
    apart, *_ = look(draw(sheet("fa", title="رررررر")))  # never joined to what follows

    def groups(picture: Image.Image) -> int:
        columns = list(ink(picture, 80, 107))
        return 1 + sum(after > before + 1 for before, after in pairwise(columns))

    assert groups(joined) == 1
    assert groups(apart) > 1


def test_the_font_has_all_letters_of_all_catalogues() -> None:
    from fontTools.ttLib import TTFont

    home = Path(__file__).parents[2]
    written = "".join(path.read_text("utf-8") for path in (home / "config" / "locales").glob("*.ftl"))
    places = (home / "actors" / "agency" / "places.toml").read_text("utf-8")
    for font in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"):
        known = TTFont(home / "actors" / "outbound" / "fonts" / font).getBestCmap()
        lacking = {letter for letter in written + places if letter.isalnum() and ord(letter) not in known}
        assert not lacking, font


def test_a_letter_that_the_font_lacks_leaves_no_box() -> None:
    with_it, without = draw(sheet("en", "Palm 株式会社 Estates")), draw(sheet("en", "Palm  Estates"))
    assert look(with_it)[0].tobytes() == look(without)[0].tobytes()


def test_the_same_facts_are_the_same_bytes_in_any_process_and_other_facts_are_others() -> None:
    told = sheet("ar")
    program = (
        "from tests.unit.test_fact_sheets import draw, painted, sheet; import hashlib;"
        "print(hashlib.sha256(draw(sheet('ar'), painted('villa', 'x'))).hexdigest())"
    )
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONHASHSEED"}
    home = Path(__file__).parents[2]
    prints = {
        subprocess.run(  # noqa: S603
            [sys.executable, "-c", program],
            env={**environ, "PYTHONHASHSEED": seed},
            cwd=home,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(prints) == 1
    assert digest_of(told, "p") == digest_of(sheet("ar"), "p")
    others = [digest_of(told, "q"), digest_of(sheet("ar", price=1), "p"), digest_of(sheet("fa"), "p")]
    assert len({digest_of(told, "p"), *others}) == 4


@pytest.mark.parametrize(
    "picture", [b"", b"GIF89a", painted("villa", "x")[:900], b"\x89PNG\r\n\x1a\n" + b"\0" * 100]
)
def test_a_picture_that_cannot_be_read_is_left_out(picture: bytes) -> None:
    assert look(draw(sheet("en"), picture))[0].tobytes() == look(draw(sheet("en")))[0].tobytes()


def _claims(width: int, height: int) -> bytes:
    """Return a PNG that says it is so large."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


@pytest.mark.parametrize("side", [5001, 10_000, 60_000])
def test_a_picture_that_would_fill_the_memory_is_not_read(side: int) -> None:
    assert look(draw(sheet("en"), _claims(side, side)))[0].tobytes() == look(draw(sheet("en")))[0].tobytes()


def test_what_is_transparent_in_a_picture_is_white() -> None:
    clear = BytesIO()
    Image.new("RGBA", (300, 200), (0, 0, 0, 0)).save(clear, "PNG")
    page, *_ = look(draw(sheet("en"), clear.getvalue()))
    assert page.getpixel((page.width // 2, round(150 * SCALE))) == (255, 255, 255)


def test_a_picture_of_any_shape_and_size_is_made_to_fit() -> None:
    for size in ((3000, 200), (200, 3000), (4000, 3000)):
        large = BytesIO()
        Image.new("RGB", size, (10, 120, 200)).save(large, "PNG")
        content = draw(sheet("en"), large.getvalue())
        assert len(content) < 200_000
        assert any("MA-101" in line for line in look(content)[1])


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(LANGUAGES), st.text(max_size=200), st.text(max_size=300))
def test_names_of_any_length_in_any_script_stay_on_the_page(
    language: Language, agency: str, title: str
) -> None:
    _, _, boxes = look(draw(sheet(language, agency or "x", title=title)))
    assert all(left >= MARGIN - 2 and right <= 595.3 - MARGIN + 2 for left, _, right, _ in boxes)
    assert all(bottom > 20 for _, bottom, _, _ in boxes)
