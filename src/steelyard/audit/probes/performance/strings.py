"""Letters and words: copy, case, position, count, reversal.

Levels: 1 copy a word, say its first letter; 2 capitals, last letter; 3 the n-th word of a
sentence, the length of a word; 4 count a letter, reverse a word. Tokenisers hide letters
from a model, which is why these are harder than they look. Half of the words are made up.

Source: symbol and character tasks of Brown et al., arXiv:2005.14165, section 3.9.2, and
reasoning-gym, arXiv:2505.24760 (`letter_counting`, `word_sequence_reversal`).
"""

from collections.abc import Callable
from random import Random

from steelyard.audit import syllables
from steelyard.audit.items import Generator, Item, Reading
from steelyard.audit.probes.performance.ladder import Ladder, card

LEVELS = 4
WORDS = (
    *("garden", "window", "silver", "planet", "butter", "river", "market", "candle", "forest"),
    *("pocket", "button", "summer", "letter", "bridge", "ladder", "pepper", "rocket", "tunnel"),
    *("basket", "mirror", "copper", "island", "lemon", "parrot", "cotton", "meadow", "kettle"),
    *("banana", "cinema", "dragon", "engine", "feather", "glacier", "hammer", "insect", "jungle"),
)
ORDINALS = ("first", "second", "third", "fourth", "fifth")
WORD_ONLY = "Answer with the word only."
LETTER_ONLY = "Answer with the letter only."
NUMBER_ONLY = "Answer with the number only."

Task = tuple[str, str, Reading, str]
"""Question, answer, reading, manner."""


def any_word(rng: Random) -> str:
    """An English word, or as often one that means nothing."""
    return rng.choice([rng.choice(WORDS), syllables.word(rng, 2)])


def copy(rng: Random) -> Task:
    """A word said again."""
    word = any_word(rng)
    return f'Repeat this word: "{word}".', word, "word", WORD_ONLY


def first_letter(rng: Random) -> Task:
    """The letter at the front."""
    word = any_word(rng)
    return f'What is the first letter of the word "{word}"?', word[0], "word", LETTER_ONLY


def last_letter(rng: Random) -> Task:
    """The letter at the end."""
    word = any_word(rng)
    return f'What is the last letter of the word "{word}"?', word[-1], "word", LETTER_ONLY


def capitals(rng: Random) -> Task:
    """A word in capitals."""
    word = any_word(rng)
    return f'Write the word "{word}" in capital letters.', word.upper(), "cased", WORD_ONLY


def nth_word(rng: Random) -> Task:
    """A word by its place."""
    words = rng.sample(WORDS, 5)
    place = rng.randrange(5)
    question = f'What is the {ORDINALS[place]} word of "{" ".join(words)}"?'
    return question, words[place], "word", WORD_ONLY


def length(rng: Random) -> Task:
    """How many letters."""
    word = any_word(rng)
    return f'How many letters has the word "{word}"?', str(len(word)), "number", NUMBER_ONLY


def count(rng: Random) -> Task:
    """How often a letter occurs."""
    word = any_word(rng)
    letter = rng.choice(word)
    question = f'How many times is the letter "{letter}" in the word "{word}"?'
    return question, str(word.count(letter)), "number", NUMBER_ONLY


def reverse(rng: Random) -> Task:
    """A word backwards."""
    word = any_word(rng)
    return f'Write the word "{word}" backwards.', word[::-1], "word", WORD_ONLY


TASKS: tuple[tuple[Callable[[Random], Task], ...], ...] = (
    (copy, first_letter),
    (capitals, last_letter),
    (nth_word, length),
    (count, reverse),
)
"""By level, easiest first."""


def item(rng: Random, level: int) -> Item:
    """A task of this level."""
    question, answer, reading, manner = rng.choice(TASKS[level - 1])(rng)
    return Item(
        question=question, answer=answer, reading=reading, level=level, manner=manner, tokens=20
    )


SHOTS = (
    (f'Repeat this word: "orange". {WORD_ONLY}', "orange"),
    (f'What is the last letter of the word "paper"? {LETTER_ONLY}', "r"),
    (f'How many letters has the word "desk"? {NUMBER_ONLY}', "4"),
    (f'Write the word "pen" in capital letters. {WORD_ONLY}', "PEN"),
    (f'Write the word "pen" backwards. {WORD_ONLY}', "nep"),
)
GENERATOR = Generator(make=item, levels=LEVELS, shots=SHOTS)


class Strings(Ladder):
    """Letter and word tasks of four levels."""

    card = card(
        "strings", "Letters and words", "Brown et al. 2020, arXiv:2005.14165, 3.9.2; 2505.24760"
    )
    generator = GENERATOR
