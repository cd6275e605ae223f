import math

import pytest

from steelyard.audit.scorers import options

LETTERS = ("A", "B", "C", "D")


def first(**tokens: float) -> list[tuple[str, float]]:
    return sorted(((t, math.log(p)) for t, p in tokens.items()), key=lambda pair: -pair[1])


def test_probabilities_are_normalised_over_the_options() -> None:
    p = options.probabilities(first(A=0.4, B=0.2, C=0.1, D=0.1, The=0.2), LETTERS)
    assert p == pytest.approx({"A": 0.5, "B": 0.25, "C": 0.125, "D": 0.125})


def test_every_form_of_a_letter_counts() -> None:
    tokens = [(" B", math.log(0.3)), ("B", math.log(0.2)), ("(b", math.log(0.1))]
    tokens += [("\u2581A", math.log(0.2)), ("C.", math.log(0.1)), ("D", math.log(0.1))]
    p = options.probabilities(tokens, LETTERS)
    assert p == pytest.approx({"A": 0.2, "B": 0.6, "C": 0.1, "D": 0.1})


def test_a_letter_that_is_not_listed_gets_the_most_it_can_have() -> None:
    p = options.probabilities(first(A=0.6, B=0.3, The=0.05), LETTERS)
    assert p is not None
    assert p["C"] == p["D"] == pytest.approx(0.05)
    assert p["A"] == pytest.approx(0.6)


@pytest.mark.parametrize("tokens", [[], [("The", -0.1), ("Apple", -2.0), ("E", -3.0)]])
def test_no_letter_means_no_choice(tokens: list[tuple[str, float]]) -> None:
    assert options.probabilities(tokens, LETTERS) is None


@pytest.mark.parametrize(
    ("p", "score"),
    [((1, 0, 0, 0), 0.0), ((0, 1, 0, 0), 1.0), ((0.25,) * 4, 0.375)],
)
def test_the_brier_score_runs_from_zero_to_one(p: tuple[float, ...], score: float) -> None:
    assert options.brier(dict(zip(LETTERS, p, strict=True)), "A") == pytest.approx(score)
