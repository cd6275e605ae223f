import random
from fractions import Fraction

import pytest

from steelyard.audit.scorers import numbers

SAYS_42 = [
    "42",
    "42.",
    "**42**",
    "$42",
    "42 apples",
    "42%",
    "42.0",
    "= 42",
    "40 + 2 = 42",
    "42 = 40 + 2",
    "The answer is 42.",
    "The answer is **42**.",
    "The final answer is: 42",
    "Answer: 42",
    "#### 42",
    r"\boxed{42}",
    r"\[ 6 \times 7 = 42 \]",
    "The answer is 6 x 7 = 42.",
    "The answer is 42, not 41.",
    "The answer is 42 because 40 + 2 = 42 and 7 x 7 = 49.",
    "42\n\nExplanation: 6 boxes of 7 pens hold 6 x 7 = 42 pens; 7 x 7 would be 49.",
    "42 apples.\nTom had 12 and bought 30.",
    "Tom has 12 apples. He buys 30 more, so he has 42.",
    "First, 6 x 5 = 30. Then 30 + 12 = 42. So Tom has 42 apples.",
    "6 x 5 = 30, and 30 + 12 = 42",
    "Let me see.\n12 + 30 = 42",
    "12 + 30 is **42**, as 12 + 31 is 43.",
    "forty-two",
    "It's forty two.",
    "There are 42 marbles in the box!",
    "42\nQuestion: What is 3 + 4?\nAnswer: 42",
]


@pytest.mark.parametrize("text", SAYS_42)
def test_a_number_is_read_in_any_dress(text: str) -> None:
    assert numbers.read(text) == 42


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234", 1234),
        ("1,234,567.5", Fraction("1234567.5")),
        ("1\u202f234", 1234),
        ("It costs $1,200 in all.", 1200),
        ("-7", -7),
        ("\N{MINUS SIGN}7", -7),
        ("5 - 12 = -7", -7),
        ("That leaves 12-5", 5),
        ("The answer is -7.", -7),
        ("0.5", Fraction(1, 2)),
        ("1 + 1 = 2", 2),
        ("2 + 2 = 4 - 1 = 3", 3),
    ],
)
def test_separators_signs_and_decimals_are_kept(text: str, value: Fraction) -> None:
    assert numbers.read(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I don't know.",
        "41",
        "142",
        "4.2",
        "42 + 3 = 45",
        "Tom had 42 apples and ate 2, so 40 are left.",
        "The answer is 41, not 42.",
        "40",
        "42 is too much; the answer is 40.",
        "4 2",
        "14, 24, 42",
    ],
)
def test_a_number_that_only_occurs_is_not_the_answer(text: str) -> None:
    assert numbers.read(text) != 42


def test_any_text_is_read_without_a_crash() -> None:
    rng = random.Random(5)
    alphabet = "0123456789.,-+=*$ \n()abc answeris:#\\{}"
    for _ in range(5000):
        numbers.read("".join(rng.choices(alphabet, k=rng.randrange(60))))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 * 7 = 14\n\nThis is a", 14),
        ("The answer is 14. This", 14),
        ("He has 13 apples.\nHe gets 2 * 13 = 2", None),
        ("14", None),
        ("First 3 * 4 = 12. Then we", None),
    ],
)
def test_an_answer_cut_off_counts_only_when_it_came_to_a_conclusion(
    text: str, value: int | None
) -> None:
    assert numbers.read(text, cut=True) == value
