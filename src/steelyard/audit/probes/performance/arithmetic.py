"""Sums, from single digits to products of three-digit numbers.

Levels: 1 one digit plus one digit; 2 two digits, plus or minus; 3 three terms, or a small
product; 4 three digits, plus, minus or times one digit; 5 brackets, or two digits times
three.

Source: the digit ladder of Brown et al., GPT-3, arXiv:2005.14165, section 3.9.1; we generate
from the seed and read the answer (`scorers.numbers`) where they match a string.
"""

from random import Random

from steelyard.audit.items import Generator, Item
from steelyard.audit.probes.performance.ladder import Ladder, card

LEVELS = 5


def expression(rng: Random, level: int) -> tuple[str, int]:
    """Text and value of a sum of this level."""
    a, b, c = rng.randint(2, 9), rng.randint(2, 9), rng.randint(2, 9)
    two, other = rng.randint(11, 99), rng.randint(11, 99)
    three, wide = rng.randint(101, 999), rng.randint(101, 999)
    big, small = max(two, other), min(two, other)
    choices = {
        1: [(f"{a} + {b}", a + b)],
        2: [(f"{two} + {other}", two + other), (f"{big} - {small}", big - small)],
        3: [(f"{two} + {a} - {b}", two + a - b), (f"{a} * {b}", a * b)],
        4: [(f"{three} + {wide}", three + wide), (f"{three} * {a}", three * a)],
        5: [(f"({two} + {a}) * {c}", (two + a) * c), (f"{three} * {other}", three * other)],
    }
    return rng.choice(choices[level])


def item(rng: Random, level: int) -> Item:
    """A sum."""
    text, value = expression(rng, level)
    return Item(
        question=f"What is {text}?",
        answer=str(value),
        reading="number",
        level=level,
        tokens=24,
    )


SHOTS = (
    ("What is 1 + 4?", "1 + 4 = 5"),
    ("What is 40 - 10?", "40 - 10 = 30"),
)
GENERATOR = Generator(make=item, levels=LEVELS, shots=SHOTS)


class Arithmetic(Ladder):
    """Sums of five levels."""

    card = card("arithmetic", "Arithmetic", "Brown et al. 2020, arXiv:2005.14165, 3.9.1")
    generator = GENERATOR
