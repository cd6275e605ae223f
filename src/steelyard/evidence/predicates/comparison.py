"""Predicate `comparison/v1`: what changed between two models.

The statement's subject is the newer model; the older one is named in the predicate.
"""

from typing import Literal

import msgspec

from steelyard.evidence.predicates.audit import Tool
from steelyard.evidence.value import Skipped, Value

TensorKind = Literal[
    "identical",
    "dtype-change",
    "quantised",
    "quantised-out-of-bounds",
    "quantised-unbounded",
    "same-values",
    "scaled",
    "non-finite",
    "low-rank",
    "direction-removed",
    "merge",
    "permuted",
    "tuned",
    "unrelated",
    "resized",
    "added",
    "removed",
    "renamed",
]
"""Of one tensor. quantised-out-of-bounds: stored in a coarser type, and further off than that
type explains; quantised-unbounded: in a coarser type whose error is not known here;
same-values: other bytes, the same numbers to single precision; scaled: multiplied by one
factor, or by one a row or a column; non-finite: NaN, infinities or numbers
too large forbid measuring; tuned: changed in full rank, still close; unrelated: no closer
than two independent tensors."""

ModelKind = Literal[
    "identical",
    "files-only",
    "dtype-change",
    "quantised",
    "low-rank-update",
    "direction-removed",
    "merge",
    "permuted-equivalent",
    "fine-tuned",
    "unrelated",
    "mixed",
]
"""Of the whole. files-only: every tensor identical, other files changed; mixed: none of the
kinds explains all changed tensors."""


class FileChange(Value, frozen=True, kw_only=True):
    """A file that is not the same on both sides."""

    path: str
    change: Literal["added", "removed", "changed", "renamed"]
    before: str = ""
    """Old path, when renamed."""


class TextChange(Value, frozen=True, kw_only=True):
    """A change to configuration, chat template or tokenizer, in words."""

    path: str
    words: str
    notable: bool
    """Whether it can change behaviour without touching a weight."""


class TensorChange(Value, frozen=True, kw_only=True):
    """One tensor, compared."""

    name: str
    """In the newer model; the older name where it was removed."""

    kind: TensorKind
    before: str = ""
    """Type and shape, e.g. `BF16 [576, 1536]`; empty where there is none."""

    after: str = ""
    relative: float = 0.0
    """Frobenius norm of the change over that of the older tensor."""

    unchanged: float = 1.0
    """Fraction of elements that are the same, 0 to 1."""

    rank: int = 0
    """Of the change, where it is low; 0 where it was not measured or is full."""

    layer: int = -1
    """Block number read from the name; -1 outside the blocks."""

    role: str = ""
    """Name without its block number, e.g. `self_attn.q_proj`."""

    detail: str = ""
    """One sentence."""


class Comparison(Value, frozen=True, kw_only=True):
    """The predicate."""

    tool: Tool
    before: str
    """Name of the older model, as given."""

    before_digest: dict[str, str]
    kind: ModelKind
    sentence: str
    """What changed, for a person."""

    reasons: tuple[str, ...]
    files: tuple[FileChange, ...]
    texts: tuple[TextChange, ...]
    tensors: tuple[TensorChange, ...]
    """Every tensor that is not identical."""

    same: int
    """Tensors that are identical."""

    skipped: tuple[Skipped, ...] = ()
    shares: dict[str, float] = msgspec.field(default_factory=dict)
    """For a merge: each known model's weight."""
