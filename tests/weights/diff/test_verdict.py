"""Constructed truth: each kind of change is made, then named."""

import numpy as np
import pytest
from numpy.typing import NDArray

from steelyard.evidence.predicates.comparison import TensorChange
from steelyard.weights.diff.names import parse
from steelyard.weights.diff.order import Heads
from steelyard.weights.diff.pair import Stored, compare
from steelyard.weights.diff.stored import explained, rounded
from steelyard.weights.diff.verdict import Around, Whole, conclude

Model = dict[str, NDArray[np.float32]]

HIDDEN, INNER, VOCABULARY, BLOCKS = 128, 256, 500, 4


def fresh(seed: int) -> Model:
    rng = np.random.default_rng(seed)

    def matrix(rows: int, columns: int) -> NDArray[np.float32]:
        return (rng.standard_normal((rows, columns)) * 0.05).astype(np.float32)

    model = {"model.embed_tokens.weight": matrix(VOCABULARY, HIDDEN)}
    for block in range(BLOCKS):
        at = f"model.layers.{block}."
        for name in ("q", "k", "v", "o"):
            model[f"{at}self_attn.{name}_proj.weight"] = matrix(HIDDEN, HIDDEN)
        model[f"{at}mlp.gate_proj.weight"] = matrix(INNER, HIDDEN)
        model[f"{at}mlp.up_proj.weight"] = matrix(INNER, HIDDEN)
        model[f"{at}mlp.down_proj.weight"] = matrix(HIDDEN, INNER)
        model[f"{at}input_layernorm.weight"] = 1 + matrix(1, HIDDEN)[0]
    return model


def stored(model: Model, dtype: str) -> Model:
    return {name: rounded(values, dtype) for name, values in model.items()}


def diff(
    before: Model,
    after: Model,
    dtypes: tuple[str, str] = ("BF16", "BF16"),
    known: dict[str, Model] | None = None,
    heads: Heads | None = None,
) -> tuple[Whole, list[TensorChange]]:
    old, new = dtypes
    others = known or {}
    pairs = [
        compare(
            Stored(name=parse(name), dtype=old, values=before[name]),
            Stored(name=parse(name), dtype=new, values=after[name]),
            [other[name] for other in others.values()],
        )
        for name in before
    ]
    told = conclude(pairs, [], Around(known=list(others), heads=heads or Heads()))
    return told, [pair.change for pair in pairs]


def is_written(name: str) -> bool:
    return "o_proj" in name or "down_proj" in name


def with_lora(model: Model, rank: int, seed: int) -> Model:
    rng = np.random.default_rng(seed)
    changed = dict(model)
    for name, values in model.items():
        if "q_proj" in name or "v_proj" in name or "down_proj" in name:
            one = rng.standard_normal((values.shape[0], rank))
            other = rng.standard_normal((rank, values.shape[1]))
            changed[name] = (values + 0.002 * one @ other).astype(np.float32)
    return changed


def without_direction(model: Model, strength: float = 1.0) -> Model:
    rng = np.random.default_rng(5)
    direction = rng.standard_normal(HIDDEN).astype(np.float32)
    direction /= np.linalg.norm(direction)
    changed = dict(model)
    for name, values in model.items():
        if is_written(name):
            removed = strength * np.outer(direction, direction @ values)
            changed[name] = (values - removed).astype(np.float32)
    return changed


def reordered(model: Model, *, break_a_pair: bool = False) -> Model:
    rng = np.random.default_rng(6)
    changed = dict(model)
    for block in range(BLOCKS):
        at = f"model.layers.{block}.mlp."
        order = rng.permutation(INNER)
        changed[at + "gate_proj.weight"] = model[at + "gate_proj.weight"][order]
        changed[at + "up_proj.weight"] = model[at + "up_proj.weight"][order]
        other = rng.permutation(INNER) if break_a_pair else order
        changed[at + "down_proj.weight"] = model[at + "down_proj.weight"][:, other]
    return changed


