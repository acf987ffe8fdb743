"""How a command that fails ends, for its report: the exit code, and why in one line that holds no secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from config import SettingsError
from runtime.cli.words import PLAIN_FAULTS, CommandFailed
from runtime.ingress.serving import describe
from runtime.serve.life import Life


@contextmanager
def reported(path: Path | None) -> Iterator[Life]:
    """Lend a life whose report is in `path`, and tell it of whatever leaves the block; that it ended well is not told.

    Raises CommandFailed where the report cannot be written.
    """
    life = Life(path)
    try:
        life.write()
    except OSError as fault:
        raise CommandFailed(f"--report: cannot write {path}: {fault.strerror or fault}") from fault
    try:
        yield life
    except BaseException as error:
        life.ended(*end_of(error))
        raise


def end_of(error: BaseException) -> tuple[int, str]:
    """Return the exit code of a command that a fault has ended, and the reason; of a fault of ours its type and place."""
    leaves = list(_leaves(error))
    if any(isinstance(leaf, KeyboardInterrupt) for leaf in leaves):
        return 130, "interrupted"
    plain = [leaf for leaf in leaves if isinstance(leaf, PLAIN_FAULTS)]
    if len(plain) == len(leaves):
        return (2 if isinstance(plain[0], SettingsError) else 1), str(plain[0])
    if isinstance(error, click.UsageError):
        return 2, error.format_message()
    return 1, "; ".join(describe(error))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
