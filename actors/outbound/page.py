"""A sheet as a PDF of one page: text shaped and ordered for its script, the font in it, the picture made small.

The same sheet and picture give the same bytes. Lines are broken here, in the order in which they are read, for the
library orders a text before it breaks it. What draws is imported only when something is drawn, or each start would wait.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Final

from actors.outbound.fact_sheet import Sheet
from actors.wording.direction import FSI, LRI, LRM, PDI, RLM

if TYPE_CHECKING:
    from fpdf import FPDF

_FONTS = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
_WIDTH, _MARGIN = 210.0, 18.0  # millimetres
_INNER: Final = _WIDTH - 2 * _MARGIN
_NAMES: Final = 62.0  # the column of the names of facts
_PICTURE_HEIGHT: Final = 88.0
_BOTTOM: Final = 278.0
_INK, _PALE, _ACCENT, _RULE = (28, 32, 38), (104, 112, 122), (18, 86, 92), (214, 218, 222)
_PIXELS: Final = (1200, 800)
_MOST_PIXELS: Final = 25_000_000  # of a picture that is read at all: so many take 100 MB
_MADE: Final = datetime(2000, 1, 1, tzinfo=UTC)  # a sheet says nothing of when it was drawn
_UNSEEN: Final = frozenset((FSI, LRI, PDI, LRM, RLM, "\u200c", "\u200d"))


def draw(sheet: Sheet, picture: bytes = b"") -> bytes:
    """Return the PDF of a sheet, with a JPEG or PNG; without one that cannot be read. Takes 30 to 150 ms."""
    page = _Page(sheet)
    page.head()
    if (small := _small(picture)) is not None:
        page.picture(*small)
    page.body()
    return page.bytes()


class _Page:
    """A page that is drawn from top to bottom."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._pdf = _blank(sheet)
        self._side = "R" if sheet.leftward else "L"
        self._y = _MARGIN

    def head(self) -> None:
        self._pdf.set_fill_color(*_ACCENT)
        self._pdf.rect(0, 0, _WIDTH, 6, style="F")
        other = "L" if self._sheet.leftward else "R"
        heading = self._lines(self._sheet.heading, _INNER * 0.4, 11, "")[:1]
        self._put(heading, _MARGIN, _INNER, 6.5, other, 11, "", _PALE)
        agency = self._lines(self._sheet.agency, _INNER * 0.58, 13, "B")
        self._y += self._put(agency, _MARGIN, _INNER, 6.5, self._side, 13, "B", _ACCENT) + 4

    def picture(self, content: bytes, width: int, height: int) -> None:
        """Draw a picture as wide as the page has room for, in the middle."""
        scale = min(_INNER / width, _PICTURE_HEIGHT / height)
        broad, tall = width * scale, height * scale
        self._pdf.image(BytesIO(content), (_WIDTH - broad) / 2, self._y, broad, tall)
        self._y += tall + 6

    def body(self) -> None:
        sheet = self._sheet
        self._paragraph(sheet.title, 19, 9, "B", _INK, after=1)
        self._paragraph(sheet.summary, 12, 6.5, "", _PALE, after=4)
        for name, value in sheet.rows:
            self._row(name, value)
        self._rule()
        self._y += 3
        for remark in sheet.remarks:
            self._paragraph(remark, 12, 6.5, "", _INK, after=2)
        self._y += 4
        self._paragraph(sheet.foot, 9, 5, "", _PALE, after=0)

    def bytes(self) -> bytes:
        return bytes(self._pdf.output())

    def _row(self, name: str, value: str) -> None:
        names = self._lines(name, _NAMES - 4, 11, "")
        values = self._lines(value, _INNER - _NAMES, 12, "B")
        self._rule()
        leftward = self._sheet.leftward
        at = _WIDTH - _MARGIN - _NAMES if leftward else _MARGIN
        self._y += 2
        tall = self._put(names, at, _NAMES, 6.5, self._side, 11, "", _PALE)
        at = _MARGIN if leftward else _MARGIN + _NAMES
        self._y += max(tall, self._put(values, at, _INNER - _NAMES, 6.5, self._side, 12, "B", _INK)) + 2

    def _rule(self) -> None:
        self._pdf.set_draw_color(*_RULE)
        self._pdf.line(_MARGIN, self._y, _WIDTH - _MARGIN, self._y)

    def _paragraph(
        self, text: str, size: int, step: float, style: str, colour: Sequence[int], *, after: float
    ) -> None:
        lines = self._lines(text, _INNER, size, style)
        self._y += self._put(lines, _MARGIN, _INNER, step, self._side, size, style, colour) + after

    def _put(
        self,
        lines: Sequence[str],
        x: float,
        width: float,
        step: float,
        side: str,
        size: int,
        style: str,
        colour: Sequence[int],
    ) -> float:
        """Draw lines one below the other from here on, as far as the page goes; return their height."""
        self._pdf.set_font("sheet", style, size)
        self._pdf.set_text_color(*colour)
        room = max(0, int((_BOTTOM - self._y) / step))
        for place, line in enumerate(lines[:room]):
            self._pdf.set_xy(x, self._y + place * step)
            self._pdf.cell(width, step, line, align=side)
        return len(lines[:room]) * step

    def _lines(self, text: str, width: float, size: int, style: str) -> Sequence[str]:
        """Break a text, at spaces where it can be, into lines of at most this width."""
        self._pdf.set_font("sheet", style, size)
        drawn = self._drawable(text, style)
        lines: list[str] = []
        for word in self._pieces(drawn, width):
            together = f"{lines[-1]} {word}" if lines else word
            if lines and self._pdf.get_string_width(together) <= width:
                lines[-1] = together
            else:
                lines.append(word)
        return lines

    def _pieces(self, text: str, width: float) -> Iterator[str]:
        """Yield the words of a text, one that is too wide in parts."""
        for word in text.split(" "):
            rest = word
            while len(rest) > 1 and self._pdf.get_string_width(rest) > width:
                end = next(n for n in range(len(rest) - 1, 0, -1) if self._fits(rest[:n], width) or n == 1)
                yield rest[:end]
                rest = rest[end:]
            if rest:
                yield rest

    def _fits(self, text: str, width: float) -> bool:
        return self._pdf.get_string_width(text) <= width

    def _drawable(self, text: str, style: str) -> str:
        """Return a text without what the font has no picture of: a box says less than nothing."""
        from fpdf.fonts import TTFFont  # noqa: PLC0415 - see above

        font = self._pdf.fonts[f"sheet{style}"]
        known = font.cmap if isinstance(font, TTFFont) else {}
        return "".join(char for char in text if char in _UNSEEN or ord(char) in known)


