"""One text, all of what it says; and that it takes no longer than a text may."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agency.terms import Span, Wish
from actors.brain.amounts import Amount
from actors.brain.questions import Question
from actors.brain.slots import Said
from actors.brain.tokens import READ
from actors.brain.understanding import Understood, prepare, understand


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/human", Understood(command="human")),
        ("Да!", Understood(phrase="yes")),
        ("لغو اشتراک", Understood(phrase="opt_out")),
        ("Can I talk to an agent?", Understood(person=True, question=Question())),
        ("شارژ ساختمان چقدره؟", Understood(question=Question(("service_charge",)))),
        ("Sara", Understood()),
        ("", Understood()),
        (
            "villa up to 3m aed, is there a payment plan?",
            Understood(
                question=Question(("payment_plan",)),
                said=Said(
                    Wish(kind="villa", category="residential", budget=Span(None, 3_000_000)),
                    Amount(Span(None, 3_000_000), "AED"),
                ),
            ),
        ),
    ],
)
def test_all_of_what_a_text_says(text: str, expected: Understood) -> None:
    assert understand(text) == expected


@given(st.text(max_size=5000))
def test_no_text_breaks_it(text: str) -> None:
    assert isinstance(understand(text), Understood)


ODD = (
    *(
        "1",
        "1 ",
        "1.",
        "1,",
        "1-",
        "0 ",
        "+1",
        "8 9",
        "a",
        "a ",
        "a'",
        "@",
        "-",
        "\n",
        "(",
        "1m-",
        "1.1.",
        "12345-",
    ),
    *(
        "million ",
        "up to ",
        "one hundred and ",
        "no ",
        "half ",
        "نصف ",
        "و ",
        "сто ",
        "2 to ",
        "2m to ",
        "ﷺ",
        "١٬",
    ),
    *("apartmnet ", "appppartment ", "talk to ", "person ", "what is the ", "million and 200 thousand and "),
)


@pytest.mark.parametrize("unit", ODD)
def test_the_longest_text_takes_bounded_time_whatever_it_repeats(unit: str) -> None:
    prepare()
    text = (unit * READ)[:READ]
    began = time.process_time()
    understand(text)
    taken = time.process_time() - began
    assert (
        taken < 5
    )  # 0.02 to 0.1 s, and more on a busy machine; a search that went back over itself would take minutes
