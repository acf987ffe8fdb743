"""Media go when they are older than they are kept: an hour between two rounds, a batch of one folder in a step."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import trio
from structlog.testing import capture_logs

from actors.media.expiry import Expiry, ExpiryStatistics
from actors.media.files import BATCH, FOLDERS, MediaFiles

DAY = 86400.0


def stored(root: Path, name: str, days: float) -> Path:
    """Put a file of 10 bytes there that was written so many days ago."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(10))
    then = time.time() - days * DAY
    os.utime(path, (then, then))
    return path


async def test_what_is_older_goes_and_nothing_else(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    old = [stored(tmp_path, f"{folder}/{folder}-old.jpg", 8) for folder in (FOLDERS[0], "5c", FOLDERS[-1])]
    young = stored(tmp_path, "5c/5c-young.jpg", 6)
    draft = stored(tmp_path, "drafts/half", 8)
    strange = stored(tmp_path, "kept by hand/letter.pdf", 800)
    (tmp_path / "5c" / "link.jpg").symlink_to(strange)
    expiry = Expiry()
    await expiry.go_on(MediaFiles(tmp_path), 7)
    assert not any(path.exists() for path in old)
    assert young.exists()
    assert draft.exists()
    assert strange.exists()
    assert (tmp_path / "5c" / "link.jpg").is_symlink()
    assert expiry.statistics() == ExpiryStatistics(files=3, bytes=30, failures=0)


async def test_zero_days_are_for_ever_and_no_directory_is_no_fault(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    old = stored(tmp_path, "5c/old.jpg", 4000)
    expiry = Expiry()
    await expiry.go_on(MediaFiles(tmp_path), 0)
    await expiry.go_on(MediaFiles(tmp_path / "nowhere"), 1)
    assert old.exists()
    assert expiry.statistics() == ExpiryStatistics(0, 0, 0)


async def test_who_keeps_media_for_a_time_of_their_own_has_it(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    paths = {
        (owner, days): stored(tmp_path, f"5c/a-{days}{owner}.jpg", days)
        for owner in ("", ".of1", ".of12", ".of2")
        for days in (2, 8, 400)
    }
    await Expiry().go_on(MediaFiles(tmp_path), 7, {"1": 1, "2": 0})
    left = {key for key, path in paths.items() if path.exists()}
    assert left == {("", 2), (".of12", 2), (".of2", 2), (".of2", 8), (".of2", 400)}
    await Expiry().go_on(MediaFiles(tmp_path), 0, {"2": 7})
    assert {key for key in left if paths[key].exists()} == {("", 2), (".of12", 2), (".of2", 2)}


async def test_a_step_removes_a_batch_and_a_round_all(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    for number in range(BATCH + 3):
        stored(tmp_path, f"5c/{number}.jpg", 8)
    files, week = MediaFiles(tmp_path), time.time() - 7 * DAY
    assert (await files.remove_older("5c", week)).files == BATCH
    assert len(list((tmp_path / "5c").iterdir())) == 3
    for number in range(BATCH + 3):
        stored(tmp_path, f"5c/{number}.jpg", 8)
    await Expiry().go_on(files, 7)
    assert not list((tmp_path / "5c").iterdir())


async def test_there_is_an_hour_between_two_rounds(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    expiry, files = Expiry(), MediaFiles(tmp_path)
    await expiry.go_on(files, 7)
    old = stored(tmp_path, "5c/old.jpg", 8)
    await expiry.go_on(files, 7)
    assert old.exists()
    await trio.sleep(3600)
    await expiry.go_on(files, 7)
    assert not old.exists()


async def test_a_round_that_was_cut_off_goes_on_where_it_was(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    expiry, files = Expiry(), MediaFiles(tmp_path)
    first, last = stored(tmp_path, "00/old.jpg", 8), stored(tmp_path, "ff/old.jpg", 8)
    with trio.move_on_after(0.5) as scope:
        await expiry.go_on(files, 7)
    assert scope.cancelled_caught
    assert (first.exists(), last.exists()) == (False, True)
    again = stored(tmp_path, "00/again.jpg", 8)
    await expiry.go_on(files, 7)
    assert (again.exists(), last.exists()) == (True, False)


async def test_what_cannot_be_removed_is_counted_and_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock
) -> None:
    stuck = stored(tmp_path, "5c/stuck.jpg", 8)
    others = [stored(tmp_path, f"5c/{number}.jpg", 8) for number in range(4)]
    unlink = Path.unlink

    def refuse(path: Path) -> None:
        if path == stuck:
            raise PermissionError(path)
        unlink(path)

    monkeypatch.setattr(Path, "unlink", refuse)
    (tmp_path / "00").write_text("no folder")
    expiry = Expiry()
    with capture_logs() as told:
        await expiry.go_on(MediaFiles(tmp_path), 7)
    assert stuck.exists()
    assert not any(path.exists() for path in others)
    assert expiry.statistics() == ExpiryStatistics(files=4, bytes=40, failures=2)
    assert [(line["log_level"], line["files"]) for line in told] == [("warning", 2), ("info", 4)]