def trained(model: Model, size: float, seed: int = 8) -> Model:
    rng = np.random.default_rng(seed)
    return {
        name: (values + size * 0.05 * rng.standard_normal(values.shape)).astype(np.float32)
        for name, values in model.items()
    }


BASE = stored(fresh(1), "BF16")


def test_nothing_changed() -> None:
    told, changes = diff(BASE, dict(BASE))
    assert told.kind == "identical"
    assert {one.kind for one in changes} == {"identical"}


@pytest.mark.parametrize("dtype", ["BF16", "F16"])
def test_another_type_is_not_another_model(dtype: str) -> None:
    full = fresh(1)
    assert diff(full, stored(full, dtype), ("F32", dtype))[0].kind == "dtype-change"


@pytest.mark.parametrize("rank", [1, 4, 16])
@pytest.mark.parametrize("dtype", ["F32", "BF16", "F16"])
def test_a_merged_adapter_is_low_rank_and_its_rank_is_told(rank: int, dtype: str) -> None:
    base = stored(BASE, dtype)
    told, changes = diff(base, stored(with_lora(base, rank, 3), dtype), (dtype, dtype))
    assert told.kind == "low-rank-update"
    assert {one.rank for one in changes if one.kind == "low-rank"} == {rank}
    assert sum(one.kind == "identical" for one in changes) == len(BASE) - 3 * BLOCKS


@pytest.mark.parametrize("dtype", ["F32", "BF16", "F16"])
@pytest.mark.parametrize("strength", [1.0, 0.6])
def test_one_direction_removed_everywhere(dtype: str, strength: float) -> None:
    base = stored(BASE, dtype)
    told, changes = diff(base, stored(without_direction(base, strength), dtype), (dtype, dtype))
    assert told.kind == "direction-removed"
    assert {one.name for one in changes if one.kind == "direction-removed"} == {
        name for name in BASE if is_written(name)
    }


def test_hidden_units_in_another_order_compute_the_same() -> None:
    assert diff(BASE, reordered(BASE))[0].kind == "permuted-equivalent"


def test_an_inconsistent_order_is_not_called_equivalent() -> None:
    told, _ = diff(BASE, reordered(BASE, break_a_pair=True))
    assert told.kind == "mixed"


def test_rows_reordered_without_their_partner_are_not_called_equivalent() -> None:
    changed = reordered(BASE)
    for name in BASE:
        if "down_proj" in name:
            changed[name] = BASE[name]
    assert diff(BASE, changed)[0].kind == "mixed"


@pytest.mark.parametrize("size", [0.02, 0.5])
def test_training_in_full_rank_is_told_from_an_adapter(size: float) -> None:
    told, changes = diff(BASE, stored(trained(BASE, size), "BF16"))
    assert told.kind == "fine-tuned"
    assert {one.kind for one in changes} == {"tuned"}


def test_two_models_with_nothing_in_common() -> None:
    assert diff(BASE, stored(fresh(2), "BF16"))[0].kind == "unrelated"


def test_a_merge_is_told_with_its_shares() -> None:
    one, other = trained(BASE, 0.1, 10), trained(BASE, 0.1, 11)
    merged = {n: (BASE[n] + 0.7 * (one[n] - BASE[n]) + 0.3 * (other[n] - BASE[n])) for n in BASE}
    told, _ = diff(BASE, stored(merged, "BF16"), known={"one": one, "other": other})
    assert told.kind == "merge"
    assert told.shares["one"] == pytest.approx(0.7, abs=0.02)
    assert told.shares["other"] == pytest.approx(0.3, abs=0.02)


def test_a_change_that_known_models_do_not_explain_is_not_a_merge() -> None:
    one = trained(BASE, 0.1, 10)
    told, _ = diff(BASE, stored(trained(BASE, 0.1, 12), "BF16"), known={"one": one})
    assert told.kind == "fine-tuned"


