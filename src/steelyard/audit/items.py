"""A question with one right answer, and how its answer is read.

Items are what performance probes ask and what robustness probes ask in disguise.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from random import Random
from typing import Any, Literal

from steelyard.audit.probe import Message, Reply, Request
from steelyard.audit.scorers import numbers, texts

Reading = Literal["number", "word", "cased", "list", "mention"]
"""number: a number in any dress; word: a word or phrase, capitals free; cased: capitals
count; list: items separated by `, ` in `answer`, in order; mention: said anywhere, and none
of the rivals said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question."""

    question: str
    """Everything a model needs, without the instruction on how to answer."""

    answer: str
    reading: Reading
    level: int
    """Step of the ladder, 1 the easiest."""

    rivals: tuple[str, ...] = ()
    """Wrong answers of the same kind, for `mention`: naming one as well is hedging."""

    manner: str = ""
    """How to answer, e.g. `Answer with the number only.`"""

    tokens: int = 24
    """Completion tokens that a plain answer needs at most."""

    @property
    def prompt(self) -> str:
        """Question and manner."""
        return f"{self.question} {self.manner}".strip()

    def facts(self) -> dict[str, Any]:
        """JSON-able; `Item(**facts)` gives the item back."""
        return asdict(self)


Shots = tuple[tuple[str, str], ...]
"""Worked examples, (prompt, answer), given as earlier turns of the conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """Makes items without end."""

    make: Callable[[Random, int], Item]
    """Item of a level, from the random numbers alone."""

    levels: int
    """Levels are 1 to this."""

    shots: Shots
    """The same for every item: they show a base model what an answer looks like, keep
    answers short, and an endpoint's prefix cache pays for them once."""


def ask(prompt: str, tokens: int, shots: Shots = ()) -> Request:
    """One user turn, after the worked examples."""
    turns: list[Message] = []
    for question, answer in shots:
        turns += [Message("user", question), Message("assistant", answer)]
    return Request(messages=(*turns, Message("user", prompt)), max_tokens=tokens)


def right(item: Item | Mapping[str, Any], reply: Reply) -> bool:
    """Whether a reader would say that the answer is right.

    A number is read with care when the answer was cut off: its last digits may be missing.
    """
    text = reply.text
    if not isinstance(item, Item):
        item = Item(**item)
    match item.reading:
        case "number":
            return numbers.read(text, cut=reply.finish == "length") == Fraction(item.answer)
        case "word":
            return texts.says(item.answer, text)
        case "cased":
            return texts.says(item.answer, text, cased=True)
        case "list":
            return texts.lists(item.answer.split(", "), text)
        case "mention":
            return texts.mentions(item.answer, item.rivals, text)
