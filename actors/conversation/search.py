"""Realty in a conversation: words and choices fill slots, the next one is asked for, and then listings are shown."""

from __future__ import annotations

from typing import Final

from actors.brain.questions import Question
from actors.conversation import asking, realty, resuming, showing, viewing
from actors.conversation.answers import answer_to
from actors.conversation.hearing import Heard
from actors.conversation.in_answer import leaves_open
from actors.conversation.realty import ORDER, Understood
from actors.conversation.state import Asked
from actors.conversation.talk import Talk
from actors.wording.values import Budget, Name

_DECLINED: Final = ("name", "amenities")
"""Questions that "no" answers: there is nothing to be told."""

_MOST_MISSED: Final = 3
"""Answers that cannot be used, in a row, before a question is left for the next one: nobody is asked forever."""


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
            await filled(talk, understood, asked="budget")
        case ["answer", "skip" | "done"] if part.asked in ORDER:
            realty.skip(part, part.asked)
            await go_on(talk)
        case ["listing", "viewing", number] if number.isdecimal():
            await viewing.offer(talk, int(number))
        case ["listing", "sheet", number] if number.isdecimal():
            await showing.sheet(talk, int(number))
        case ["listing", "more" | "similar" as which]:
            await showing.show(talk, again=which == "more")
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
            if choice in asking.AMENITIES and part.asked == "amenities":
                asking.ask_more(talk)
            else:
                await go_on(talk)
    part.vertical = "realty"
    return True


async def said(talk: Talk, heard: Heard, asks: Question | None) -> None:
    """Take words: what they say of any slot, and whether they ask something."""
    part = talk.part
    if part.asked == "amount" and heard.what in ("yes", "no"):
        await filled(talk, realty.confirm(part, yes=heard.what == "yes"), asked="budget")
        return
    declined = heard.what == "no" and part.asked in _DECLINED
    if (heard.what == "skip" or declined) and part.asked in ORDER:
        realty.skip(part, part.asked)
        await go_on(talk)
        return
    asked: Asked = part.asked
    understood = realty.read(part, heard.text)
    part.untold |= not understood.nothing
    if asks is not None and "viewing" in asks.topics:
        if await viewing.yours(talk):
            return
        if part.listing and not asked and understood.nothing:
            await viewing.offer(talk, part.listing)
            return
    if asks is not None and not leaves_open(asked, heard.text) and (asks.topics or understood.nothing):
        told = "" if understood.amount else asking.noted(talk, understood)
        _resume(talk, asked, answer_to(talk, asks), told, bridge=talk.text("back-to-question"))
        return
    await filled(talk, understood, asked=asked)


async def filled(talk: Talk, understood: Understood, *, asked: str) -> None:
    """Say what was understood, and what follows from it; `asked` was open before."""
    part = talk.part
    if understood.foreign and understood.amount is not None:
        money = understood.amount
        told = Budget(money.span, money.currency or "AED")
        budgets = talk.offer("budget-rent" if part.wish.deal == "rent" else "budget-buy")
        talk.say(talk.text("ask-currency", amount=told), choices=budgets, asked="budget")
        return
    if understood.amount is not None:
        asking.ask(talk, "budget", asking.noted(talk, understood))
        return
    if understood.outdated:
        _resume(talk, asked)
        return
    if understood.nothing and asked in ORDER:
        part.missed += 1
        if part.missed >= _MOST_MISSED:
            part.missed = 0
            realty.skip(part, asked)
            await go_on(talk, talk.text("not-understood"))
        else:
            asking.ask(talk, asked, asking.unclear(talk, asked))
        return
    if understood.nothing:
        _resume(talk, asked, talk.text("not-understood"))
        return
    part.untold, part.missed = True, 0
    if understood.filled == ("name",):
        await go_on(talk, talk.text("name-noted", name=Name(part.name)))
    else:
        await go_on(talk, asking.noted(talk, understood))


def _resume(talk: Talk, asked: str, *words: str, bridge: str = "") -> None:
    """Say something in between, and put what is open once more: a question, times to choose, what was shown."""
    part = talk.part
    slot = realty.next_slot(part)
    if asked == "time":
        talk.say(*words, talk.text("choose-again"), choices=resuming.choices(talk), asked="time")
    elif asked == "amount" or (part.amount is not None and slot == "budget"):
        asking.ask(talk, "budget", *words)
    elif part.listing and (slot is None or not asked):
        talk.say(*words, choices=showing.about(talk, part.listing))
    elif slot is not None:
        asking.ask(talk, slot, *words, bridge)
    else:
        talk.say(*words, choices=resuming.choices(talk) or talk.offer("no-more"))
