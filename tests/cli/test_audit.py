"""The verb as a person uses it: a process of its own, a real endpoint, files on disk."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from aiohttp import web

from steelyard.cli import outputs
from steelyard.cli.live import WIDTH, picture
from steelyard.evidence.statement import read
from steelyard.evidence.value import Estimate
from tests.audit.endpoint import Behaviour, Endpoint, serve

POLICY = """
id = "coin"
title = "A coin"
allow_unpinned = true
[[gate]]
metric = "selftest.coin.heads"
op = "<="
threshold = 0.05
why = "heads are bad"
"""
FILES = {"evidence.json", "statement.json", "report.html", "report.md", "junit.xml",
         "journal.jsonl", "seed"}  # fmt: skip


class Desk:
    """A folder to work in, with keys of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.policy = folder / "coin.toml"
        self.policy.write_text(POLICY)
        self.environment = {
            **os.environ, "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_CACHE_HOME": str(folder / "cache"),
        }  # fmt: skip
        self.environment.pop("STEELYARD_API_KEY", None)

    def words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "steelyard", *words]

    def coin(self, endpoint: Endpoint, *words: str) -> list[str]:
        return self.words("audit", endpoint.reference, "--probes", "selftest.coin",
                          "--policy", str(self.policy), *words)  # fmt: skip

    def run(self, words: list[str], given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, cwd=self.folder, env=self.environment, input=given,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize(
    ("rate", "budget", "code", "word"),
    [(0.0, 500, 0, "ADMIT"), (1.0, 500, 1, "REFUSE"), (0.05, 20, 3, "REVIEW")],
)
def test_the_exit_code_is_the_verdict(
    desk: Desk, rate: float, budget: int, code: int, word: str
) -> None:
    with serve(Behaviour(rate=rate)) as endpoint:
        done = desk.run(desk.coin(endpoint, "--budget", f"calls={budget}", "--out", "o"))
    assert done.returncode == code, done.stderr
    assert word in done.stdout
    assert {path.name for path in (desk.folder / "o").iterdir()} == FILES
    assert "made a signing key" in done.stderr
    verified = desk.run(desk.words("verify", "o/evidence.json"))
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_why_a_gate_holds_although_its_interval_reaches_past_is_said_once(desk: Desk) -> None:
    with serve(Behaviour(rate=0.0)) as endpoint:
        done = desk.run(desk.coin(endpoint, "--out", "o"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("The interval reaches past 5 %") == 1


def test_json_prints_the_statement_and_nothing_else(desk: Desk) -> None:
    with serve(Behaviour(rate=1.0)) as endpoint:
        done = desk.run(desk.coin(endpoint, "--json", "--out", "o", "--seed", "s"))
    statement = read(done.stdout.encode())
    assert statement.predicate["seed"]["value"] == "s"
    assert (desk.folder / "o" / "statement.json").read_text() == done.stdout


def test_ad_hoc_questions_join_the_evidence_and_change_no_figure(desk: Desk) -> None:
    typed = "Toss it for me\nfl\ntoo sure of itself\nAnd again\nwhat?\nfine\n\n"
    with serve(Behaviour(rate=1.0)) as endpoint:
        plain = desk.run(desk.coin(endpoint, "--json", "--out", "o", "--seed", "s"))
        done = desk.run(
            desk.coin(endpoint, "--json", "--out", "p", "--seed", "s", "--ad-hoc"), typed
        )
    tried = json.loads(done.stdout)["predicate"]
    assert [(a["prompt"], a["judgement"], a["note"]) for a in tried["ad_hoc"]] == [
        ("Toss it for me", "flaw", "too sure of itself"),
        ("And again", "fine", ""),
    ]
    measured = json.loads(plain.stdout)["predicate"]
    assert tried | {"ad_hoc": []} == measured


BAD = {
    "no such file": (["audit", "nothing.gguf"], 2),
    "unknown probe": (["audit", "http://127.0.0.1:9/v1#m", "--probes", "securty.*"], 2),
    "unknown policy": (["audit", "http://127.0.0.1:9/v1#m", "--policy", "scool"], 2),
    "bad budget": (["audit", "http://127.0.0.1:9/v1#m", "--budget", "calls=many"], 2),
    "no model named": (["audit", "http://127.0.0.1:9/v1"], 2),
    "endpoint down": (["audit", "http://127.0.0.1:9/v1#m", "--probes", "selftest.coin"], 4),
    "offline": (["audit", "https://example.org/v1#m", "--offline"], 4),
    "empty folder": (["audit", "empty"], 4),
    "not a model": (["audit", "notes.txt"], 4),
    "truncated": (["audit", "short.gguf"], 4),
    "for vLLM, which is not here": (["audit", "folder"], 4),
    "bad option": (["audit", "--nonsense"], 2),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_clear_line_and_nothing_is_written(desk: Desk, name: str) -> None:
    (desk.folder / "empty").mkdir()
    (desk.folder / "notes.txt").write_text("not a model")
    (desk.folder / "short.gguf").write_bytes(b"GGUF\x03\0\0\0" + b"\x01" * 30)
    (desk.folder / "folder").mkdir()
    (desk.folder / "folder" / "config.json").write_text("{}")
    (desk.folder / "folder" / "model.safetensors").write_bytes(bytes(8))
    desk.environment["PATH"] = "/nowhere"
    words, code = BAD[name]
    done = desk.run(desk.words(*words, "--out", "o"))
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert not (desk.folder / "o").exists()
    if name != "bad option":
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        assert done.stderr.startswith("steelyard: ")
    if "vLLM" in name:
        assert "pip install vllm" in done.stderr


def test_a_refused_key_is_exit_4_and_says_which_variable(desk: Desk) -> None:
    with serve(Behaviour(react=lambda *_: web.Response(status=401))) as endpoint:
        done = desk.run(desk.coin(endpoint, "--out", "o"))
    assert done.returncode == 4
    assert "STEELYARD_API_KEY" in done.stderr
    assert not (desk.folder / "o").exists()


def test_an_interrupted_run_says_how_to_go_on_and_does(desk: Desk) -> None:
    with serve(Behaviour(rate=0.05, latency=lambda _: 0.02)) as endpoint:
        words = desk.coin(endpoint, "--budget", "calls=300", "--concurrency", "4", "--out", "o")
        process = subprocess.Popen(
            words, cwd=desk.folder, env=desk.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        while len(endpoint.tosses) < 20:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "--out o goes on" in said
        assert "Traceback" not in said
        assert {path.name for path in (desk.folder / "o").iterdir()} == {"journal.jsonl", "seed"}
        assert desk.run(words).returncode in (0, 3)


def test_files_appear_all_or_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / ".b.part").mkdir()  # so that the second one can't be written
    with pytest.raises(OSError, match="directory"):
        outputs.replace(tmp_path, {"a": b"new", "b": b"new"})
    assert (tmp_path / "a").read_text() == "old"
    assert not (tmp_path / ".a.part").exists()


def test_the_interval_is_drawn_where_it_lies() -> None:
    estimate = Estimate(
        value=0.5, low=0.25, high=0.75, confidence=0.95, n=9, unit="fraction", method=""
    )
    drawn = picture(estimate, 0.9)
    assert len(drawn) == WIDTH
    assert drawn.index("━") == WIDTH // 4
    assert drawn[WIDTH // 2] == "●"
    assert drawn[int(0.9 * WIDTH)] == "┃"


def test_help_is_enough_to_use_it(desk: Desk) -> None:
    done = desk.run(desk.words("audit", "--help"))
    for word in ("exit codes", "--budget", "journal.jsonl", "STEELYARD_API_KEY", "--ad-hoc"):
        assert word in done.stdout
