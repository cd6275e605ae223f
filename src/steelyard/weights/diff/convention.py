"""The same tensor under two conventions: `blk.0.attn_q` is `model.layers.0.self_attn.q_proj`."""

from collections.abc import Iterable, Mapping

from steelyard.weights.diff.inventory import Inventory
from steelyard.weights.diff.names import parse


def align(old: Inventory, new: Inventory) -> Mapping[str, str]:
    """New name → old name, where the two models follow different conventions.

    Empty where both follow one, or where the extra `diff`, which holds the table, is absent.

    Source: gguf-py, `gguf/tensor_mapping.py`.
    """
    if _is_ggml(old.tensors) == _is_ggml(new.tensors):
        return {}
    ggml, other = (old, new) if _is_ggml(old.tensors) else (new, old)
    table = _table(ggml.facts.get("architecture", "llama"), other.tensors)
    if ggml is new:
        return {short: long for long, short in table.items()}
    return table


def _is_ggml(names: Iterable[str]) -> bool:
    return any(name.startswith(("blk.", "token_embd.")) for name in names)


def _table(architecture: str, names: Iterable[str]) -> dict[str, str]:
    try:
        import gguf
    except ImportError:
        return {}
    kinds = {name: kind for kind, name in gguf.MODEL_ARCH_NAMES.items()}
    kind = kinds.get(architecture, gguf.MODEL_ARCH.LLAMA)
    listed = list(names)
    blocks = max((parse(name).layer for name in listed), default=0) + 1
    table = gguf.get_tensor_name_map(kind, blocks)
    found = {name: table.get_name(name, try_suffixes=(".weight", ".bias")) for name in listed}
    return {long: short for long, short in found.items() if short}
