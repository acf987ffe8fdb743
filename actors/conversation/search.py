"""Realty in a conversation: words and choices fill slots, the next one is asked for, and then listings are shown."""

from __future__ import annotations

from actors.brain.questions import Question
from actors.conversation import asking, realty, showing, viewing
from actors.conversation.answers import answer_to
from actors.conversation.hearing import Heard
from actors.conversation.realty import ORDER, Understood
from actors.conversation.talk import Talk
from actors.wording.values import Budget, Name


async def go_on(talk: Talk, *before: str) -> None:
    """Ask for what is not known yet; show listings when nothing is."""
    if (slot := realty.next_slot(talk.part)) is not None:
        asking.ask(talk, slot, *before)
    else:
        await showing.show(talk)


async def chosen(talk: Talk, choice: str) -> bool:
    """Take a choice of a search; False for an id that is none of it."""
    part = talk.part
    match choice.split(":"):
        case ["answer", "yes" | "no" as word] if part.asked == "amount":
            understood = realty.confirm(part, yes=word == "yes")
            await _filled(talk, understood, asked="budget")
        case ["answer", "skip" | "done"] if part.asked in ORDER:
            realty.skip(part, part.asked)
            await go_on(talk)
        case ["listing", "viewing", number] if number.isdecimal():
            await viewing.offer(talk, int(number))
        case ["listing", "more"]:
            await showing.show(talk, again=True)
        case ["relax", *_]:
            await showing.relax(talk, choice)
        case ["search", "change"]:
            realty.change(part)
            part.untold = True
            await go_on(talk)
        case _:
            understood_choice = realty.pick(part, choice)
            if understood_choice is None:
                return False
            part.untold = True
            await go_on(talk)
    part.vertical = "realty"
    return True


async def said(talk: Talk, heard: Heard, asks: Question | None) -> None:
    """Take words: what they say of any slot, and whether they ask something."""
    part = talk.part
    if part.asked == "amount" and heard.what in ("yes", "no"):
        await _filled(talk, realty.confirm(part, yes=heard.what == "yes"), asked="budget")
        return
    if heard.what == "skip" and part.asked in ORDER:
        realty.skip(part, part.asked)
        await go_on(talk)
        return
    asked = part.asked
    understood = realty.read(part, heard.text)
    if asks is not None:
        part.untold |= not understood.nothing
        await go_on(talk, answer_to(talk, asks), talk.text("back-to-question"))
        return
    await _filled(talk, understood, asked=asked)


async def _filled(talk: Talk, understood: Understood, *, asked: str) -> None:
    part = talk.part
    if understood.foreign and understood.amount is not None:
        money = understood.amount
        told = Budget(money.span, money.currency or "AED")
        talk.say(talk.text("ask-currency", amount=told), choices=talk.offer("budget-buy"), asked="budget")
        return
    if understood.amount is not None:
        asking.ask(talk, "budget", asking.noted(talk, understood))
        return
    if understood.nothing and asked == "time" and part.listing:
        await viewing.offer(talk, part.listing, talk.text("not-understood"))
        return
    if understood.nothing:
        slot = realty.next_slot(part)
        open_slot = slot if asked not in ORDER else asked
        if slot is None or open_slot is None:
            await showing.show(talk, again=True)
            return
        asking.ask(talk, slot, asking.unclear(talk, open_slot))
        return
    part.untold = True
    if understood.filled == ("name",):
        await go_on(talk, talk.text("name-noted", name=Name(part.name)))
    else:
        await go_on(talk, asking.noted(talk, understood))
