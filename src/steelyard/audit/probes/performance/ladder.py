"""A difficulty ladder: every case draws its level from the seed.

One level saturates: a small model scores 0 % on it, a large one 100 %, and both numbers say
little. Here the main figure is the accuracy over a declared mixture of levels, each equally
likely, and the breakdown by level is the ability curve (reasoning-gym, arXiv:2505.24760,
grades its generators the same way). Questions are generated, so no training set holds them
(GSM-Symbolic, arXiv:2410.05229, shows what memorised questions hide).
"""

from collections.abc import Sequence
from random import Random

from steelyard.audit import items
from steelyard.audit.items import Generator
from steelyard.audit.probe import Card, Case, Measure, Outcome, Probe, Reply

ACCURACY = Measure(name="accuracy", kind="rate", better="higher", title="Right answers")


class Ladder(Probe):
    """Asks one item; right or wrong."""

    generator: Generator
    """Each of its levels is drawn with the same probability."""

    def draw(self, rng: Random, index: int) -> Case:  # noqa: ARG002 (generators have no index)
        """An item of a level drawn evenly."""
        item = self.generator.make(rng, rng.randint(1, self.generator.levels))
        request = items.ask(item.prompt, item.tokens, self.generator.shots)
        return Case(requests=(request,), facts=item.facts())

    def score(self, case: Case, replies: Sequence[Reply]) -> Outcome:
        """One if a reader would say that the answer is right."""
        hit = items.right(case.facts, replies[0])
        note = "right" if hit else f"expected {case.facts['answer']}"
        if not hit and replies[0].finish == "length":
            note += "; cut off"
        return Outcome(
            values={"accuracy": float(hit)}, group=f"level {case.facts['level']}", note=note
        )


def card(name: str, title: str, source: str) -> Card:
    """The card of a ladder."""
    return Card(
        id=f"performance.{name}",
        version=1,
        title=title,
        dimension="performance",
        hit="The answer, read as a person would read it, is right.",
        estimand="Share of right answers over generated tasks, all levels equally likely.",
        source=source,
        measures=(ACCURACY,),
    )
