"""Of two words about one slot the younger counts, in whichever order they are understood."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actors.agency.terms import Span, Wish
from actors.conversation import latest, realty
from actors.conversation.state import Part

DEALS = st.sampled_from(["buy", "rent"])


@given(st.lists(st.tuples(DEALS, st.booleans()), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_youngest_word_counts_whichever_is_understood_last(
    words: list[tuple[str, bool]], chance: object
) -> None:
    part, awaited = Part(), []
    for deal, spoken in words:
        if spoken:
            awaited.append((latest.await_word(part), deal))
        else:
            realty.read(part, deal)
    chance.shuffle(awaited)  # type: ignore[attr-defined]
    for number, deal in awaited:
        with latest.hearing(part, number):
            realty.read(part, deal)
    assert part.wish.deal == words[-1][0]


def test_what_was_typed_meanwhile_is_not_overwritten_and_the_rest_is_filled() -> None:
    part = Part(asked="budget", wish=Wish(places=("jvc",)))
    number = latest.await_word(part)
    realty.read(part, "a flat in Downtown, up to 2 million dirhams")
    with latest.hearing(part, number):
        seen = Wish(kind="villa", budget=Span(None, 9_000_000), places=("jvc",), bedrooms=Span(3, 3))
        understood = realty.fill(part, seen)
    assert understood.filled == ("bedrooms",)
    assert part.amount is None
    assert part.wish.places == ("downtown",)
    assert part.wish.kind == "apartment"
    assert part.wish.budget == Span(None, 2_000_000)


def test_what_was_known_before_is_changed_as_by_any_later_word() -> None:
    part = Part()
    realty.read(part, "a villa in JVC")
    with latest.hearing(part, latest.await_word(part)):
        realty.read(part, "a flat in Downtown")
    assert (part.wish.kind, part.wish.places) == ("apartment", ("downtown",))


def test_a_choice_and_a_slot_that_was_passed_over_are_words_too() -> None:
    part = Part(asked="bedrooms")
    number = latest.await_word(part)
    realty.pick(part, "kind:office")
    realty.skip(part, "urgency")
    realty.pick(part, "amenity:any")
    with latest.hearing(part, number):
        realty.read(part, "a flat with a pool, as soon as possible")
    assert part.wish == Wish(kind="office", category="commercial")


def test_a_kind_of_another_category_than_was_chosen_meanwhile_does_not_count() -> None:
    part = Part()
    number = latest.await_word(part)
    realty.pick(part, "category:commercial")
    with latest.hearing(part, number):
        realty.fill(part, Wish(kind="villa", category="residential"))
    assert part.wish == Wish(category="commercial")


def test_what_was_said_before_a_new_search_fills_nothing_in_it() -> None:
    part = Part()
    number = latest.await_word(part)
    realty.change(part)
    with latest.hearing(part, number):
        assert realty.read(part, "a villa in JVC to rent").outdated
    assert part.wish == Wish()


def test_a_name_that_comes_late_is_no_answer_to_what_is_asked_by_then() -> None:
    part = Part(asked="name")
    number = latest.await_word(part)
    realty.read(part, "Sara")
    part.asked = "goal"
    with latest.hearing(part, number):
        understood = realty.read(part, "my name is Karim")
    assert understood.outdated
    assert not understood.unclear
    assert part.name == "Sara"


def test_nothing_is_numbered_while_nothing_is_awaited() -> None:
    part = Part()
    realty.read(part, "a villa in JVC")
    assert (part.words, part.told) == (0, {})
    latest.await_word(part)
    realty.read(part, "a flat")
    latest.rest(part)
    assert (part.words, part.told) == (0, {})
