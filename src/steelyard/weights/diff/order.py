"""When rows and columns in another order compute the same function.

Two reorderings of one block are shown to cancel out, and no others: the inner units of a
feed-forward layer, and whole attention heads. Both need every tensor that writes the units,
biases too, in one order, and the one that reads them in the same order of columns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from steelyard.weights.diff.pair import Pair

_UNITS = ("gate_proj", "up_proj", "ffn_gate", "ffn_up", "fc1", "w1", "w3")
_READ = ("down_proj", "ffn_down", "fc2", "w2")
_Q, _K = ("q_proj", "attn_q"), ("k_proj", "attn_k")
_V, _O = ("v_proj", "attn_v"), ("o_proj", "attn_output", "out_proj")

Order = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Heads:
    """How the rows of an attention's matrices belong together."""

    queries: int = 0
    """Heads; 0 where the files do not say, and then no reordering of heads is proved."""

    keys: int = 0
    """Key-value heads."""


def unproved(pairs: Sequence[Pair], heads: Heads) -> list[str]:
    """Why reordered `pairs` may compute something else; empty if they compute the same.

    Args:
        pairs: every tensor of the model, identical or permuted.
        heads: of its attention.
    """
    told: list[str] = []
    left = {p.change.name for p in pairs if p.change.kind == "permuted"}
    for (layer, prefix), group in _blocks(pairs).items():
        parts = {part: [p for w, p in group if w == part] for part in {w for w, _ in group}}
        touched = {p.change.name for _, p in group} & left
        if not touched:
            continue
        fine = _units_agree(parts) if "read" in parts else _heads_agree(parts, heads)
        if fine:
            left -= touched
        else:
            told.append(f"block {layer}, {prefix or 'top'}: partners were not reordered alike")
            left -= touched
    return told + [f"{name}: reordered without a partner" for name in sorted(left)]


def _blocks(pairs: Iterable[Pair]) -> dict[tuple[int, str], list[tuple[str, Pair]]]:
    """Tensors that share hidden units, by block and by where they stand in it."""
    parts = (("unit", _UNITS), ("read", _READ), ("q", _Q), ("k", _K), ("v", _V), ("o", _O))
    found: dict[tuple[int, str], list[tuple[str, Pair]]] = {}
    for pair in pairs:
        before, _, last = pair.change.role.rpartition(".")
        before, _, name = before.rpartition(".")
        for part, names in parts:
            if pair.change.layer >= 0 and name in names and last in {"weight", "bias"}:
                # A feed-forward layer and an attention may stand side by side, as in GGUF.
                place = f"{before} {'units' if part in {'unit', 'read'} else 'heads'}".strip()
                found.setdefault((pair.change.layer, place), []).append((part, pair))
    return found


def _units_agree(parts: dict[str, list[Pair]]) -> bool:
    orders = {pair.order for pair in parts.get("unit", [])}
    return len(orders) == 1 and _read_in(parts["read"], orders.pop())


def _read_in(readers: list[Pair], order: Order) -> bool:
    """Whether the matrices that read hidden units do so in `order`, and write as before."""
    matrices = [p for p in readers if p.change.role.endswith(".weight")]
    return len(matrices) == 1 and all(
        not p.order and p.columns == (order if p in matrices else ()) for p in readers
    )


def _heads_agree(parts: dict[str, list[Pair]], heads: Heads) -> bool:
    """Whole heads moved, each query head still with the key-value head that it had."""
    if parts.keys() != {"q", "k", "v", "o"} or not 0 < heads.keys <= heads.queries:
        return False
    rows = [{p.order for p in parts[part]} for part in "qkv"]
    if any(len(orders) != 1 for orders in rows) or heads.queries % heads.keys:
        return False
    queries, keys, values = (orders.pop() for orders in rows)
    if keys != values or not _read_in(parts["o"], queries):
        return False
    moved, shared = _whole(queries, heads.queries), _whole(keys, heads.keys)
    group = heads.queries // heads.keys
    return (
        moved is not None
        and shared is not None
        and all(head // group == shared[at // group] for at, head in enumerate(moved))
    )


def _whole(order: Order, heads: int) -> Order | None:
    """The order of `heads` heads that an order of rows amounts to; None if it splits any."""
    size, rest = divmod(len(order), heads)
    if not order:
        return tuple(range(heads))
    firsts = order[::size] if size and not rest else ()
    whole = [row for first in firsts for row in range(first, first + size)]
    if whole != list(order) or any(first % size for first in firsts):
        return None
    return tuple(first // size for first in firsts)
