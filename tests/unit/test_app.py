"""An app that cannot work is told before it serves, and so is a module that cannot be loaded."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest

from runtime import Actor, App, Event, Turn
from runtime.cli import load_app


class Fresh(msgspec.Struct):
    count: int = 0


class Required(msgspec.Struct):
    count: int


class Silent(Actor[Fresh]):
    async def receive(self, turn: Turn[Fresh], event: Event) -> None: ...


class Deaf(Actor[Fresh]):
    pass


class Unready(Actor[Required]):
    async def receive(self, turn: Turn[Required], event: Event) -> None: ...


@pytest.mark.parametrize(
    ("actor", "told"),
    [
        (Silent, "an instance and not its class"),
        (Deaf(), "Deaf has no receive"),
        (Unready(), "Required.count needs a default"),
    ],
)
def test_an_app_whose_actor_cannot_work_is_refused(actor: Actor[Fresh], told: str) -> None:
    assert App("good", Silent()).name == "good"
    with pytest.raises(TypeError, match=told):
        App("bad", actor)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory whose modules are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import no_such_module", r"No module named 'no_such_module' .*broken_app_0\.py:1"),
        ("\n1 / 0", r"ZeroDivisionError: .*broken_app_1\.py:2"),
        ("def (", r"SyntaxError: .*broken_app_2\.py, line 1"),
        ("app = 5", "is not an App"),
        ("", "has no attribute 'app'"),
    ],
)
def test_a_module_that_cannot_be_loaded_is_told_with_its_line(
    folder: Path, request: pytest.FixtureRequest, text: str, told: str
) -> None:
    number = request.node.callspec.indices["text"]
    (folder / f"broken_app_{number}.py").write_text(text)
    with pytest.raises(click.BadParameter, match=told):
        load_app(f"broken_app_{number}:app")


@pytest.mark.parametrize("name", ["", ":", ":app", "app", "app:", ".:app", "..x:app", "a b:app"])
def test_what_is_not_module_and_attribute_is_told(name: str) -> None:
    with pytest.raises(click.BadParameter, match=r"is not module:attribute"):
        load_app(name)
