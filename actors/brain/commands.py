"""What a person may command: a slash and a word, alone in a message. Pure; who may command what is not known here."""

from __future__ import annotations

import re
from typing import Final, Literal, get_args

from actors.brain.folding import fold

Command = Literal["human", "resume", "menu", "start", "back", "cancel", "skip", "help", "stop", "language"]
COMMANDS: tuple[Command, ...] = get_args(Command)

LONGEST: Final = 40
"""Characters of a message that may be a command."""

_COMMAND = re.compile(r"/ ?([a-z]+)[.!]?")
_SAME: Final[dict[str, Command]] = {
    **{command: command for command in COMMANDS},
    "agent": "human",
    "operator": "human",
    "bot": "resume",
    "unsubscribe": "stop",
    "lang": "language",
}


def command(text: str) -> Command | None:
    """Return the command that is the whole of `text`, in any case, with spaces around; None for anything else."""
    if len(text) > LONGEST or "/" not in text:
        return None
    found = _COMMAND.fullmatch(fold(text))
    return _SAME.get(found[1]) if found else None
