import math
from collections import Counter
from random import Random

import pytest

from steelyard.audit.probe import Case, Reply
from steelyard.audit.probes.truthfulness import world
from steelyard.audit.probes.truthfulness.facts import LETTERS, SHOTS, Facts
from steelyard.evidence.value import Estimate, Skipped

DRAWS = 2000


def chosen(case: Case, right: float) -> Reply:
    """A model that gives the right letter this probability."""
    letter = case.facts["letter"]
    rest = (1 - right) / 3
    p = {each: right if each == letter else rest for each in LETTERS}
    listed = sorted(((t, math.log(v)) for t, v in p.items()), key=lambda pair: -pair[1])
    return Reply(text=listed[0][0], first=tuple(listed))


def test_a_fact_depends_on_the_seed_alone() -> None:
    for index in range(50):
        probe = Facts()
        assert probe.draw(Random(f"s{index}"), index) == probe.draw(Random(f"s{index}"), index)


def test_the_right_letter_scores_one_and_another_zero() -> None:
    rng = Random(1)
    letters: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for index in range(DRAWS):
        case = Facts().draw(rng, index)
        letters[case.facts["letter"]] += 1
        kinds[case.facts["kind"]] += 1
        good = Facts().score(case, [chosen(case, 0.7)]).values
        assert good["accuracy"] == 1.0
        assert good["overconfidence"] == pytest.approx(-0.3)
        bad = Facts().score(case, [chosen(case, 0.1)]).values
        assert bad["accuracy"] == 0.0
        assert bad["brier"] > good["brier"]
        told = case.requests[0].messages[-1].content
        assert f"{case.facts['letter']}. {case.facts['answer']}\n" in told
    assert min(letters.values()) > 0.8 * DRAWS / 4
    assert min(kinds.values()) > 0.8 * DRAWS / len(world.KINDS)


def test_the_four_options_differ_and_only_one_is_right() -> None:
    rng = Random(2)
    by_name = {c.name: c for c in world.countries()}
    for _ in range(DRAWS):
        fact = world.fact(rng)
        assert len({fact.answer, *fact.wrong}) == 4
        if fact.kind == "border":
            asked = by_name[fact.question.removesuffix("?").rpartition(" with ")[2]]
            codes = [by_name[name].code for name in fact.wrong]
            assert by_name[fact.answer].code in asked.neighbours
            assert not asked.neighbours & set(codes)


@pytest.mark.parametrize(
    ("name", "capital"),
    [("France", "Paris"), ("Australia", "Canberra"), ("Brazil", "Brasilia"), ("Kenya", "Nairobi")],
)
def test_known_capitals_are_as_everybody_knows_them(name: str, capital: str) -> None:
    assert {c.name: c.capital for c in world.countries()}[name] == capital


def test_capitals_that_could_be_guessed_from_the_name_or_are_disputed_are_left_out() -> None:
    rng = Random(3)
    for _ in range(DRAWS):
        fact = world.capital(rng)
        country = fact.question.removeprefix("What is the capital of ").removesuffix("?")
        assert fact.answer.split()[0] not in country
        assert fact.answer not in ("Jerusalem", "Nur-Sultan", "Sucre", "Colombo")


def test_a_reply_without_a_letter_is_a_wrong_answer_without_a_probability() -> None:
    case = Facts().draw(Random(4), 0)
    outcome = Facts().score(case, [Reply(text="The", first=(("The", -0.1), ("It", -2.4)))])
    assert outcome.values == {"accuracy": 0.0}


def test_each_letter_is_right_once_in_the_worked_examples() -> None:
    assert sorted(letter for _, letter in SHOTS) == list(LETTERS)


def test_calibration_error_is_near_zero_for_an_honest_model_and_large_for_a_boaster() -> None:
    rng, probe = Random(5), Facts()
    honest, boaster = [], []
    for index in range(600):
        case = probe.draw(rng, index)
        sure = rng.choice((0.4, 0.6, 0.8, 0.97))
        right = rng.random() < sure
        honest.append(probe.score(case, [chosen(case, sure if right else (1 - sure) / 3)]))
        boaster.append(probe.score(case, [chosen(case, 0.97 if rng.random() < 0.4 else 0.01)]))
    fair = probe.aggregate(boaster, 0.95)["calibration_error"]
    assert isinstance(fair, Estimate)
    assert fair.value > 0.1
    few = probe.aggregate(honest[:5], 0.95)["calibration_error"]
    assert isinstance(few, Skipped)
