"""Log lines: JSON for machines, readable on a terminal; always on stderr, one line an event.

A line's words are `msg`. A line about a turn carries `conversation`, `channel`, `event` (its number, or a timer's name),
`turn` (the version that it would commit) and what the app has named; one about a send or work `conversation`, `effect`
and `channel`: see `runtime.actor.concern`. What is repeated too often is counted, and what looks like a secret is masked.
"""

from __future__ import annotations

import logging
import sys
from contextvars import Context
from functools import partial
from typing import Any

import structlog

from runtime.actor.concern import EVENT, add_concern
from runtime.serve.redaction import mask_line
from runtime.serve.repeats import Repeats

_WORDS = "msg"


def set_up_logs(level: str) -> Repeats:
    """Send structlog, and whatever libraries say through `logging`, to stderr at this level ("info", ...).

    Return what holds back repeated lines: whoever runs for long lets it `flush` now and then.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    readable = sys.stderr.isatty()
    repeats = Repeats(partial(_tell_repeats, structlog.get_logger("runtime.serve.logs")))
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        add_concern,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = [
        structlog.processors.format_exc_info,
        mask_line,
        structlog.processors.EventRenamer(_WORDS, EVENT),
        structlog.dev.ConsoleRenderer(event_key=_WORDS) if readable else structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=[partial(_hold_back, repeats), *shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(lambda record: repeats.admit(record.levelname.lower(), f"{record.name}: {record.msg}"))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)
    return repeats


def _hold_back(
    repeats: Repeats, _logger: Any, method: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Drop a line that is like too many others of this second."""
    if not repeats.admit(method, str(line.get("event"))):
        raise structlog.DropEvent
    return line


def _tell_repeats(log: Any, level: str, words: str, number: int) -> None:
    """Write the one line that stands for many; it is of its own kind, so nothing holds it back."""
    write = getattr(log, level, log.warning)
    Context().run(write, f"{number} more like this", like=words[:200])  # it is about no turn
