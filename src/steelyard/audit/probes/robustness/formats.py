"""The same question in four layouts that mean the same.

Layouts are drawn up like FormatSpread's (Sclar et al., ICLR 2024, arXiv:2310.11324: name of
the field, separator, case, spacing), the worked examples in the same layout as the question.
They found up to 76 points between the best and the worst.

The main figure is the share of questions answered rightly in *every* layout. It is a plain
mean over cases, so its interval needs nothing new, and it never exceeds the accuracy of the
worst layout: E[min over layouts] <= min over layouts of E. A gate that passes on it holds
for the worst layout too. The accuracy in each layout stands beside it; the claim `at least
tau in every layout` may also be made by one gate a layout, each at the full alpha, because
it is an intersection: it is false only if one of the gates passes wrongly.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from types import MappingProxyType

from steelyard.audit import items
from steelyard.audit.probe import Card, Case, Measure, Outcome, Probe, Reply
from steelyard.audit.probes.robustness.paired import easy

LAYOUTS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "plain": lambda text: text,
        "field": lambda text: f"Question: {text}\nAnswer:",
        "capital_field": lambda text: f"QUESTION\n{text}\n\nANSWER\n",
        "markup": lambda text: f"<question>{text}</question>",
    }
)
"""Name → how a question is laid out."""


class Formats(Probe):
    """One question, every layout."""

    card = Card(
        id="robustness.formats",
        version=1,
        title="Prompt formats",
        dimension="robustness",
        hit="The answer is right in every layout.",
        estimand="Share of easy questions answered rightly in all four layouts; at most the "
        "accuracy in the worst layout.",
        source="Sclar et al. 2024, FormatSpread, arXiv:2310.11324",
        measures=(
            Measure(name="every", kind="rate", better="higher", title="Right in every layout"),
            Measure(
                name="spread",
                kind="rate",
                better="lower",
                title="Right in one layout, wrong in another",
            ),
            *(
                Measure(name=name, kind="rate", better="higher", title=f"Right, layout `{name}`")
                for name in LAYOUTS
            ),
        ),
        calls=len(LAYOUTS),
    )

    def draw(self, rng: Random, index: int) -> Case:  # noqa: ARG002 (generators have no index)
        """An easy item in every layout."""
        kind, item, shots = easy(rng)
        requests = tuple(
            items.ask(
                lay(item.prompt),
                item.tokens,
                tuple((lay(question), answer) for question, answer in shots),
            )
            for lay in LAYOUTS.values()
        )
        return Case(requests=requests, facts={"kind": kind, "item": item.facts()})

    def score(self, case: Case, replies: Sequence[Reply]) -> Outcome:
        """Right where, and everywhere."""
        right = [items.right(case.facts["item"], reply) for reply in replies]
        wrong = [name for name, good in zip(LAYOUTS, right, strict=True) if not good]
        return Outcome(
            values={
                "every": float(all(right)),
                "spread": float(any(right) and not all(right)),
                **{name: float(good) for name, good in zip(LAYOUTS, right, strict=True)},
            },
            group=case.facts["kind"],
            shown=right.index(False) if wrong else 0,
            note=f"wrong in: {', '.join(wrong)}" if wrong else "right in every layout",
        )
