"""Short lists: pick, order, filter, combine.

Levels: 1 first or last item; 2 largest or smallest, how many; 3 sort three or four numbers,
words in reverse order; 4 sort six, sum of five, only the even ones.

Source: the list tasks of BIG-bench (Srivastava et al., arXiv:2206.04615, `list_functions`)
and reasoning-gym, arXiv:2505.24760 (`number_sorting`, `number_filtering`); generated here.
"""

from collections.abc import Callable
from random import Random

from steelyard.audit.items import Generator, Item, Reading
from steelyard.audit.probes.performance.ladder import Ladder, card
from steelyard.audit.probes.performance.strings import NUMBER_ONLY, WORD_ONLY, WORDS

LEVELS = 4
LIST_ONLY = "Answer with the list only."

Task = tuple[str, str, Reading, str]
"""Question, answer, reading, manner."""


def distinct(rng: Random, size: int) -> list[int]:
    """Different numbers below 100."""
    return rng.sample(range(1, 100), size)


def joined(values: list[int] | list[str]) -> str:
    """As a person writes a list."""
    return ", ".join(map(str, values))


def end_item(rng: Random) -> Task:
    """First or last."""
    words = rng.sample(WORDS, 4)
    which, place = rng.choice([("first", 0), ("last", -1)])
    question = f"What is the {which} word in this list: {joined(words)}?"
    return question, words[place], "word", WORD_ONLY


def extreme(rng: Random) -> Task:
    """Largest or smallest."""
    values = distinct(rng, 4)
    name, best = rng.choice([("largest", max(values)), ("smallest", min(values))])
    question = f"What is the {name} number in this list: {joined(values)}?"
    return question, str(best), "number", NUMBER_ONLY


def how_many(rng: Random) -> Task:
    """Size of the list."""
    words = rng.sample(WORDS, rng.randint(3, 8))
    question = f"How many words are in this list: {joined(words)}?"
    return question, str(len(words)), "number", NUMBER_ONLY


def order(rng: Random, size: int) -> Task:
    """Numbers in rising order."""
    values = distinct(rng, size)
    question = f"Sort these numbers from smallest to largest: {joined(values)}."
    return question, joined(sorted(values)), "list", LIST_ONLY


def short_order(rng: Random) -> Task:
    """Three or four numbers."""
    return order(rng, rng.randint(3, 4))


def long_order(rng: Random) -> Task:
    """Six numbers."""
    return order(rng, 6)


def turn(rng: Random) -> Task:
    """Words from last to first."""
    words = rng.sample(WORDS, 4)
    question = f"Write this list in reverse order: {joined(words)}."
    return question, joined(words[::-1]), "list", LIST_ONLY


def total(rng: Random) -> Task:
    """Sum of five."""
    values = [rng.randint(2, 20) for _ in range(5)]
    question = f"What is the sum of these numbers: {joined(values)}?"
    return question, str(sum(values)), "number", NUMBER_ONLY


def even(rng: Random) -> Task:
    """The even ones, in their order."""
    evens, odds = rng.sample(range(2, 100, 2), 3), rng.sample(range(1, 100, 2), 3)
    values = rng.sample(evens + odds, 6)
    question = f"Which of these numbers are even: {joined(values)}? Keep their order."
    return question, joined([value for value in values if value % 2 == 0]), "list", LIST_ONLY


TASKS: tuple[tuple[Callable[[Random], Task], ...], ...] = (
    (end_item,),
    (extreme, how_many),
    (short_order, turn),
    (long_order, total, even),
)
"""By level, easiest first."""


def item(rng: Random, level: int) -> Item:
    """A task of this level."""
    question, answer, reading, manner = rng.choice(TASKS[level - 1])(rng)
    shown = question.partition(":")[2].strip(" .?").split(", ")
    return Item(
        question=question,
        answer=answer,
        reading=reading,
        level=level,
        rivals=tuple(word for word in shown if word != answer),
        manner=manner,
        tokens=32,
    )


SHOTS = (
    (f"What is the last word in this list: pen, cup, hat? {WORD_ONLY}", "hat"),
    (f"What is the largest number in this list: 12, 31, 8? {NUMBER_ONLY}", "31"),
    (f"Sort these numbers from smallest to largest: 40, 7, 19. {LIST_ONLY}", "7, 19, 40"),
    (f"Write this list in reverse order: pen, cup, hat. {LIST_ONLY}", "hat, cup, pen"),
)
GENERATOR = Generator(make=item, levels=LEVELS, shots=SHOTS)


class Lists(Ladder):
    """List tasks of four levels."""

    card = card("lists", "Lists", "Srivastava et al. 2022, arXiv:2206.04615; arXiv:2505.24760")
    generator = GENERATOR
