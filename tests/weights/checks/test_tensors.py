"""Tensors that are broken, dead, doubled or carry something."""

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from steelyard.weights.inspect import inspect
from steelyard.weights.settings import Settings


def rules(folder: Path, tensors: dict[str, Any]) -> set[str]:
    save_file(tensors, folder / "model.safetensors")
    found = inspect(folder, Settings(sandbox=False))
    return {finding.rule for finding in found.findings}


def normal(seed: int) -> Any:
    return np.random.default_rng(seed).normal(0, 0.02, (128, 128)).astype(np.float32)


def test_nan_is_found_and_infinity_in_a_mask_is_not(tmp_path: Path) -> None:
    bad = normal(1)
    bad[3, 3] = np.nan
    assert rules(tmp_path, {"a.weight": bad}) == {"tensor/not-finite"}
    mask = np.full((4, 4), -np.inf, np.float32)
    assert not rules(tmp_path, {"attn.mask": mask, "a.weight": normal(1)})


def test_a_dead_matrix_is_found_and_a_zero_bias_or_fresh_adapter_is_not(tmp_path: Path) -> None:
    dead = np.zeros((8, 8), np.float32)
    assert rules(tmp_path, {"a.weight": dead}) == {"tensor/dead"}
    assert not rules(tmp_path, {"a.bias": dead[0], "q.lora_B.weight": dead})


def test_a_copied_layer_is_found_and_tied_embeddings_are_not(tmp_path: Path) -> None:
    assert rules(tmp_path, {"l.0.weight": normal(1), "l.1.weight": normal(1)}) == {
        "tensor/duplicate"
    }
    assert not rules(tmp_path, {"embed_tokens.weight": normal(1), "lm_head.weight": normal(1)})


def test_text_in_low_bytes_is_found_in_the_file(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(0, 0.02, (256, 256)).astype(np.float32)
    raw = values.view(np.uint8).reshape(-1)
    text = b"print('hello'); x = [i for i in range(9)]  # The quick brown fox\n" * 800
    raw[0 : 4 * len(text) : 4] = np.frombuffer(text, np.uint8)[: len(raw) // 4]
    assert rules(tmp_path, {"a.weight": values}) == {"tensor/low-bits"}
