"""`steelyard bom` on real files."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from safetensors.numpy import save_file

from steelyard.cli import bom
from steelyard.cli.main import main
from steelyard.evidence import manifest

CARD = """---
license: apache-2.0
base_model:
- org/base
datasets: [org/one, 'org/two']
pipeline_tag: text-generation
---
# A model
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    return tmp_path


@pytest.fixture
def model(home: Path) -> Path:
    root = home / "one" / "tiny"
    root.mkdir(parents=True)
    save_file({"w": np.zeros((4, 8), np.float32)}, root / "model.safetensors")
    (root / "config.json").write_text(json.dumps({"model_type": "llama", "vocab_size": 4}))
    (root / "README.md").write_text(CARD)
    return root


def test_what_is_found_stands_in_the_bill(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bom", str(model)]) == 0
    text = capsys.readouterr().out
    assert JsonStrictValidator(SchemaVersion.V1_7).validate_str(text) is None
    whole = json.loads(text)["metadata"]["component"]
    assert whole["modelCard"]["modelParameters"]["modelArchitecture"] == "llama"
    assert [each["name"] for each in whole["modelCard"]["modelParameters"]["datasets"]] == [
        "org/one",
        "org/two",
    ]
    assert whole["licenses"][0]["license"]["id"] == "Apache-2.0"
    digest = manifest.of(model).digest()
    assert {"name": "steelyard:digest:sha256", "value": digest} in whole["properties"]


@pytest.mark.parametrize("shape", ["cyclonedx", "spdx"])
def test_another_place_and_time_give_the_same_bytes(home: Path, model: Path, shape: str) -> None:
    shutil.copytree(model, home / "two" / "tiny")
    told = []
    for place in ("one", "two"):
        out = home / f"{place}.json"
        words = ["bom", str(home / place / "tiny"), "--format", shape, "--out", str(out)]
        assert main(words) == 0
        told.append(out.read_bytes())
    assert told[0] == told[1]
    assert str(home).encode() not in told[0]


def test_a_signed_bill_verifies_as_evidence_about_the_model(
    home: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = home / "evidence" / "bom.json"
    out.parent.mkdir()
    assert main(["bom", str(model), "--sign", "--out", str(out)]) == 0
    assert main(["verify", str(out.parent), "--model", str(model)]) == 0
    assert "https://cyclonedx.org/bom about tiny" in capsys.readouterr().out
    (model / "config.json").write_text("{}")
    assert main(["verify", str(out.parent), "--model", str(model)]) == 1


def test_a_time_is_written_only_when_given() -> None:
    assert bom.moment(None, None) is None
    found = bom.moment(None, "86400")
    assert found is not None
    assert found.isoformat() == "1970-01-02T00:00:00+00:00"
    given = bom.moment("2026-11-24T12:00:00Z", "86400")
    assert given is not None
    assert given.year == 2026


@pytest.mark.parametrize(
    "words",
    [["bom", "nowhere"], ["bom", "{model}", "--created", "now"],
     ["bom", "{model}", "--created", "2026-11-24T12:00"], ["bom", "{model}", "--format", "csv"]],
)  # fmt: skip
def test_bad_input_is_one_clear_line(
    model: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main([word.format(model=model) for word in words]) == 2
    assert "Traceback" not in capsys.readouterr().err
