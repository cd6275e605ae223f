"""What honest tools write is not called hostile: the twins of the hostile files."""

import collections
import datetime as dt
import gzip
import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.hostile.boxes import Block, Part, checkpoint, tarred, zipped
from tests.hostile.programs import HARMLESS, call, look, name, program, rules, text
from tests.hostile.test_containers import FOUR, STATE

PLAIN: dict[str, Any] = {
    "dict": {"epoch": 3, "loss": [0.5, 0.25], "name": "café", "seen": {1, 2}, "raw": b"\0\1"},
    "long-text": {"text": "x" * 100_000, "raw": bytes(100_000)},
    "numbers": [1 + 2j, 10**40, -1, 0.1, True, None, range(3), slice(1, 2)],
    "dates": [dt.datetime.now(dt.UTC), dt.date(2026, 1, 1), dt.timedelta(1)],
    "collections": [
        collections.OrderedDict(a=1),
        collections.Counter("abc"),
        collections.deque([1], 3),
        collections.defaultdict(list, a=[1]),
    ],
    "array": np.arange(12.0).reshape(3, 4),
    "arrays": {
        "f": np.asfortranarray(np.eye(3)),
        "b": np.array([True]),
        "s": np.array(["a", "bc"]),
    },
    "record": np.zeros(3, dtype=[("a", "<f4"), ("b", "<i8", (2,))]),
    "objects": np.array([1, "a", None, {"b": 2}], dtype=object),
    "scalars": [np.float32(1), np.int64(2), np.datetime64("2026-01-01")],
    "masked": np.ma.masked_array([1, 2], mask=[True, False]),
    "generator": np.random.default_rng(0),
    "shared": [[[1]] * 50] * 50,
}


@pytest.mark.parametrize("case", PLAIN)
def test_plain_data_is_safe_in_every_protocol(case: str, tmp_path: Path) -> None:
    for protocol in range(6):
        found = look(tmp_path, pickle.dumps(PLAIN[case], protocol))
        assert found.files[0].verdict == "safe", found.findings


def saved(**arrays: Any) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def written(value: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, value)
    return out.getvalue()


def by_zipfile(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, raw in files.items():
            archive.writestr(file, raw)
    return out.getvalue()


FILES: dict[str, bytes] = {
    "torch-zip": zipped(*checkpoint(STATE, storages={"0": FOUR})),
    "npz": saved(x=np.eye(3), y=np.arange(3)),
    "npy": written(np.eye(3)),
    "npy-record": written(np.zeros(2, dtype=[("a", "<f4"), ("b", "<U3")])),
    "zipfile": by_zipfile(**{"a.pkl": HARMLESS, "b.pkl": pickle.dumps([1])}),
    "zip-in-zip": zipped(Part("inner.zip", zipped(Part("a.pkl", HARMLESS)))),
    "descriptor": zipped(Part("a.pkl", HARMLESS, descriptor=True, method=8)),
    "tar": tarred(Block("a.pkl", HARMLESS), Block("folder/", kind="5")),
    "tar-gz": gzip.compress(tarred(Block("a.pkl", HARMLESS))),
    "joblib-gzip": gzip.compress(HARMLESS),
    "stacked": HARMLESS + pickle.dumps([1], 2),
    "padded": HARMLESS + bytes(512),
    "newline": HARMLESS + b"\n",
    "npy-of-python-2": written(np.eye(2)).replace(b"(2, 2), }  ", b"(2L, 2L), }"),
    "zip-with-a-newline-in-a-header": zipped(Part("a.json", b"[1, 2, 3]\n")),
}


@pytest.mark.parametrize("case", FILES)
def test_an_honest_file_has_no_finding(case: str, tmp_path: Path) -> None:
    found = look(tmp_path, FILES[case], "model.bin")
    noisy = {rule for rule in rules(found) if rule != "file/unknown-format"}
    assert not noisy, found.findings
    assert found.files[0].verdict != "denied"


def estimator(module: str, cls: str) -> bytes:
    """An instance as object.__reduce_ex__(2) writes it."""
    return program(name(module, cls) + b")\x81}" + text("C") + b"G?\xf0\0\0\0\0\0\0sb")


REVIEWED = {
    "scikit-learn": ("sklearn.linear_model._logistic", "LogisticRegression"),
    "module-of-torch": ("torch.nn.modules.linear", "Linear"),
    "own-module": ("__main__", "Net"),
    "configuration": ("transformers.models.llama.configuration_llama", "LlamaConfig"),
    "booster": ("xgboost.core", "Booster"),
}


@pytest.mark.parametrize("case", REVIEWED)
def test_instances_of_libraries_are_for_review_and_named(case: str, tmp_path: Path) -> None:
    found = look(tmp_path, estimator(*REVIEWED[case]))
    assert found.files[0].verdict == "review"
    (finding,) = found.findings
    assert (finding.rule, finding.severity) == ("pickle/unlisted-class", "low")
    assert ".".join(REVIEWED[case]) in finding.message
    assert found.files[0].callables == (".".join(REVIEWED[case]),)


def test_an_instance_of_an_unknown_package_is_told_more_loudly(tmp_path: Path) -> None:
    (finding,) = look(tmp_path, estimator("some_package", "Thing")).findings
    assert (finding.rule, finding.severity) == ("pickle/unlisted-class", "medium")


def test_tensors_are_listed_with_their_places(tmp_path: Path) -> None:
    raw = zipped(*checkpoint(STATE, storages={"0": FOUR}))
    report = look(tmp_path, raw, "model.pt").files[0]
    assert (report.tensors, report.parameters) == (1, 4)
    assert report.facts["container"] == "torch zip"


def test_text_with_long_words_is_no_pickle(tmp_path: Path) -> None:
    vocabulary = json.dumps({"word" * 9 + str(number): number for number in range(2000)}).encode()
    assert not {
        rule for rule in rules(look(tmp_path, vocabulary, "vocab.json")) if "pickle" in rule
    }
    for prose in (b"import os\n", b"cats\nand dogs\n", b"(see below)\n", b"I am\n.", b"}\n"):
        assert not {rule for rule in rules(look(tmp_path, prose, "a.md")) if "pickle" in rule}


def test_random_bytes_are_no_pickle(tmp_path: Path) -> None:
    raw = np.random.default_rng(0).bytes(2_000_000)
    assert not {rule for rule in rules(look(tmp_path, raw, "a.bin")) if "pickle" in rule}


def test_a_list_of_requirements_is_no_pickle(tmp_path: Path) -> None:
    raw = b"ctypes\nnumpy\ntorch\n"
    assert not {rule for rule in rules(look(tmp_path, raw, "requirements.txt")) if "pickle" in rule}


def test_a_plain_list_of_calls_of_safe_names_is_safe(tmp_path: Path) -> None:
    raw = program(call("builtins", "set", b"](K\x01K\x02e"))
    assert look(tmp_path, raw).files[0].verdict == "safe"
