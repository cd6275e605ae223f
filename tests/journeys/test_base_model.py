"""A base model, a real one: the embedded file without its chat template, audited end to end."""

import json
from pathlib import Path

import gguf
import pytest
from gguf.scripts.gguf_new_metadata import copy_with_new_metadata

from steelyard.cli.main import main
from steelyard.errors import UnavailableError
from steelyard.subjects import local, reference, resolve
from steelyard.subjects.settings import FetchSettings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        fetched = resolve.fetch(reference.parse(""), FetchSettings())
    except UnavailableError as error:
        pytest.skip(str(error))
    path = tmp_path_factory.mktemp("model") / "tiny-base.gguf"
    reader = gguf.GGUFReader(local.loadable(fetched).path)
    writer = gguf.GGUFWriter(path, "llama")
    copy_with_new_metadata(reader, writer, {}, [gguf.Keys.Tokenizer.CHAT_TEMPLATE])
    return path


def test_a_base_model_is_audited_as_one_and_the_report_says_so(
    base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    out = tmp_path / "out"
    chosen = "performance.word_problems,performance.reading,truthfulness.facts,security.prefill"
    words = ["--probes", chosen, "--budget", "calls=48", "--seed", "s", "--out", str(out)]
    code = main(["audit", str(base), *words])
    assert code in (1, 3), capsys.readouterr().err
    found = json.loads((out / "statement.json").read_text())["predicate"]
    assert found["target"]["chat"] == "none"
    assert found["target"]["model"] == "tiny-base"
    assert any("calls itself" in note for note in found["target"]["notes"])
    assert found["journal"]["calls"] >= 40
    assert all(probe["missing"] == 0 for probe in found["probes"])
    answered = [example["answer"] for probe in found["probes"] for example in probe["examples"]]
    assert any(answered)
    assert not any("\nUser:" in answer for answer in answered)
    report = (out / "report.html").read_text()
    assert "base model" in report
    assert "tiny-base" in report
    assert main(["check", str(base), "--policy", "school", "--evidence", str(out)]) == code
