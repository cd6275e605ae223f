"""Two models compared: files, texts, every tensor, and what the whole change is."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from steelyard import __version__
from steelyard.errors import SteelyardError
from steelyard.evidence.predicates.audit import Tool
from steelyard.evidence.predicates.comparison import (
    Comparison,
    FileChange,
    TensorChange,
    TensorKind,
    TextChange,
)
from steelyard.evidence.value import Skipped
from steelyard.weights.diff import texts
from steelyard.weights.diff.change import Matrix
from steelyard.weights.diff.convention import align
from steelyard.weights.diff.inventory import Held, Inventory, take, unpermuted
from steelyard.weights.diff.order import Heads
from steelyard.weights.diff.pair import Pair, Stored, compare, described
from steelyard.weights.diff.verdict import Around, conclude

INTERLEAVED = frozenset({"llama", "granite", "granitemoe", "deci"})
"""GGUF architectures whose query and key rows are interleaved by the converter."""


def compare_models(
    before: tuple[str, Path], after: Path, known: Mapping[str, Path]
) -> tuple[Comparison, str]:
    """What changed from `before` to `after`.

    Args:
        before: name to write into the evidence, and the older model.
        after: the newer model.
        known: models that `after` may be a merge of, by name; same base and names.

    Returns:
        The predicate, and the name-bound digest of `after`.

    Raises:
        InputError: there is nothing to look at, or a tensor type needs the extra `diff`.
    """
    old, new = take(before[1]), take(after)
    mapping = align(old, new)
    others = [take(path) for path in known.values()]
    pairs, failed = _pairs(old, new, mapping, others)
    skipped = (*old.skipped, *new.skipped, *failed)
    loose = tuple(_loose(old, new, mapping))
    files = tuple(_files(old.files, new.files))
    words = tuple(_words(old, new))
    around = Around(
        known=list(known),
        files_changed=bool(files),
        skipped=len(skipped) if old.digest != new.digest else 0,
        heads=_attention(new),
    )
    whole = conclude(pairs, loose, around)
    changed = [pair.change for pair in pairs if pair.change.kind != "identical"]
    predicate = Comparison(
        tool=Tool(version=__version__),
        before=before[0],
        before_digest={"sha256": old.digest},
        kind=whole.kind,
        sentence=whole.sentence,
        reasons=whole.reasons,
        files=files,
        texts=words,
        tensors=(*changed, *loose),
        same=len(pairs) - len(changed),
        skipped=skipped,
        shares=whole.shares,
    )
    return predicate, new.digest


def _pairs(
    old: Inventory, new: Inventory, mapping: Mapping[str, str], known: list[Inventory]
) -> tuple[list[Pair], list[Skipped]]:
    """Every tensor that both hold in one shape, and those of them that could not be read."""
    pairs: list[Pair] = []
    failed: list[Skipped] = []
    for name, held in sorted(new.tensors.items()):
        partner = old.tensors.get(mapping.get(name, name))
        if partner is None or partner.shape != held.shape:
            continue
        try:
            pairs.append(_pair(partner, held, known, _heads(old, new, (partner, held))))
        except SteelyardError as error:
            failed.append(Skipped(what=name, reason=str(error)))
    return pairs, failed


def _pair(before: Held, after: Held, known: list[Inventory], heads: int) -> Pair:
    if before.same_bytes(after):
        kind: TensorKind = "identical"
        return Pair(
            change=TensorChange(
                name=after.name.full,
                kind=kind,
                after=described(after.dtype, after.shape),
                layer=after.name.layer,
                role=after.name.role,
            )
        )
    old, new = before.values(), after.values()
    if heads:
        old, new = _deinterleaved(before, old, heads), _deinterleaved(after, new, heads)
    tried: list[Matrix] = [
        other.tensors[before.name.full].values()
        for other in known
        if before.name.full in other.tensors
        and other.tensors[before.name.full].shape == before.shape
    ]
    return compare(
        Stored(name=before.name, dtype=before.dtype, values=np.atleast_1d(old)),
        Stored(name=after.name, dtype=after.dtype, values=np.atleast_1d(new)),
        tried if len(tried) == len(known) else [],
    )


def _deinterleaved(held: Held, values: Matrix, heads: int) -> Matrix:
    return unpermuted(values, heads) if "blk." in held.name.full else values


def _heads(old: Inventory, new: Inventory, pair: tuple[Held, Held]) -> int:
    """Heads that the GGUF converter interleaved in one of a pair; 0 for none.

    Only where the two follow different conventions, and only for the architectures whose
    converter does it.

    Source: ggml-org/llama.cpp, convert_hf_to_gguf.py, `LlamaModel.undo_permute`.
    """
    ggml = [held for held in pair if "blk." in held.name.full]
    architecture = old.facts.get("architecture") or new.facts.get("architecture")
    if len(ggml) != 1 or architecture not in INTERLEAVED:
        return 0
    held = ggml[0]
    if not held.name.role.startswith(("attn_q.", "attn_k.")):
        return 0
    both = {
        name: old.setting(name) or new.setting(name)
        for name in ("num_attention_heads", "num_key_value_heads")
    }
    heads = both["num_attention_heads"]
    if held.name.role.startswith("attn_k."):
        heads = both["num_key_value_heads"] or heads
    return heads if heads and held.shape[0] % (2 * heads) == 0 else 0


def _attention(model: Inventory) -> Heads:
    queries = model.setting("num_attention_heads")
    return Heads(queries, model.setting("num_key_value_heads") or queries)


def _loose(old: Inventory, new: Inventory, mapping: Mapping[str, str]) -> Iterator[TensorChange]:
    """Tensors without a partner of the same name and shape."""
    partners = {mapping.get(name, name): name for name in new.tensors}
    gone = [held for name, held in sorted(old.tensors.items()) if name not in partners]
    for name, held in sorted(new.tensors.items()):
        partner = old.tensors.get(mapping.get(name, name))
        if partner is not None:
            if partner.shape != held.shape:
                yield _change(held, "resized", partner)
            continue
        twin = next((one for one in gone if one.shape == held.shape and one.same_bytes(held)), None)
        if twin is None:
            yield _change(held, "added")
        else:
            gone.remove(twin)
            yield _change(held, "renamed", twin)
    for held in gone:
        yield _change(held, "removed", held)


def _change(held: Held, kind: TensorKind, before: Held | None = None) -> TensorChange:
    detail = f"was {before.name.full}" if before and kind == "renamed" else ""
    return TensorChange(
        name=held.name.full,
        kind=kind,
        before=described(before.dtype, before.shape) if before else "",
        after=described(held.dtype, held.shape) if kind != "removed" else "",
        layer=held.name.layer,
        role=held.name.role,
        detail=detail,
    )


def _files(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[FileChange]:
    gone = {digest: path for path, digest in old.items() if path not in new}
    renamed = set()
    for path, digest in sorted(new.items()):
        if path not in old:
            before = gone.get(digest, "")
            renamed.add(before)
            yield FileChange(path=path, change="renamed" if before else "added", before=before)
        elif old[path] != digest:
            yield FileChange(path=path, change="changed")
    for path in sorted(old):
        if path not in new and path not in renamed:
            yield FileChange(path=path, change="removed")


def _words(old: Inventory, new: Inventory) -> Iterator[TextChange]:
    yield from texts.compare(old.places, new.places)
    for name in sorted(old.facts.keys() & new.facts.keys()):
        was, now = old.facts[name], new.facts[name]
        if was != now:
            yield TextChange(path=name, words=f"{was} became {now}", notable="template" in name)
