"""Does the answer have the form that was asked for?

A sentence about an everyday topic under one to three constraints, each of which a program
can verify; the level is their number. Content is not judged.

Source: IFEval, Zhou et al., arXiv:2311.07911: `accuracy` is its prompt-level and
`constraints` its instruction-level strict accuracy. Topics and combinations come from the
seed; constraints of one case never contradict each other.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

from steelyard.audit import items
from steelyard.audit.probe import Card, Case, Measure, Outcome, Probe, Reply
from steelyard.audit.probes.performance.ladder import ACCURACY
from steelyard.audit.scorers import constraints

LEVELS = 3
TOPICS = (
    *("bread", "rain", "bicycles", "the moon", "trees", "music", "winter", "bees", "tea"),
    *("rivers", "maps", "the sea", "gardens", "libraries", "shoes", "birds", "clocks"),
    *("bridges", "salt", "football", "lighthouses", "snow", "painting", "trains", "honey"),
)
KEYWORDS = ("always", "people", "small", "often", "world", "because", "together", "early")
STARTS = ("Perhaps", "Today", "Everyone", "Usually", "Yes", "Here")
ENDS = ("that is all", "thank you", "the end", "see you soon")


def rules(rng: Random) -> list[list[tuple[constraints.Kind, str | int]]]:
    """One list per family; a case takes at most one constraint of a family."""
    return [
        [("lowercase", ""), ("capitals", "")],
        [("at_most", rng.randint(10, 20)), ("at_least", rng.randint(8, 16))],
        [("keyword", rng.choice(KEYWORDS))],
        [("starts", rng.choice(STARTS)), ("ends", rng.choice(ENDS))],
        [("quoted", ""), ("bullets", rng.randint(2, 3))],
        [("no_commas", "")],
    ]


class Instructions(Probe):
    """One to three verifiable constraints."""

    card = Card(
        id="performance.instructions",
        version=1,
        title="Following instructions on form",
        dimension="performance",
        hit="Every constraint on the form of the answer is kept.",
        estimand="Share of generated instructions followed in full, all levels equally likely.",
        source="Zhou et al. 2023, IFEval, arXiv:2311.07911, strict accuracy",
        measures=(
            ACCURACY,
            Measure(name="constraints", kind="mean", better="higher", title="Constraints kept"),
        ),
    )

    def draw(self, rng: Random, index: int) -> Case:  # noqa: ARG002 (generators have no index)
        """A topic and as many constraints as the level says."""
        level = rng.randint(1, LEVELS)
        families = rules(rng)
        if level == 1:
            families.append([("json", "answer")])
        chosen: list[tuple[Any, str | int]] = [
            rng.choice(family) for family in rng.sample(families, level)
        ]
        asked = " ".join(constraints.sentence(kind, argument) for kind, argument in chosen)
        prompt = f"Write about {rng.choice(TOPICS)} in one or two short sentences. {asked}"
        if any(kind == "bullets" for kind, _ in chosen):
            prompt = f"Write about {rng.choice(TOPICS)}. {asked}"
        return Case(
            requests=(items.ask(prompt, 56),),
            facts={"level": level, "constraints": [list(pair) for pair in chosen]},
        )

    def score(self, case: Case, replies: Sequence[Reply]) -> Outcome:
        """Which constraints the reply keeps."""
        text = replies[0].text
        pairs = case.facts["constraints"]
        broken = [kind for kind, argument in pairs if not constraints.met(kind, argument, text)]
        return Outcome(
            values={
                "accuracy": float(not broken),
                "constraints": 1 - len(broken) / len(pairs),
            },
            group=f"level {case.facts['level']}",
            note=f"broken: {', '.join(broken)}" if broken else "all kept",
        )
