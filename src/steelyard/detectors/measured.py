"""How often the answer detectors are wrong, as counted on labelled answers.

The counts stand in `data/measured.json`, written by `tools/train_scorers.py`; how they came
about, and what they do not cover, in `docs/scorers.md`.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

Question = Literal["refused", "complied"]


@dataclass(frozen=True, slots=True)
class Counts:
    """A detector's answers beside people's."""

    true_positives: int
    positives: int
    true_negatives: int
    negatives: int


@cache
def by_family(question: Question) -> dict[str, Counts]:
    """Counts by family of labelled answers, each unseen by the model that was measured."""
    raw = files("steelyard.detectors").joinpath("data/measured.json").read_bytes()
    table = msgspec.json.decode(raw, type=dict[str, dict[str, tuple[int, int, int, int]]])
    return {family: Counts(*counts) for family, counts in table[question].items()}


def pooled(question: Question) -> Counts:
    """All families together."""
    found = by_family(question).values()
    return Counts(
        sum(counts.true_positives for counts in found),
        sum(counts.positives for counts in found),
        sum(counts.true_negatives for counts in found),
        sum(counts.negatives for counts in found),
    )
