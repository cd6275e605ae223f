import unicodedata
from random import Random

import pytest

from steelyard.audit.items import Item
from steelyard.audit.probe import Reply
from steelyard.audit.probes.robustness.case import Casing
from steelyard.audit.probes.robustness.distraction import Distraction
from steelyard.audit.probes.robustness.formats import LAYOUTS, Formats
from steelyard.audit.probes.robustness.lookalikes import INVISIBLE, TWINS, Lookalikes
from steelyard.audit.probes.robustness.paired import Paired
from steelyard.audit.probes.robustness.typos import NEIGHBOURS, Typos, misspell
from steelyard.audit.probes.robustness.whitespace import Whitespace

PAIRS: tuple[Paired, ...] = (Typos(), Casing(), Whitespace(), Lookalikes(), Distraction())
DRAWS = 1000


@pytest.fixture(params=PAIRS, ids=lambda probe: probe.card.id)
def paired(request: pytest.FixtureRequest) -> Paired:
    probe: Paired = request.param
    return probe


def test_a_draw_depends_on_the_seed_alone(paired: Paired) -> None:
    for index in range(50):
        assert paired.draw(Random(f"s{index}"), index) == paired.draw(Random(f"s{index}"), index)


def test_the_twin_differs_and_only_in_the_last_turn(paired: Paired) -> None:
    rng = Random(1)
    for index in range(DRAWS):
        clean, spoilt = paired.draw(rng, index).requests
        assert clean.messages[:-1] == spoilt.messages[:-1]
        assert clean.messages[-1] != spoilt.messages[-1], clean.messages[-1]
        assert clean.max_tokens == spoilt.max_tokens


def test_numbers_and_quoted_words_are_never_spoilt(paired: Paired) -> None:
    rng = Random(2)
    for index in range(DRAWS):
        clean, spoilt = (
            request.messages[-1].content for request in paired.draw(rng, index).requests
        )
        if '"' in clean:
            assert " ".join(spoilt.split('"')[1].split()) == clean.split('"')[1]
        digits = "".join(letter for letter in clean if letter.isdigit())
        assert "".join(letter for letter in spoilt if letter.isdigit()).endswith(digits)


@pytest.mark.parametrize("paired", [Typos(), Lookalikes()], ids=["typos", "lookalikes"])
def test_a_word_that_may_be_the_answer_is_never_spoilt(paired: Paired) -> None:
    rng = Random(9)
    for index in range(DRAWS):
        case = paired.draw(rng, index)
        item = Item(**case.facts["item"])
        clean, spoilt = (request.messages[-1].content for request in case.requests)
        for word in " ".join((item.answer, *item.rivals)).split():
            assert spoilt.split().count(word) == clean.split().count(word)


@pytest.mark.parametrize(
    ("clean", "spoilt", "change"), [(1, 1, 0.0), (1, 0, -1.0), (0, 1, 1.0), (0, 0, 0.0)]
)
def test_the_change_is_spoilt_minus_clean(
    paired: Paired, clean: int, spoilt: int, change: float
) -> None:
    case = paired.draw(Random(3), 0)
    answers = ("?", Item(**case.facts["item"]).answer)
    outcome = paired.score(case, [Reply(text=answers[clean]), Reply(text=answers[spoilt])])
    assert outcome.values == {"change": change, "accuracy": spoilt, "clean": clean}
    assert outcome.shown == 1


def test_a_typing_error_always_changes_the_word_and_keeps_its_first_letter() -> None:
    rng = Random(4)
    for word in ("numbers", "letter", "aaaa", "Zebra", "zzzz"):
        for _ in range(200):
            wrong = misspell(rng, word)
            assert wrong != word or len(set(word)) == 1
            assert wrong[0] == word[0]
            assert abs(len(wrong) - len(word)) <= 1


def test_neighbouring_keys_are_neighbours_both_ways_in_a_row() -> None:
    assert set(NEIGHBOURS["s"]) == {"a", "d", "w", "e"}
    assert set(NEIGHBOURS["q"]) == {"w"}
    assert set(NEIGHBOURS) == set("abcdefghijklmnopqrstuvwxyz")


def test_look_alikes_are_other_letters_of_the_same_case_and_script_shape() -> None:
    for latin, other in TWINS.items():
        assert unicodedata.name(other).startswith("CYRILLIC")
        assert latin.isupper() == other.isupper()
    assert {unicodedata.category(mark) for mark in INVISIBLE} == {"Cf"}


def test_odd_spaces_keep_every_word() -> None:
    rng = Random(5)
    for index in range(DRAWS):
        clean, spoilt = (
            request.messages[-1].content for request in Whitespace().draw(rng, index).requests
        )
        assert "".join(spoilt.split()) == "".join(clean.split())


def test_right_in_every_layout_is_at_most_right_in_the_worst() -> None:
    rng = Random(6)
    probe = Formats()
    totals = dict.fromkeys(("every", *LAYOUTS), 0.0)
    for index in range(DRAWS):
        case = probe.draw(rng, index)
        assert len({request.messages for request in case.requests}) == probe.card.calls
        answers = ("?", Item(**case.facts["item"]).answer)
        replies = [Reply(text=answers[rng.random() < 0.8]) for _ in LAYOUTS]
        values = probe.score(case, replies).values
        assert {measure.name for measure in probe.card.measures} == set(values)
        for name in totals:
            totals[name] += values[name]
    assert 0 < totals["every"] <= min(totals[name] for name in LAYOUTS)


def test_the_layout_that_fails_is_the_one_shown() -> None:
    case = Formats().draw(Random(7), 0)
    good = Reply(text=Item(**case.facts["item"]).answer)
    outcome = Formats().score(case, [good, good, Reply(text="?"), good])
    assert outcome.values["every"] == 0.0
    assert outcome.values["spread"] == 1.0
    assert outcome.shown == 2
    assert "capital_field" in outcome.note
