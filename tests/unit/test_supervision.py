"""What is said of a fault: the way to its cause, by file and line, and not a word of its message."""

from __future__ import annotations

import json
import re

from runtime.actor.supervision import origin


def fault_of(depth: int) -> Exception:
    """Return a fault that the standard library raises below `depth` frames of this file."""

    def descend(left: int) -> None:
        if left:
            descend(left - 1)
        else:
            json.loads("a secret")

    try:
        descend(depth)
    except ValueError as fault:
        return fault
    raise AssertionError("a secret is no JSON")


def test_the_line_of_ones_own_is_named_before_the_librarys() -> None:
    way = origin(fault_of(0))
    assert re.fullmatch(r"test_supervision\.py:\d+ > test_supervision\.py:\d+ > .*decoder\.py:\d+", way)
    assert "secret" not in way


def test_a_long_way_keeps_its_beginning_and_its_end() -> None:
    way = origin(fault_of(100)).split(" > ")
    assert len(way) == 9
    assert (way[0][:19], way[4], way[-1][:10]) == ("test_supervision.py", "...", "decoder.py")


def test_frames_of_who_only_called_are_left_out() -> None:
    assert re.fullmatch(r"__init__\.py:\d+ > decoder\.py:\d+ > .*", origin(fault_of(100), below=__file__))


def test_a_fault_that_was_never_raised_has_no_way() -> None:
    assert origin(ValueError("a secret")) == "?"