@pytest.mark.parametrize("name", ["Q8_0", "Q5_0", "Q5_1", "Q4_0", "Q4_1"])
def test_a_quantisation_is_within_its_format_and_one_of_another_model_is_not(name: str) -> None:
    quants = pytest.importorskip("gguf").quants
    kind = pytest.importorskip("gguf").GGMLQuantizationType[name]

    def through(model: Model) -> Model:
        return {
            key: quants.dequantize(quants.quantize(values, kind), kind)
            if values.ndim > 1
            else values
            for key, values in model.items()
        }

    def told(after: Model) -> str:
        pairs = [
            compare(
                Stored(name=parse(key), dtype="BF16", values=BASE[key]),
                Stored(name=parse(key), dtype=name if values.ndim > 1 else "F32", values=values),
                [],
            )
            for key, values in after.items()
        ]
        return conclude(pairs, [], Around()).kind

    assert told(through(BASE)) == "quantised"
    tampered = dict(BASE)
    touched = "model.layers.2.mlp.down_proj.weight"
    tampered[touched] = (BASE[touched] + 0.02 * np.sign(BASE[touched])).astype(np.float32)
    assert told(through(tampered)) == "mixed"


def test_a_change_of_one_matrix_alone_is_named_by_that_matrix() -> None:
    changed = dict(BASE)
    changed["model.layers.1.self_attn.q_proj.weight"] = stored(with_lora(BASE, 2, 9), "BF16")[
        "model.layers.1.self_attn.q_proj.weight"
    ]
    told, changes = diff(BASE, changed)
    assert told.kind == "low-rank-update"
    assert [one.name for one in changes if one.kind != "identical"] == [
        "model.layers.1.self_attn.q_proj.weight"
    ]


def heads_reordered(model: Model, roles: str, order: list[int]) -> Model:
    """Whole heads of the attention moved: rows of q, k and v, columns of o."""
    size = HIDDEN // len(order)
    rows = [head * size + at for head in order for at in range(size)]
    changed = dict(model)
    for name, values in model.items():
        for role in roles:
            if f"{role}_proj" in name and "self_attn" in name:
                changed[name] = values[:, rows] if role == "o" else values[rows]
    return changed


@pytest.mark.parametrize(
    ("roles", "kind"),
    [("qkvo", "permuted-equivalent"), ("qk", "mixed"), ("q", "mixed"), ("vo", "mixed")],
)
def test_heads_moved_together_compute_the_same_and_others_do_not(roles: str, kind: str) -> None:
    after = heads_reordered(BASE, roles, [2, 0, 3, 1])
    assert diff(BASE, after, heads=Heads(4, 4))[0].kind == kind
    assert diff(BASE, after)[0].kind == "mixed", "without the number of heads nothing is proved"


def test_rows_moved_inside_a_head_are_not_called_equivalent() -> None:
    after = heads_reordered(BASE, "qkvo", [1, 0, 3, 2, 5, 4, 7, 6])
    assert diff(BASE, after, heads=Heads(4, 4))[0].kind == "mixed"


def test_a_gate_reordered_without_its_twin_is_not_called_equivalent() -> None:
    changed = reordered(BASE)
    for name in BASE:
        if "up_proj" in name:
            changed[name] = BASE[name]
    assert diff(BASE, changed)[0].kind == "mixed"


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (1.25, "values multiplied by 1.25"),
        (-1.0, "values multiplied by -1"),
        (np.linspace(0.5, 2, INNER)[:, None], "rows multiplied by 0.5 to 2"),
        (np.linspace(-2, 2, HIDDEN), "columns multiplied by -2 to 2"),
    ],
)
def test_factors_are_told_and_are_no_training(factor: NDArray[np.float64], words: str) -> None:
    changed = dict(BASE)
    name = "model.layers.1.mlp.up_proj.weight"
    changed[name] = (BASE[name] * factor).astype(np.float32)
    told, changes = diff(BASE, changed, ("F32", "F32"))
    assert told.kind == "mixed"
    assert [one.detail for one in changes if one.kind == "scaled"] == [words]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_tensor_without_a_measure_is_named_and_ends_nothing(bad: float) -> None:
    changed = dict(BASE)
    name = "model.layers.1.mlp.up_proj.weight"
    changed[name] = BASE[name].copy()
    changed[name][3, 4] = bad
    told, changes = diff(BASE, changed)
    assert told.kind == "mixed"
    assert [one.name for one in changes if one.kind == "non-finite"] == [name]
    assert all(np.isfinite(one.relative) for one in changes)


