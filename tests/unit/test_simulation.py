"""The simulation: hundreds of seeds hold, a seed is always the same, and without any one protection a seed finds it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import msgspec
import pytest
from click.testing import CliRunner

from actors.echo import app as echo
from actors.messages import INCOMING
from runtime import Actor, App, Arrival, Event, Receipt, Turn
from runtime.actor.effect import Effect
from runtime.actor.event import EventCodec, StoredEvent, UnreadableEvent
from runtime.actor.record import TurnRecord
from runtime.cli.drills import drill_group
from runtime.drill.drawing import Undrawable, draw
from runtime.drill.history import violations
from runtime.drill.odds import NONE
from runtime.drill.seeds import Searched, chronicler, run_seed, search, subject_of
from runtime.journal.memory import Conversation, MemoryJournal, Outgoing
from runtime.journal.protocol import Claim, ClaimRequest, Ingested
from runtime.node.lanes import Lanes
from runtime.testing import Odds, Size, simulate

ROOT = Path(__file__).parents[2]
SEEDS = 500
EVERY_FAULT = {
    *("kill", "stop", "freeze", "cut_off", "outage", "leases end", "parks", "receipts", "sends in trouble"),
    *(
        "clocks jump",
        "calls of the journal",
        "webhooks repeated",
        "webhooks given up",
        "sends doubled in doubt",
        "pauses",
        "resumes",
        "sends cancelled",
        "operator sends",
    ),
}


def fingerprint(seed: int) -> str:
    return hashlib.sha256(msgspec.json.encode(run_seed(chronicler, seed))).hexdigest()


# ── what holds ────────────────────────────────────────────────────────


def test_five_hundred_seeds_hold_and_meet_every_fault() -> None:
    searched = search(chronicler, range(1, SEEDS + 1), lambda _: None)
    assert searched.failing is None, f"seed {searched.failing}: {[str(one) for one in searched.violations]}"
    figures = searched.result.figures
    assert figures["seeds"] == SEEDS
    assert {name for name in EVERY_FAULT if figures.get(name, 0) < SEEDS / 10} == set()
    assert figures["turns"] > 20 * SEEDS


def test_a_seed_is_the_same_again_whatever_ran_before() -> None:
    before = {seed: fingerprint(seed) for seed in range(1, 9)}
    assert len(set(before.values())) == len(before), "seeds differ"
    assert {seed: fingerprint(seed) for seed in reversed(range(1, 9))} == before


def test_a_seed_is_the_same_in_another_process_whatever_its_hashes() -> None:
    program = "from tests.unit.test_simulation import fingerprint; print(*map(fingerprint, range(1, 9)))"
    told = [
        subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hashes, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout.splitlines()[-1]
        for hashes in ("1", "2")
    ]
    assert told == [" ".join(map(fingerprint, range(1, 9)))] * 2


def test_dice_of_trio_fall_on_as_if_no_simulation_had_been() -> None:
    from trio._core import _run

    before = _run._r.getstate(), _run._ALLOW_DETERMINISTIC_SCHEDULING
    run_seed(chronicler, 1)
    assert (_run._r.getstate(), _run._ALLOW_DETERMINISTIC_SCHEDULING) == before


# ── without a protection ──────────────────────────────────────────────

append, commit, claim, ingest = (
    MemoryJournal.append,
    MemoryJournal._commit,
    MemoryJournal._claim,
    MemoryJournal.ingest,
)


def forgets_what_it_has_seen(
    self: MemoryJournal, arrivals: Sequence[Arrival], conversations: Sequence[str]
) -> list[StoredEvent]:
    self._store.seen.clear()
    return append(self, arrivals, conversations)


def commits_whatever_comes(self: MemoryJournal, turn: TurnRecord) -> bool:
    row = self._store.conversations[turn.conversation]
    row.version, row.epoch, row.done_seq = turn.version - 1, min(row.epoch, turn.epoch), turn.first_seq - 1
    return commit(self, turn)


def has_no_doubt(self: MemoryJournal, request: ClaimRequest, uncertain_wait: float) -> Claim:
    out = self._store.outbox[request.effect]
    if out.status in {"sending", "uncertain"}:
        out.status = "queued"
    return claim(self, request, uncertain_wait)


def writes_down_no_doubt(self: MemoryJournal, request: ClaimRequest, uncertain_wait: float) -> Claim:
    answer = claim(self, request, uncertain_wait)
    self._store.outbox[request.effect].maybe_duplicate = False
    return answer


def mistakes_the_address(self: MemoryJournal, request: ClaimRequest, uncertain_wait: float) -> Claim:
    answer = claim(self, request, uncertain_wait)
    others = sorted({one.address for one in self._store.conversations.values()} - {answer.address})
    return msgspec.structs.replace(answer, address=others[0]) if others and answer.attempts > 1 else answer


async def acknowledges_too_early(
    self: MemoryJournal, arrivals: Sequence[Arrival], receipts: Sequence[Receipt] = ()
) -> Ingested:
    kept = arrivals[:-1] if len(self._store.seen) % 7 == 3 else arrivals
    return await ingest(self, kept, receipts)


async def takes_without_a_new_epoch(self: MemoryJournal, *, own: bool, ttl: float) -> dict[int, int]:
    for shard in self._store.shards:
        if (
            shard.owner is None
            or shard.lease_until < self._store.wall()
            or (own and shard.owner == self._replica)
        ):
            shard.owner, shard.epoch, shard.lease_until = self._replica, 1, self._store.wall() + ttl
    return {}


def claims_during_a_pause(self: Conversation, out: Outgoing) -> bool:
    return False


def sends_all_at_once(self: Lanes, effects: Iterable[Effect]) -> None:
    for effect in effects:
        self._begin_beside(effect)


@pytest.mark.parametrize(
    ("switched_off", "kinds"),
    [
        (mock.patch.object(MemoryJournal, "append", forgets_what_it_has_seen), {"stored twice"}),
        (mock.patch.object(MemoryJournal, "_commit", commits_whatever_comes), {"handled twice", "zombie"}),
        (mock.patch.object(MemoryJournal, "_claim", has_no_doubt), {"sent twice"}),
        (mock.patch.object(MemoryJournal, "_claim", writes_down_no_doubt), {"sent twice"}),
        (mock.patch.object(MemoryJournal, "_claim", mistakes_the_address), {"wrong person"}),
        (mock.patch.object(MemoryJournal, "ingest", acknowledges_too_early), {"lost"}),
        (mock.patch.object(MemoryJournal, "acquire", takes_without_a_new_epoch), {"two owners"}),
        (mock.patch.object(Lanes, "append", sends_all_at_once), {"out of order"}),
        (mock.patch.object(Conversation, "mutes", claims_during_a_pause), {"said while paused"}),
    ],
    ids=[
        "deduplication",
        "fence",
        "wait",
        "record of doubt",
        "address",
        "durability",
        "epochs",
        "order of sends",
        "pause",
    ],
)
def test_without_a_protection_a_seed_breaks_a_promise(
    switched_off: AbstractContextManager[Any], kinds: set[str]
) -> None:
    found: set[str] = set()
    with switched_off:
        for seed in range(1, 300):
            found |= {one.kind for one in violations(run_seed(chronicler, seed).history)}
            if found & kinds:
                return
    raise AssertionError(f"none of {kinds} in 300 seeds, but {found}")


# ── a bot of one's own ────────────────────────────────────────────────


def test_without_faults_each_event_is_handled_and_no_send_doubled() -> None:
    done = simulate(echo, seed=1, faults=NONE, size=Size(people=3, webhooks=30))
    assert violations(done.history) == []
    assert all(event.acknowledged is not None for event in done.history.sent)
    assert len(done.history.turns) == len(done.history.sent) == len(done.history.entries)
    assert not any(effect.maybe_duplicate for effect in done.history.effects)


def test_a_bot_of_ones_own_is_said_events_of_its_types() -> None:
    searched = search(subject_of(echo), range(1, 40), lambda _: None)
    assert searched.failing is None, [str(one) for one in searched.violations]
    assert searched.result.figures["accepted"] > 0


def test_more_people_replicas_and_faults_hold_too() -> None:
    size = Size(people=5, webhooks=60, replicas=4, seconds=20.0)
    app, say = chronicler(3)
    done = simulate(app, seed=3, say=say, faults=Odds(replicas=2.0), size=size)
    assert [str(one) for one in violations(done.history)] == []
    assert done.figures["kill"] > 3


@pytest.mark.parametrize("kind", INCOMING, ids=lambda kind: kind.__name__)
def test_events_of_every_type_can_be_drawn(kind: type[Event]) -> None:
    codec = EventCodec((kind,))
    for seed in range(20):
        event = draw(kind, Random(seed))
        assert isinstance(event, kind)
        assert not isinstance(codec.decode(msgspec.json.encode(event)), UnreadableEvent)


class Odd(Event, frozen=True, kw_only=True):
    what: msgspec.Raw


def test_what_cannot_be_drawn_is_said_so() -> None:
    with pytest.raises(Undrawable):
        draw(Odd, Random(0))


# ── the command ───────────────────────────────────────────────────────


class Blank(Actor[msgspec.defstruct("Nothing", [])]):  # type: ignore[misc]
    async def receive(self, turn: Turn[Any], event: Event) -> None: ...


app = App("blank", Blank())


def command(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(drill_group(), ["sim", *words])
    return result.exit_code, result.output


def test_the_command_stops_at_the_first_seed_that_fails_and_says_how_to_see_it_again(tmp_path: Path) -> None:
    report = tmp_path / "sim.json"
    with mock.patch.object(MemoryJournal, "append", forgets_what_it_has_seen):
        code, told = command("--seeds", "200", "--json", str(report))
        found = msgspec.json.decode(report.read_bytes(), type=Searched)
        assert code == 1
        assert found.failing is not None
        assert found.violations
        assert told.splitlines()[-1] == f"again, exactly: majlis drill sim --seed {found.failing}"
        again, told_again = command("--seed", str(found.failing), "--json", str(report))
    assert again == 1
    assert msgspec.json.decode(report.read_bytes(), type=Searched).violations == found.violations
    head = f"\nseed {found.failing}:"
    assert told_again[told_again.index(head) :] == told[told.index(head) :]


def test_the_command_ends_with_zero_when_all_hold() -> None:
    code, told = command("--seeds", "3")
    assert (code, told.splitlines()[-1].rpartition(": ")[2]) == (0, "all hold")


def test_an_app_without_events_is_refused_in_words() -> None:
    code, told = command("--app", "tests.unit.test_simulation:app")
    assert code == 2
    assert "names no events" in told
