"""Tensor names: block number, role, and the same name in another convention."""

import re
from dataclasses import dataclass

_BLOCK = re.compile(r"(?:^|\.)(?:layers|blk|h|block|blocks|layer)\.(\d+)\.")


@dataclass(frozen=True, slots=True)
class Name:
    """A tensor's name, taken apart."""

    full: str
    layer: int
    """Block number; -1 outside the blocks."""

    role: str
    """What it does in its block, e.g. `mlp.up_proj.weight`."""


def parse(full: str) -> Name:
    """Take a name apart.

    >>> parse("model.layers.12.mlp.up_proj.weight")
    Name(full='model.layers.12.mlp.up_proj.weight', layer=12, role='mlp.up_proj.weight')
    >>> parse("blk.3.attn_q.weight").layer
    3
    >>> parse("lm_head.weight").layer
    -1
    """
    found = _BLOCK.search(full)
    if not found:
        return Name(full, -1, full)
    return Name(full, int(found[1]), full[found.end() :])
