"""What a process says when something went wrong that nobody raised: warnings, logged errors, exceptions in finalizers.

Counts while a block runs; whatever would have been printed is still printed. It knows nothing of what is fine.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import structlog
from typing_extensions import override

_MOST = 100  # different things to say that are kept by name; further ones are counted as one
_SERIOUS = ("error", "exception", "critical")


class Noise(logging.Handler):
    """What was heard, by its first words; made by `listening`."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.warnings: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Count a record of `logging`."""
        _count(self.errors, f"{record.name}: {record.msg}")

    def process(
        self, _: object, method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        """Count a line of structlog and pass it on."""
        if method in _SERIOUS:
            _count(self.errors, str(event.get("event")))
        return event

    def warn(self, message: Warning | str, category: type[Warning]) -> None:
        """Count a warning."""
        _count(self.warnings, f"{category.__name__}: {message}")

    def unraisable(self, args: sys.UnraisableHookArgs) -> None:
        """Count an exception that a finalizer raised to nobody."""
        _count(self.errors, f"unraisable {args.exc_type.__name__} in {args.object!r}")


def _count(counter: Counter[str], what: str) -> None:
    counter[what[:200] if what[:200] in counter or len(counter) < _MOST else "..."] += 1


@contextmanager
def listening() -> Iterator[Noise]:
    """Hear warnings, each time they are given, errors of `logging` and structlog, and unraisable exceptions."""
    noise = Noise()
    before = structlog.get_config()["processors"]
    root = logging.getLogger()
    unraisable = sys.unraisablehook

    def unraisable_too(args: sys.UnraisableHookArgs, /) -> None:
        noise.unraisable(args)
        unraisable(args)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        shown = warnings.showwarning

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            noise.warn(message, category)
            shown(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        structlog.configure(processors=[noise.process, *before])
        root.addHandler(noise)
        sys.unraisablehook = unraisable_too
        try:
            yield noise
        finally:
            sys.unraisablehook = unraisable
            root.removeHandler(noise)
            structlog.configure(processors=before)
