"""Logistic models small enough to read: named features, one weight each."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

LIKELIER = 0.5
"""Probability from which the positive class is the likelier of two."""


class Linear(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fitted logistic regression, as it stands in `detectors/data/<name>.json`."""

    name: str
    positive: str
    """What a high probability means."""

    provenance: str
    """What it was fitted on, by which script, under which licences."""

    bias: float
    weights: dict[str, float]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a detector says of one text."""

    probability: float
    """Of the positive class, 0 to 1; calibrated only as far as `docs/scorers.md` shows."""

    reasons: tuple[tuple[str, float], ...]
    """The features that moved it most: (name, log-odds added), strongest first."""


@cache
def load(name: str) -> Linear:
    """The fitted model that ships under this name."""
    return msgspec.json.decode(
        files("steelyard.detectors").joinpath(f"data/{name}.json").read_bytes(), type=Linear
    )


def judge(model: Linear, features: Mapping[str, float]) -> Judgement:
    """Apply the model; features that it does not know count nothing."""
    moved = {
        name: model.weights[name] * value
        for name, value in features.items()
        if name in model.weights
    }
    odds = model.bias + math.fsum(moved.values())
    probability = 1 / (1 + math.exp(-odds)) if odds > 0 else 1 - 1 / (1 + math.exp(odds))
    strongest = sorted(moved.items(), key=lambda item: -abs(item[1]))[:5]
    return Judgement(probability, tuple(strongest))
