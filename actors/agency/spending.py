"""What models cost an agency: reserved before a question is asked, settled when it is known what it took.

A question is a row that tells what was sent, of whom and when. All of it happens in the transaction of the turn that asks
or hears, so a turn that is repeated neither asks nor pays twice.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from actors.agency.tenancy import TenantTransaction


class Limits(msgspec.Struct, frozen=True):
    """What a tenant may use up in a day: tokens, and money in millionths; 0: no limit."""

    tokens: int = 0
    cost: int = 0


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a model; `request` is its JSON, `tokens` and `cost` the most that it takes."""

    id: str
    conversation: str
    message: str
    kind: str
    model: str
    request: str
    tokens: int
    cost: int


async def reserve(tx: TenantTransaction, question: Question, limits: Limits, now: datetime) -> bool:
    """Record a question and reserve what it takes; False, with nothing done, where the day has not so much left."""
    day = now.astimezone(UTC).date()
    given = (question.tokens, question.cost)
    if await tx.number("reserve_model_day", day, *given, limits.tokens, limits.cost) is None:
        return False
    await tx.execute(
        "add_model_call",
        question.id,
        question.conversation,
        question.message,
        question.kind,
        question.model,
        question.request,
        day,
        *given,
        now,
    )
    return True


async def settle(
    tx: TenantTransaction,
    question: str,
    outcome: str,
    code: str,
    took: tuple[int, int] | None,
    now: datetime,
) -> None:
    """Record how a question ended, once, with the tokens and the cost that it took; None: all that was reserved."""
    tokens, cost = took or (None, None)
    await tx.execute("settle_model_call", question, outcome, code, tokens, cost, now)


async def forget(tx: TenantTransaction, days: int, now: datetime) -> None:
    """Remove a batch of questions that are older than `days`; 0: none."""
    if days:
        await tx.execute("forget_model_calls", now - timedelta(days=days))
