"""What all commands share: their options, what they say of faults, their exit codes and how they print facts."""

from __future__ import annotations

import functools
import importlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from traceback import extract_tb
from typing import NoReturn, ParamSpec, TypeVar

import click

from config import Settings, SettingsError, load
from runtime.app import App
from runtime.drill.process import ServeFailed
from runtime.ingress.operator import OperatorError
from runtime.ingress.serving import ListenError
from runtime.journal.backup_file import BackupDamaged, BackupFailed
from runtime.journal.migrations import SchemaMismatch
from runtime.journal.restore import RestoreRefused
from runtime.resources.data_dir import StartFailed
from runtime.resources.errors import ResourceUnavailable, UnusableUrl
from runtime.resources.postgres_tools import ToolFailed
from runtime.serve.place import PlaceTaken

P = ParamSpec("P")
T = TypeVar("T")


class CommandFailed(Exception):
    """A command cannot do what it was asked; the message says why and what to do. For the app's own commands."""


#: Faults whose message is all that a person needs.
PLAIN_FAULTS = (
    CommandFailed,
    SettingsError,
    PlaceTaken,
    StartFailed,
    ServeFailed,
    ListenError,
    SchemaMismatch,
    ResourceUnavailable,
    UnusableUrl,
    OperatorError,
    BackupFailed,
    BackupDamaged,
    RestoreRefused,
    ToolFailed,
)


def settings_options(command: Callable[P, None]) -> Callable[P, None]:
    """Give a command `--config`, `--demo` and `--data-dir`; `read_settings` takes what they give."""
    for option in (
        click.option(
            "--data-dir", type=click.Path(file_okay=False), callback=_given, help="Instead of the settings'."
        ),
        click.option("--demo", is_flag=True, help="With the demo's tenants and channels."),
        click.option("--config", type=click.Path(dir_okay=False), callback=_given, help="Settings in TOML."),
    ):
        command = option(command)
    return command


def app_option(default: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Give a command `--app`, as `app_name`; `load_app` takes it."""
    return click.option("--app", "app_name", default=default, show_default=True, metavar="MODULE:ATTR")


json_option = click.option("--json", "as_json", is_flag=True, help="Facts as JSON.")


def _given(_context: click.Context, _parameter: click.Parameter, path: str | None) -> Path | None:
    """Take a path as it stands. Not as click does: "" (a variable that is not set) would be the working directory."""
    if path is not None and not path.strip():
        raise click.BadParameter("is empty")
    return None if path is None else Path(path)


def read_settings(
    config: Path | None,
    demo: bool,
    data_dir: Path | None,
    flags: Mapping[str, object] | None = None,
    *,
    keep: bool = True,
) -> Settings:
    """Return the settings that a command's options ask for; only with `keep` are drawn demo secrets written down.

    Raises SettingsError.
    """
    return load(config=config, demo=demo, flags={"data_dir": data_dir, **(flags or {})}, keep=keep)


def load_app(name: str) -> App:
    """Return the app that "module:attribute" names; the working directory may hold the module."""
    return load_named(name, App, "--app")


def load_named(name: str, kind: type[T], option: str) -> T:
    """Return what "module:attribute" names, a `kind` given by an option; the working directory may hold the module."""
    module, _, attribute = name.partition(":")
    if not attribute or not all(part.isidentifier() for part in module.split(".")):
        raise click.BadParameter(f"{name!r} is not module:attribute", param_hint=option)
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # behind everything else, so that nothing of ours is shadowed
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:
        told = f"{name!r} cannot be loaded: {type(error).__name__}: {error}{_place(error)}"
        raise click.BadParameter(told, param_hint=option) from error
    if not isinstance(found, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise click.BadParameter(f"{name!r} is not {article} {kind.__name__}", param_hint=option)
    return found


def _place(error: Exception) -> str:
    """Return the line of the user's own where loading a module went wrong, "" if no line of theirs ran."""
    frames = [frame for frame in extract_tb(error.__traceback__) if "importlib" not in frame.filename]
    return "" if frames[-1].filename == __file__ else f" ({frames[-1].filename}:{frames[-1].lineno})"


def plainly(command: Callable[P, int | None]) -> Callable[P, NoReturn]:
    """Turn faults that a person can mend into one line on stderr, and the command's result into the exit code."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> NoReturn:
        try:
            code = command(*args, **kwargs)
        except KeyboardInterrupt:
            sys.exit(130)
        except PLAIN_FAULTS as error:
            fail(error)
        except BaseExceptionGroup as group:
            if group.subgroup(KeyboardInterrupt):
                sys.exit(130)
            plain, rest = group.split(PLAIN_FAULTS)
            if rest is None and plain is not None:
                fail(_leaf(plain))
            raise
        sys.exit(code or 0)

    return run


def fail(error: BaseException) -> NoReturn:
    """End the command with what went wrong; settings are the caller's words, so they count as usage."""
    click.echo(f"majlis: {error}", err=True)
    sys.exit(2 if isinstance(error, SettingsError) else 1)


def _leaf(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group


def print_facts(report: object, as_json: bool) -> None:
    """Print a nested report, as JSON or as lines "a.b.c = value"."""
    click.echo(json.dumps(report) if as_json else "\n".join(_lines(report)))


def _lines(value: object, path: Sequence[str] = ()) -> list[str]:
    """Return a nested report as lines "a.b.c = value"."""
    if isinstance(value, dict):
        return [line for key, inner in value.items() for line in _lines(inner, (*path, str(key)))]
    return [f"{'.'.join(path)} = {value if isinstance(value, str) else json.dumps(value)}"]
