"""Two folders compared, through real files written by the reference library."""

import json
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from steelyard.evidence.predicates.comparison import Comparison
from steelyard.weights.diff.compare import compare_models

Arrays = dict[str, NDArray[np.float32]]


def arrays(seed: int = 1) -> Arrays:
    rng = np.random.default_rng(seed)
    found: Arrays = {"model.embed_tokens.weight": _matrix(rng, 300, 64)}
    for block in range(2):
        found[f"model.layers.{block}.self_attn.q_proj.weight"] = _matrix(rng, 64, 64)
        found[f"model.layers.{block}.mlp.down_proj.weight"] = _matrix(rng, 64, 128)
    return found


def _matrix(rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.float32]:
    return (rng.standard_normal((rows, columns)) * 0.05).astype(np.float32)


def folder(at: Path, tensors: Arrays, config: dict[str, object] | None = None) -> Path:
    at.mkdir()
    save_file(tensors, at / "model.safetensors")
    (at / "config.json").write_text(json.dumps(config or {"hidden_act": "silu"}))
    return at


def compared(before: Path, after: Path, known: dict[str, Path] | None = None) -> Comparison:
    return compare_models((before.name, before), after, known or {})[0]


def test_a_copy_is_identical(tmp_path: Path) -> None:
    told = compared(folder(tmp_path / "a", arrays()), folder(tmp_path / "b", arrays()))
    assert (told.kind, told.same, told.tensors, told.files) == ("identical", 5, (), ())


def test_a_setting_is_told_in_words_and_no_tensor_is_blamed(tmp_path: Path) -> None:
    a = folder(tmp_path / "a", arrays(), {"rope_theta": 10000, "hidden_act": "silu"})
    b = folder(tmp_path / "b", arrays(), {"rope_theta": 500000, "hidden_act": "silu"})
    told = compared(a, b)
    assert told.kind == "files-only"
    assert [one.words for one in told.texts] == ["rope_theta: 10000 became 500000"]
    assert told.texts[0].notable


def test_added_removed_resized_and_renamed_tensors_are_told_apart(tmp_path: Path) -> None:
    old, new = arrays(), arrays()
    new["model.layers.0.mlp.extra.weight"] = np.ones((3, 3), np.float32)
    new["renamed.weight"] = new.pop("model.layers.1.mlp.down_proj.weight")
    del new["model.layers.1.self_attn.q_proj.weight"]
    new["model.embed_tokens.weight"] = np.zeros((301, 64), np.float32)
    told = compared(folder(tmp_path / "a", old), folder(tmp_path / "b", new))
    assert {one.name: one.kind for one in told.tensors} == {
        "model.layers.0.mlp.extra.weight": "added",
        "renamed.weight": "renamed",
        "model.layers.1.self_attn.q_proj.weight": "removed",
        "model.embed_tokens.weight": "resized",
    }
    assert told.kind == "mixed"


def test_a_model_split_into_other_files_has_the_same_tensors(tmp_path: Path) -> None:
    whole = arrays()
    a = folder(tmp_path / "a", whole)
    b = folder(tmp_path / "b", dict(list(whole.items())[:2]))
    save_file(dict(list(whole.items())[2:]), b / "model-2.safetensors")
    told = compared(a, b)
    assert told.kind == "files-only"
    assert told.same == 5


def test_half_precision_is_a_change_of_type(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    halves = {name: values.astype(np.float16) for name, values in arrays().items()}
    save_file(halves, tmp_path / "b" / "model.safetensors")
    told = compared(folder(tmp_path / "a", arrays()), tmp_path / "b")
    assert told.kind == "dtype-change"


def test_a_merge_of_two_known_folders_is_told_with_its_shares(tmp_path: Path) -> None:
    base, rng = arrays(), np.random.default_rng(3)
    one = {n: v + _matrix(rng, *v.shape) * np.float32(0.1) for n, v in base.items()}
    two = {n: v + _matrix(rng, *v.shape) * np.float32(0.1) for n, v in base.items()}
    merged = {n: v + 0.5 * (one[n] - v) + 0.5 * (two[n] - v) for n, v in base.items()}
    known = {"one": folder(tmp_path / "one", one), "two": folder(tmp_path / "two", two)}
    told = compared(folder(tmp_path / "a", base), folder(tmp_path / "m", merged), known)
    assert told.kind == "merge"
    assert all(abs(share - 0.5) < 0.02 for share in told.shares.values())


def test_a_change_that_cannot_be_read_is_not_called_identical(tmp_path: Path) -> None:
    for name, byte in (("a", 3), ("b", 7)):
        (tmp_path / name).mkdir()
        head = {"x": {"dtype": "F8_E4M3", "shape": [64], "data_offsets": [0, 64]}}
        text = json.dumps(head).encode()
        text += b" " * (-len(text) % 8)
        data = len(text).to_bytes(8, "little") + text + bytes([byte]) * 64
        (tmp_path / name / "model.safetensors").write_bytes(data)
    told = compared(tmp_path / "a", tmp_path / "b")
    assert told.kind == "mixed"
    assert [one.what for one in told.skipped] == ["x"]


def test_a_change_below_single_precision_is_not_called_identical(tmp_path: Path) -> None:
    counts = np.arange(100, dtype=np.int64) + 2**40
    for name, last in (("a", 0), ("b", 1)):
        (tmp_path / name).mkdir()
        counts[-1] += last
        save_file({"x": counts}, tmp_path / name / "model.safetensors")
    told = compared(tmp_path / "a", tmp_path / "b")
    assert told.kind == "mixed"
    assert [one.kind for one in told.tensors] == ["same-values"]


def test_an_altered_twin_under_the_same_tensor_names_is_seen(tmp_path: Path) -> None:
    before, after = folder(tmp_path / "a", arrays()), folder(tmp_path / "b", arrays(2))
    for at in (before, after):
        save_file(arrays(), at / "zz.safetensors")
    told = compared(before, after)
    assert told.kind == "unrelated" or len(told.tensors) == len(arrays())
    assert told.same == len(arrays())


def test_models_without_a_common_tensor_are_not_said_to_agree(tmp_path: Path) -> None:
    other = {f"x.{index}": values for index, values in enumerate(arrays(2).values())}
    told = compared(folder(tmp_path / "a", arrays()), folder(tmp_path / "b", other))
    assert told.kind == "mixed"
    assert "no values were compared" in told.sentence


def test_a_reordered_vocabulary_is_compared_in_linear_time(tmp_path: Path) -> None:
    before, after = folder(tmp_path / "a", arrays()), folder(tmp_path / "b", arrays())
    lines = [f"tok {index} {index * 7919 % 104729}" for index in range(60_000)]
    (before / "merges.txt").write_text("\n".join(lines))
    (after / "merges.txt").write_text("\n".join(lines[::-1]))
    began = time.process_time()
    told = compared(before, after)
    assert time.process_time() - began < 5
    assert [one.words for one in told.texts] == [
        "the same lines, in another order or with other line ends"
    ]


def test_the_same_files_are_identical_though_no_tensor_can_be_read(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        np.savez_compressed(tmp_path / name / "w.npz", x=np.zeros(64, np.float32))
    (tmp_path / "b" / "w.npz").write_bytes((tmp_path / "a" / "w.npz").read_bytes())
    told = compared(tmp_path / "a", tmp_path / "b")
    assert told.skipped
    assert told.kind == "identical"
    np.savez_compressed(tmp_path / "b" / "w.npz", x=np.ones(64, np.float32))
    assert compared(tmp_path / "a", tmp_path / "b").kind == "mixed"
