"""The group of all commands. An app's own are imported when one of them is called: starting takes no longer with them."""

from __future__ import annotations

from collections.abc import Callable

import click
from typing_extensions import override

Load = Callable[[], click.Command]


class CommandGroup(click.Group):
    """A group that may hold commands by name alone. Their help, and a list of all, imports them."""

    def __init__(self, name: str, summary: str) -> None:
        """Hold nothing yet."""
        super().__init__(name, help=summary)
        self._later: dict[str, Load] = {}

    def add_later(self, name: str, load: Load) -> None:
        """Hold a command that `load` returns when it is wanted; it replaces one of that name."""
        self._later[name] = load

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.commands, *self._later})

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if (load := self._later.pop(cmd_name, None)) is not None:
            self.add_command(load(), cmd_name)
        return super().get_command(ctx, cmd_name)
