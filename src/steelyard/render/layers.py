"""Changed tensors arranged as layers × roles, for a picture."""

from dataclasses import dataclass

from steelyard.evidence.predicates.comparison import Comparison, TensorChange

_TONES = {
    "direction-removed": "fail",
    "unrelated": "fail",
    "quantised": "pass",
    "dtype-change": "pass",
}
_FAR = 0.1
"""Relative change that is drawn in full strength."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One changed tensor."""

    layer: int
    kind: str
    far: float
    x: str
    width: str
    weight: str
    tone: str


@dataclass(frozen=True, slots=True)
class Role:
    """One row: the same tensor in every layer."""

    name: str
    kinds: tuple[str, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """The picture; `layers` 0 where no changed tensor stands in a layer."""

    layers: int
    roles: tuple[Role, ...]


def grid(found: Comparison) -> Grid:
    """Every changed tensor that stands in a numbered layer."""
    inside = [one for one in found.tensors if one.layer >= 0]
    count = max((one.layer for one in inside), default=-1) + 1
    names = list(dict.fromkeys(one.role for one in inside))
    return Grid(count, tuple(_role(name, inside, count) for name in names))


def _role(name: str, inside: list[TensorChange], count: int) -> Role:
    own = [one for one in inside if one.role == name]
    kinds = tuple(dict.fromkeys(one.kind.replace("-", " ") for one in own))
    cells = tuple(
        Cell(
            one.layer,
            one.kind.replace("-", " "),
            one.relative,
            f"{one.layer / count:.3%}",
            f"{0.9 / count:.3%}",
            f"{0.25 + 0.75 * min(one.relative / _FAR, 1.0):.2f}",
            _TONES.get(one.kind, "inconclusive"),
        )
        for one in own
    )
    return Role(name, kinds, cells)