def _blank(sheet: Sheet) -> FPDF:
    from fpdf import FPDF  # noqa: PLC0415 - see above

    pdf = FPDF()
    pdf.set_creation_date(_MADE)
    pdf.set_title(sheet.title)
    pdf.set_author(sheet.agency)
    pdf.set_lang(sheet.language)
    pdf.set_auto_page_break(False)
    pdf.c_margin = 0
    for style, font in _FONTS.items():
        pdf.add_font("sheet", style, str(files("actors.outbound").joinpath("fonts", font)))
    pdf.add_page()
    pdf.set_text_shaping(direction="rtl" if sheet.leftward else "ltr")
    return pdf


def _small(content: bytes) -> tuple[bytes, int, int] | None:
    """Return a picture as a JPEG that is no larger than a page needs, and its size; None where it cannot be read."""
    if not content:
        return None
    from PIL import Image, ImageOps  # noqa: PLC0415 - see above

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # we have a limit of our own
            opened = Image.open(BytesIO(content), formats=("JPEG", "PNG"))
        with opened:
            if opened.width * opened.height > _MOST_PIXELS:
                return None
            opened.draft("RGB", _PIXELS)
            picture = ImageOps.exif_transpose(opened).convert("RGBA")
    except (
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
    ):  # what Pillow says of what is none
        return None
    picture.thumbnail(_PIXELS)
    seen = Image.new("RGBA", picture.size, "white")
    seen.alpha_composite(picture)
    small = BytesIO()
    seen.convert("RGB").save(small, "JPEG", quality=85)
    return small.getvalue(), picture.width, picture.height
