"""Files that contradict each other, and those that agree."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from safetensors.numpy import save_file

from steelyard.weights.inspect import inspect
from steelyard.weights.settings import Settings

PLAIN = Settings(sandbox=False)
CONFIG = {"model_type": "llama", "vocab_size": 8, "hidden_size": 4, "num_hidden_layers": 2,
          "torch_dtype": "float32"}  # fmt: skip
CARD = "---\nlicense: mit\nbase_model: org/base-7b\n---\n# Model\n"
LLAMA = "META LLAMA 3 COMMUNITY LICENSE AGREEMENT\nMeta Llama 3 Version Release Date: April 18\n"


def model(folder: Path, layers: int = 2, dtype: Any = np.float32, **config: Any) -> None:
    rng = np.random.default_rng(1)
    tensors: dict[str, Any] = {"model.embed_tokens.weight": rng.normal(size=(8, 4)).astype(dtype)}
    for number in range(layers):
        name = f"model.layers.{number}.mlp.weight"
        tensors[name] = rng.normal(size=(4, 4)).astype(dtype)
    save_file(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG | config))
    (folder / "README.md").write_text(CARD)


def tokens(folder: Path, count: int) -> None:
    vocabulary = {f"t{number}": number for number in range(count)}
    whole = {"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "vocab": vocabulary}}
    (folder / "tokenizer.json").write_text(json.dumps(whole))


def template(folder: Path, text: str) -> None:
    writer = gguf.GGUFWriter(folder / "model.gguf", "llama")
    writer.add_chat_template("{% for m in messages %}{{ m.content }}{% endfor %}")
    writer.add_tensor("blk.0.weight", np.ones((2, 32), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    (folder / "chat_template.jinja").write_text(text)


def card(folder: Path, text: str, **files: str) -> None:
    (folder / "README.md").write_text(text)
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content)


def adapter(folder: Path) -> None:
    card(folder, CARD)
    content = json.dumps({"base_model_name_or_path": "org/other-7b"})
    (folder / "adapter_config.json").write_text(content)


def crowded(folder: Path) -> None:
    model(folder)
    tokens(folder, 9)


CASES: dict[str, tuple[Callable[[Path], object], str]] = {
    "more tokens than rows": (crowded, "consistency/vocabulary"),
    "vocab_size": (lambda f: model(f, vocab_size=9), "consistency/vocabulary"),
    "width": (lambda f: model(f, hidden_size=5), "consistency/shape"),
    "missing layer": (lambda f: model(f, layers=1), "consistency/shape"),
    "hidden layers": (lambda f: model(f, layers=12), "consistency/shape"),
    "dtype": (lambda f: model(f, dtype=np.float16), "consistency/dtype"),
    "template": (lambda f: template(f, "{{ messages }}"), "consistency/template"),
    "licence text": (lambda f: card(f, CARD, LICENSE=LLAMA), "consistency/licence"),
    "licence of the base": (
        lambda f: card(f, "---\nlicense: apache-2.0\nbase_model: meta-llama/Llama-3.1-8B\n---\n"),
        "consistency/licence",
    ),
    "base model": (adapter, "consistency/base-model"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_contradiction_is_found(case: str, tmp_path: Path) -> None:
    write, rule = CASES[case]
    write(tmp_path)
    assert rule in {finding.rule for finding in inspect(tmp_path, PLAIN).findings}


def test_a_card_and_a_weight_file_of_different_licences_are_found(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "llama")
    writer.add_license("cc-by-nc-4.0")
    writer.add_tensor("blk.0.weight", np.ones((2, 32), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    card(tmp_path, CARD)
    found = inspect(tmp_path, PLAIN)
    assert "consistency/licence" in {finding.rule for finding in found.findings}


def test_a_word_in_a_table_is_no_licence_text(tmp_path: Path) -> None:
    card(tmp_path, CARD, cards_csv="name,licence\n" + "a,b\n" * 100 + "c,OpenRAIL\n")
    assert not inspect(tmp_path, PLAIN).findings


def test_files_that_agree_have_no_finding(tmp_path: Path) -> None:
    model(tmp_path)
    tokens(tmp_path, 8)
    (tmp_path / "LICENSE").write_text("MIT License\n\nPermission is hereby granted")
    assert not inspect(tmp_path, PLAIN).findings


def test_the_same_template_twice_has_no_finding(tmp_path: Path) -> None:
    template(tmp_path, "{% for m in messages %}{{ m.content }}{% endfor %}\n")
    assert not inspect(tmp_path, PLAIN).findings
