"""Everyday sums told as a story of one to four steps.

The level is the number of steps. The answer is asked for at once, without written working,
which measures less than a model can do with paper and costs a tenth. Names, things and
numbers come from the seed; quantities stay positive and whole. Stories are our own; the idea
of renewing names and numbers is from GSM-Symbolic (Mirzadeh et al., arXiv:2410.05229), that
of counting steps from GSM8K (Cobbe et al., arXiv:2110.14168).
"""

from random import Random

from steelyard.audit.items import Generator, Item
from steelyard.audit.probes.performance.ladder import Ladder, card

LEVELS = 4
NAMES = (
    *("Ana", "Ben", "Chidi", "Dina", "Emil", "Farah", "Goran", "Hana", "Ivo", "Jun"),
    *("Kofi", "Lena", "Marco", "Nadia", "Oskar", "Petra", "Ravi", "Sofia", "Tariq", "Yuki"),
)
THINGS = (
    *("apples", "marbles", "pencils", "stamps", "shells", "coins", "books", "stickers"),
    *("eggs", "cards", "buttons", "oranges", "beads", "cookies", "tickets", "balloons"),
)
MANNER = "Answer with the number only."


def step(rng: Random, total: int, things: str, other: str) -> tuple[str, int]:
    """One thing that happens, and the quantity after it."""
    few = rng.randint(2, 5)
    bags, each = rng.randint(2, 5), rng.randint(2, 6)
    happens = [
        (f"buys {few} more {things}", total + few),
        (f"gets {few} {things} from a friend", total + few),
        (f"buys {bags} bags with {each} {things} in each", total + bags * each),
    ]
    if total > few:
        happens.append((f"gives {few} {things} to {other}", total - few))
        happens.append((f"loses {few} {things}", total - few))
    if total % 2 == 0:
        happens.append((f"sells half of the {things}", total // 2))
    return rng.choice(happens)


def item(rng: Random, level: int) -> Item:
    """A story of `level` steps."""
    (name, other), things = rng.sample(NAMES, 2), rng.choice(THINGS)
    total = rng.randint(3, 10 * level)
    sentences = [f"{name} has {total} {things}."]
    for at in range(level):
        what, total = step(rng, total, things, other)
        sentences.append(f"{'Then ' if at else ''}{name} {what}.")
    sentences.append(f"How many {things} does {name} have now?")
    return Item(
        question=" ".join(sentences),
        answer=str(total),
        reading="number",
        level=level,
        manner=MANNER,
        tokens=24,
    )


SHOTS = (
    (f"Sam has 4 pens. Sam buys 3 more pens. How many pens does Sam have now? {MANNER}", "7"),
    (
        (
            "Tess has 20 plums. Tess buys 3 bags with 2 plums in each. Then Tess gives 5 plums "
            f"to Max. How many plums does Tess have now? {MANNER}"
        ),
        "21",
    ),
)
GENERATOR = Generator(make=item, levels=LEVELS, shots=SHOTS)


class WordProblems(Ladder):
    """Stories of one to four steps."""

    card = card(
        "word_problems",
        "Word problems",
        "Mirzadeh et al. 2024, arXiv:2410.05229; Cobbe et al. 2021, arXiv:2110.14168",
    )
    generator = GENERATOR
