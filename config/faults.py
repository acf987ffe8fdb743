"""The one error of the settings, and the list that gathers faults so that they are told together."""

import difflib
from collections.abc import Iterable


class SettingsError(Exception):
    """The settings cannot be used. Each line of the message is `path: what is wrong (did you mean ...?)`."""


class Faults:
    """Faults found so far, in the order they were found. Holds no value of a setting: it may be secret."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, path: str, wrong: str) -> None:
        """Note that the setting at `path` is `wrong`."""
        self._lines.append(f"{path}: {wrong}")

    def raise_if_any(self) -> None:
        """Raise SettingsError with every fault, one a line, or return when there is none."""
        if self._lines:
            raise SettingsError("\n".join(self._lines))


def did_you_mean(name: str, known: Iterable[str], prefix: str = "") -> str:
    """Return ` (did you mean X?)` for the known name nearest to `name`, or nothing when none is near.

    `prefix` is put before the hint; it is no part of the names, which it would make alike.
    """
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" (did you mean {prefix}{near[0]}?)" if near else ""
