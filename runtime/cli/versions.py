"""`majlis version`: which version this is, what it is made of, and under which licences. It needs no settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click
import msgspec

from config import payload
from runtime.cli.contents import LICENCES, Contents, Part, contents, licence_files, packages, part_of
from runtime.cli.telling import lines_of
from runtime.cli.words import json_option, plainly


@click.command("version")
@json_option
@click.option(
    "--full", is_flag=True, help="And what it is made of: packages, servers, libraries, with licences."
)
@click.option("--licences", is_flag=True, help="Where the texts of these licences are.")
@click.option(
    "--config", type=click.Path(path_type=Path), expose_value=False, help="Taken, as by every command."
)
@plainly
def version_command(as_json: bool, full: bool, licences: bool) -> None:
    """Print the version."""
    if licences:
        texts = _texts()
        click.echo(
            json.dumps({name: list(map(str, files)) for name, files in texts}) if as_json else _listed(texts)
        )
    elif full:
        whole = contents()
        click.echo(msgspec.json.encode(whole).decode() if as_json else "\n".join(_told(whole)))
    else:
        number = version("majlis")
        click.echo(json.dumps({"version": number}) if as_json else f"majlis {number}")


def _told(whole: Contents) -> Iterator[str]:
    needs = f" (needs {whole.needs_glibc})" if whole.needs_glibc else ""
    yield f"majlis {whole.version}"
    yield from lines_of(
        [
            ("commit", whole.commit or "unknown"),
            ("python", whole.python),
            ("platform", whole.platform),
            ("glibc", (whole.glibc or "none") + needs),
            ("runs from", "one file" if whole.binary else "installed packages"),
        ]
    )
    kinds = {"packages": whole.packages, "servers": whole.servers, "libraries": whole.libraries}
    for kind, parts in kinds.items():
        yield from ("", f"{kind}:", *_rows(parts)) if parts else ("", f"{kind}: none")


def _rows(parts: tuple[Part, ...]) -> list[str]:
    return lines_of([(f"  {part.name}", part.version, part.licence) for part in parts])


def _texts() -> list[tuple[str, list[Path]]]:
    """Return the names of parts, each with the files of its licence."""
    folder = payload()
    if folder is None:
        return [(part_of(one).name, licence_files(one)) for one in packages()]
    places = sorted((folder / LICENCES).iterdir())
    return [(place.name, sorted(path for path in place.rglob("*") if path.is_file())) for place in places]


def _listed(texts: list[tuple[str, list[Path]]]) -> str:
    return "\n".join(line for name, files in texts for line in (f"{name}:", *(f"  {file}" for file in files)))
