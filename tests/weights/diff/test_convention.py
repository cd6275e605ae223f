"""A checkpoint and its GGUF conversion: other names, interleaved heads, the same model."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from steelyard.weights.diff.compare import compare_models
from steelyard.weights.diff.inventory import unpermuted

gguf = pytest.importorskip("gguf")

HEADS, KEY_HEADS, HIDDEN, INNER = 4, 2, 64, 128
Array = NDArray[np.float32]


def permuted(values: Array, heads: int) -> Array:
    """As llama.cpp's convert_hf_to_gguf.py does it (`LlamaModel.permute`)."""
    rows = values.shape[0]
    halves = values.reshape(heads, 2, rows // heads // 2, values.shape[1])
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(values.shape))


def checkpoint() -> dict[str, Array]:
    rng = np.random.default_rng(4)
    shapes = {
        "model.embed_tokens.weight": (96, HIDDEN),
        "model.layers.0.self_attn.q_proj.weight": (HIDDEN, HIDDEN),
        "model.layers.0.self_attn.k_proj.weight": (HIDDEN // 2, HIDDEN),
        "model.layers.0.mlp.down_proj.weight": (HIDDEN, INNER),
    }
    return {
        name: (rng.standard_normal(shape) * 0.05).astype(np.float32)
        for name, shape in shapes.items()
    }


def write_gguf(path: Path, tensors: dict[str, Array], kind: str) -> None:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(1)
    table = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, 1)
    for name, values in tensors.items():
        heads = HEADS if "q_proj" in name else KEY_HEADS if "k_proj" in name else 0
        stored = permuted(values, heads) if heads else values
        raw = gguf.GGMLQuantizationType[kind]
        writer.add_tensor(
            table.get_name(name, try_suffixes=(".weight",)),
            gguf.quants.quantize(stored, raw),
            raw_dtype=raw,
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_undoing_the_interleaving_is_exact() -> None:
    values = checkpoint()["model.layers.0.self_attn.q_proj.weight"]
    assert np.array_equal(unpermuted(permuted(values, HEADS), HEADS), values)


@pytest.mark.parametrize(("kind", "told"), [("F16", "dtype-change"), ("Q4_0", "quantised")])
def test_a_conversion_is_recognised_across_names(tmp_path: Path, kind: str, told: str) -> None:
    original, converted = tmp_path / "original", tmp_path / "model.gguf"
    original.mkdir()
    save_file(checkpoint(), original / "model.safetensors")
    (original / "config.json").write_text(
        json.dumps({"num_attention_heads": HEADS, "num_key_value_heads": KEY_HEADS})
    )
    write_gguf(converted, checkpoint(), kind)
    forth = compare_models(("original", original), converted, {})[0]
    assert forth.kind == told, forth.tensors
    assert len(forth.tensors) == 4
    back = compare_models(("converted", converted), original, {})[0]
    assert {one.kind for one in back.tensors} <= {"dtype-change", "tuned"}