def test_numbers_beyond_single_precision_are_measured() -> None:
    huge = {"a.weight": np.full((8, 8), 3e38, np.float32)}
    told, changes = diff(huge, {"a.weight": -huge["a.weight"]}, ("F32", "F32"))
    assert told.kind == "mixed"
    assert changes[0].relative == pytest.approx(2)


def test_a_sign_hidden_in_zeros_is_not_called_identical() -> None:
    nothing = {"a.weight": np.zeros((16, 16), np.float32)}
    told, changes = diff(nothing, {"a.weight": -nothing["a.weight"]}, ("F32", "F32"))
    assert told.kind == "mixed"
    assert changes[0].kind == "same-values"


def stacked(seed: int) -> Model:
    rng = np.random.default_rng(seed)
    return {
        f"model.layers.{block}.mlp.experts.up": (
            rng.standard_normal((4, 64, 96)).astype(np.float32) * 0.05
        )
        for block in range(3)
    }


def test_adapters_of_stacked_experts_are_low_rank() -> None:
    before, rng = stacked(1), np.random.default_rng(2)
    after = {
        name: (
            values + 0.01 * rng.standard_normal((4, 64, 3)) @ rng.standard_normal((4, 3, 96))
        ).astype(np.float32)
        for name, values in before.items()
    }
    told, changes = diff(before, after, ("F32", "F32"))
    assert told.kind == "low-rank-update"
    assert {one.rank for one in changes} == {3}


def test_a_direction_removed_from_stacked_experts_is_told() -> None:
    before = stacked(1)
    direction = np.random.default_rng(3).standard_normal(64).astype(np.float32)
    direction /= np.linalg.norm(direction)
    after = {
        name: values - np.einsum("i,j,ejk->eik", direction, direction, values)
        for name, values in before.items()
    }
    assert diff(before, after, ("F32", "F32"))[0].kind == "direction-removed"


def test_what_a_kind_leaves_out_stands_in_the_sentence() -> None:
    tuned = "model.layers.0.mlp.up_proj.weight"
    after = {**with_lora(BASE, 4, 3), tuned: trained(BASE, 0.1)[tuned]}
    told, _ = diff(BASE, after, ("F32", "F32"))
    assert told.kind == "low-rank-update"
    assert "1 tensor changed in another way" in told.sentence


def test_half_a_model_kept_is_not_unrelated() -> None:
    other = fresh(2)
    half = {n: other[n] if "layers.0" in n or "layers.1" in n else BASE[n] for n in BASE}
    assert diff(BASE, half, ("F32", "F32"))[0].kind == "mixed"


def test_a_quantised_type_without_a_known_error_is_not_called_training() -> None:
    told, _ = diff(BASE, trained(BASE, 0.02), ("BF16", "IQ4_NL"))
    assert told.kind == "mixed"
    assert "IQ4_NL" in told.sentence


def test_a_row_turned_round_is_not_explained_by_a_coarse_type() -> None:
    quants = pytest.importorskip("gguf").quants
    kind = pytest.importorskip("gguf").GGMLQuantizationType["Q4_0"]
    before = np.random.default_rng(4).standard_normal((500, 512)).astype(np.float32) * 0.05
    before[7] = 1e-9  # under what the type's half-precision scales can hold
    after = before.copy()
    assert explained(before, quants.dequantize(quants.quantize(after, kind), kind), "Q4_0")
    after[3] *= -1
    assert not explained(before, quants.dequantize(quants.quantize(after, kind), kind), "Q4_0")
