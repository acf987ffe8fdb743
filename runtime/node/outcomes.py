"""What follows from an outcome: what is recorded, what the actor hears, what it tells of the channel. Pure."""

from __future__ import annotations

from runtime.actor.effect import Effect, Lane
from runtime.actor.event import EffectFailed, Failure, encode_event
from runtime.actor.tell import Tell
from runtime.channel import Accepted, Answered, Arrival, Broken, Outcome, Refused, TryAgain, Uncertain
from runtime.journal.protocol import ResultRecord
from runtime.node.circuit import Sign

#: What the journal may say instead of a claim that ends an effect, and what its actor hears of it.
ENDS = {
    "expired": Refused("expired", "it could not be sent in time", Failure.STALE),
    "unsettled": Refused("unsettled", "whether it was sent is not known", Failure.UNSETTLED),
}


#: What a provider's errors are counted under, whatever its codes: what is tried again, what fails for good by `Failure`.
CLASSES = ("busy", "unreachable", "uncertain", "broken", *Failure)


#: Work that was begun so often and never came to an end is given up: it may be what ends the process.
WORK_TRIES = 8


def result_of(effect: Effect, epoch: int, outcome: Outcome) -> ResultRecord:
    """Return what is recorded of an outcome; a failure for good, and work that is done, carry an event for the actor."""
    match outcome:
        case Answered(event=event):
            return ResultRecord(str(effect.id), epoch, "done", event=encode_event(event))
        case Accepted(provider_id=provider_id):
            return ResultRecord(str(effect.id), epoch, "done", _storable(provider_id))
        case TryAgain(code=code):
            return ResultRecord(str(effect.id), epoch, "queued", "", _storable(code))
        case Broken(code=code):
            return ResultRecord(str(effect.id), epoch, "queued", "", _storable(code), uncounted=True)
        case Uncertain(code=code):
            return ResultRecord(str(effect.id), epoch, "uncertain", "", _storable(code))
        case Refused(code=code, reason=reason, kind=kind):
            failed = EffectFailed(
                effect=str(effect.id),
                code=_storable(code),
                reason=_storable(reason),
                kind=kind,
                task=effect.payload.decode("utf-8", "replace") if effect.lane is Lane.WORK else "",
            )
            heard = effect.lane is not Lane.ASIDE  # a read mark that failed is nobody's news
            return ResultRecord(
                str(effect.id), epoch, "failed", "", _storable(code), encode_event(failed) if heard else b""
            )


def arrival_of(effect: Effect, told: Tell) -> Arrival:
    """Return what a turn tells another actor as it is stored: the effect's id makes it one, however often it is tried."""
    return Arrival(
        effect.channel,
        told.identities,
        f"t|{effect.id}",
        bytes(told.event),
        perishable=False,
        address=None if told.conversation else "",
        conversation=told.conversation,
    )


def worn_out(effect: Effect, attempts: int) -> Outcome | None:
    """Return why work is not begun once more; None if it may be."""
    if effect.lane is not Lane.WORK or attempts <= WORK_TRIES:
        return None
    return Refused("tries", f"it was begun {WORK_TRIES} times and did not come to an end")


def repeatable(effect: Effect, outcome: Outcome) -> Outcome:
    """Return an outcome as its lane takes it: work whose outcome is unknown is done again."""
    match outcome:
        case Uncertain(code=code, reason=reason) if effect.lane is Lane.WORK:
            return TryAgain(code, reason)
        case _:
            return outcome


def class_of(outcome: TryAgain | Uncertain | Refused | Broken) -> str:
    """Return the class, of `CLASSES`, that an error is counted under."""
    match outcome:
        case TryAgain(unreachable=unreachable):
            return "unreachable" if unreachable else "busy"
        case Uncertain():
            return "uncertain"
        case Broken():
            return "broken"
        case Refused(kind=kind):
            return kind


def sign_of(outcome: Outcome | None) -> Sign:
    """Return what an outcome tells of the channel; without one, nothing left."""
    match outcome:
        case Accepted() | Answered() | Refused():
            return Sign.WORKS
        case TryAgain(unreachable=False):
            return Sign.BUSY
        case TryAgain() | Uncertain():
            return Sign.SILENT
        case Broken():
            return Sign.BROKEN
        case None:
            return Sign.NONE


def _storable(text: str) -> str:
    """Return a provider's words as any store takes them: what cannot be recorded would be sent again and again."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
