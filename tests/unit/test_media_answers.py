"""What is said of each kind of medium, whatever came of its download, in each language: the table of actors/README.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.brain.language import Language
from actors.media.task import Kind, Result
from actors.messages import MediaReceived, Text
from actors.wording.catalogue import Catalogue
from tests.unit.bot_stage import Stage, plain

README = (Path(__file__).parents[2] / "actors" / "README.md").read_text("utf-8")
NUMBERS: dict[Language, str] = {"en": "marina", "fa": "kish", "ar": "noor", "ru": "palm"}
MARKS = "\u200e\u200f"
LIMIT = 20 * 1024 * 1024
"""Bytes, of what the stage calls too large."""


def table() -> list[tuple[str, str, str]]:
    """Return medium, result and key of each cell."""
    lines = README.partition("| Medium | ")[2].partition("\n\n")[0].splitlines()
    results = [cell.split(", ") for cell in lines[0].strip("|").split(" | ")]
    results[-1][-1] = results[-1][-1].strip(" |")
    found = []
    for line in lines[2:]:
        medium, *keys = (cell.strip().strip("`") for cell in line.strip("|").split("|"))
        for several, key in zip(results, keys, strict=True):
            found += [(medium, result.strip(), key) for result in several]
    return found


CELLS = table()


def test_the_table_has_each_kind_and_each_result() -> None:
    kinds = {medium.split(" ")[0] for medium, *_ in CELLS}
    assert kinds == set(Kind.__args__)  # type: ignore[attr-defined]
    assert {result for _, result, _ in CELLS} == set(Result.__args__)  # type: ignore[attr-defined]
    assert len(CELLS) == 7 * (len(kinds) + 1)


@pytest.mark.parametrize("language", NUMBERS)
async def test_what_is_said_is_the_text_of_the_table(language: Language) -> None:
    stage, catalogue = Stage(NUMBERS[language]), Catalogue.load()
    for medium, result, key in CELLS:
        kind = medium.split(" ")[0]
        mime = "image/png" if "picture" in medium else f"{kind}/x"
        sent = f"{medium}.{result}"
        await stage.play(MediaReceived(id=sent, kind=kind, media="1", mime=mime))  # type: ignore[arg-type]
        (said,) = await stage.play(stage.fetched(result))  # type: ignore[arg-type]
        assert isinstance(said, Text)
        values = {"limit": LIMIT} if result == "too_large" else {}
        expected = catalogue.text(language, key, **values)  # type: ignore[arg-type]
        assert plain(said.body).strip(MARKS) == plain(expected).strip(MARKS), sent
        assert said.quote == sent


@pytest.mark.parametrize("language", NUMBERS)
async def test_what_stands_below_a_medium_is_answered_too(language: Language) -> None:
    stage = Stage(NUMBERS[language])
    await stage.says({"en": "Good evening", "fa": "سلام", "ar": "مرحبا", "ru": "Добрый вечер"}[language])
    await stage.play(MediaReceived(id="m", kind="video", media="1", mime="video/mp4", caption="Villa, JVC"))
    (said,) = await stage.play(stage.fetched("stored"))
    assert stage.state.part({"en": 2, "fa": 3, "ar": 4, "ru": 5}[language]).wish.kind == "villa"
    assert getattr(said, "quote", "") == "m"
