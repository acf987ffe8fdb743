"""What a turn of the bot costs in processor time, without the database: half of them less than a millisecond."""

from __future__ import annotations

import sys
import time
from statistics import median

import msgspec

from actors.conversation.state import EstateState
from actors.messages import MessageReceived
from runtime import Turn
from tests.unit.bot_stage import Stage

SAID = (
    *(
        "I want to buy a villa in Dubai Marina, 2 bedrooms, up to AED 3m",
        "Anna",
        "to live in",
        "what about the visa?",
    ),
    *("یه آپارتمان دو خوابه تو مارینا میخوام، حدود ۳ میلیون", "بله", "هزینه سرویس چقدره؟", "فرقی نداره"),
    *("أبحث عن شقة للإيجار في دبي مارينا غرفتين وصالة", "نعم", "مسبح وموقف سيارات", "القائمة"),
    *(
        "Хочу купить двушку в JVC до 2 млн дирхамов",
        "да",
        "какая комиссия?",
        "отмена",
        "asdf",
        "menu",
        "10,000",
    ),
)
ROUNDS = 20
PROMISED = 0.001
SLACK = 2
"""A machine that is busy, or slow, may need so many times as long."""


async def test_half_of_all_turns_cost_less_than_a_millisecond() -> None:
    stage = Stage("marina")
    await stage.says("hi")
    await stage.says("english")
    begun = msgspec.json.encode(stage.state)
    costs = []
    for lap in range(ROUNDS + 1):
        stage.state = msgspec.json.decode(begun, type=EstateState)
        for number, text in enumerate(SAID):
            turn = Turn(
                conversation="c1",
                channel=stage.channel,
                version=number,
                state=stage.state,
                now=stage.now,
                resources=stage.database,
            )
            before = time.thread_time()
            await stage.bot.receive(turn, MessageReceived(id=f"m{number}", text=text))
            cost = time.thread_time() - before
            if lap:  # the first one fills caches
                costs.append(cost)
            assert turn.effects, text
    costs.sort()
    sys.stdout.write(
        f"a turn: p50 {median(costs) * 1e6:.0f} us, p95 {costs[len(costs) * 95 // 100] * 1e6:.0f} us\n"
    )
    assert median(costs) < PROMISED * SLACK
