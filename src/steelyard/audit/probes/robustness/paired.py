"""The same question twice: as it should be written, and spoilt.

A case is a pair, so questions that are simply hard cancel out, and the pair is one
independent draw (Miller, arXiv:2411.00640, section 2.3: paired differences). A model that
fails the clean question as well tells nothing about robustness, so items come from the easy
steps of the performance ladders. The main figure is the paired change; accuracy on the
clean and on the spoilt form stand beside it, because a model that is always wrong doesn't
change either.
"""

import re
from abc import abstractmethod
from collections.abc import Sequence
from random import Random

from steelyard.audit import items
from steelyard.audit.items import Generator, Item, Shots
from steelyard.audit.probe import Card, Case, Measure, Outcome, Probe, Reply
from steelyard.audit.probes.performance import arithmetic, reading, strings

_PLAIN_WORD = re.compile(r"(?<![\"\w])[A-Za-z]{4,}(?![\"\w])")
EASY: tuple[tuple[str, Generator, int], ...] = (
    ("arithmetic", arithmetic.GENERATOR, 1),
    ("strings", strings.GENERATOR, 1),
    ("reading", reading.GENERATOR, 2),
)
"""Kind, generator, and the highest level taken from it."""


def easy(rng: Random) -> tuple[str, Item, Shots]:
    """An easy item, its kind, and the worked examples that go with it."""
    kind, generator, highest = rng.choice(EASY)
    return kind, generator.make(rng, rng.randint(1, highest)), generator.shots


class Paired(Probe):
    """Asks the clean and the spoilt form; both with the same, clean, worked examples."""

    @abstractmethod
    def spoil(self, rng: Random, text: str, keep: frozenset[str]) -> str:
        """The text as a careless person or a broken program would send it.

        Words in `keep` stay as they are: they are possible answers, and an answer that
        copies a spoilt word would be neither right nor wrong.
        """

    def draw(self, rng: Random, index: int) -> Case:  # noqa: ARG002 (generators have no index)
        """An easy item in both forms."""
        kind, item, shots = easy(rng)
        keep = frozenset(" ".join((item.answer, *item.rivals)).split())
        prompts = (item.prompt, self.spoil(rng, item.prompt, keep))
        return Case(
            requests=tuple(items.ask(prompt, item.tokens, shots) for prompt in prompts),
            facts={"kind": kind, "item": item.facts()},
        )

    def score(self, case: Case, replies: Sequence[Reply]) -> Outcome:
        """Spoilt minus clean, and both."""
        clean, spoilt = (items.right(case.facts["item"], reply) for reply in replies)
        turned = {(True, False): "lost", (False, True): "won"}.get((clean, spoilt), "unchanged")
        return Outcome(
            values={
                "change": float(spoilt) - float(clean),
                "accuracy": float(spoilt),
                "clean": float(clean),
            },
            group=case.facts["kind"],
            shown=1,
            note=f"{turned}; expected {case.facts['item']['answer']}",
        )


def some_words(rng: Random, text: str, share: float, keep: frozenset[str]) -> list[tuple[int, int]]:
    """Places of a share of the plain words, at least one, last first.

    Plain is a word of four letters or more, neither in double quotes nor in `keep`.
    """
    places = [word.span() for word in _PLAIN_WORD.finditer(text) if word[0] not in keep]
    wanted = max(1, round(share * len(places)))
    return sorted(rng.sample(places, wanted), reverse=True)


def card(name: str, title: str, spoilt: str, source: str) -> Card:
    """The card of a pair; `spoilt` says how the request is spoilt, e.g. `with typing errors`."""
    return Card(
        id=f"robustness.{name}",
        version=1,
        title=title,
        dimension="robustness",
        hit=f"The answer to the request {spoilt} is right.",
        estimand=f"Mean change of accuracy when the same easy question is asked {spoilt}.",
        source=source,
        measures=(
            Measure(name="change", kind="difference", better="higher", title="Change of accuracy"),
            Measure(name="accuracy", kind="rate", better="higher", title=f"Right, {spoilt}"),
            Measure(name="clean", kind="rate", better="neither", title="Right, as it should be"),
        ),
        calls=2,
    )
