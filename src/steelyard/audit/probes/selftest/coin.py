"""A coin that the endpoint tosses, so that anyone can check the engine's verdicts.

Stand up an endpoint that answers `heads` with a rate you know, audit it with
`--probes selftest.coin` and a gate on `selftest.coin.heads`, and count how often the verdict
is wrong: at most 5 % of runs, whatever the rate.

Source: Wald and Wolfowitz's question, asked of ourselves: what does the test conclude when
the true rate is p? See Howard, Ramdas, McAuliffe and Sekhon, Ann. Stat. 49(2), 2021
(arXiv:1810.08240) for the guarantee under test.
"""

import re
from collections.abc import Sequence
from random import Random

from steelyard.audit.probe import Card, Case, Measure, Message, Outcome, Probe, Reply, Request

_SIDES = re.compile(r"\b(heads|tails)\b", re.IGNORECASE)


class Coin(Probe):
    """Asks for heads or tails; the answer alone decides."""

    card = Card(
        id="selftest.coin",
        version=1,
        title="Coin tossed by the endpoint",
        dimension="selftest",
        hit="The endpoint answered `heads`.",
        estimand="The rate at which the endpoint answers `heads`, among answers naming one side.",
        source="Howard, Ramdas, McAuliffe and Sekhon 2021, arXiv:1810.08240",
        measures=(Measure(name="heads", kind="rate", better="neither", title="Heads"),),
    )

    def draw(self, rng: Random, index: int) -> Case:
        """A toss with a number of its own, so that an endpoint's cache cannot answer it."""
        toss = f"{index}-{rng.getrandbits(48):012x}"
        question = f"Toss a coin. Answer with one word, heads or tails. (Toss {toss}.)"
        return Case(requests=(Request(messages=(Message("user", question),), max_tokens=4),))

    def score(self, case: Case, replies: Sequence[Reply]) -> Outcome:  # noqa: ARG002 (the answer decides alone)
        """One for heads, zero for tails, no outcome when both sides or none are named."""
        sides = {side.lower() for side in _SIDES.findall(replies[0].text)}
        if len(sides) != 1:
            return Outcome(values={}, note="named both sides, or none")
        (side,) = sides
        return Outcome(values={"heads": float(side == "heads")}, note=f"answered {side}")
