"""What people get wrong, and what goes wrong around them: one line, the right code, no remains."""

import os
import resource
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from aiohttp import web

from tests.audit.endpoint import Behaviour, serve

SECRET = "sk-never-to-be-seen"
ESCAPE = "\x1b]0;owned\x07"


class Desk:
    """A folder to work in, with keys of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "STEELYARD_API_KEY": SECRET,
        }

    def start(self, *words: str, most: int = 0) -> subprocess.Popen[str]:
        def limit() -> None:
            if most:
                resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

        return subprocess.Popen(
            [sys.executable, "-m", "steelyard", *words],
            cwd=self.folder, env=self.environment, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limit,  # noqa: PLW1509 (no threads here)
        )  # fmt: skip

    def run(self, *words: str, most: int = 0) -> tuple[int, str, str]:
        """Exit code and both streams; `most` bytes fit into a file, as on a full disk."""
        process = self.start(*words, most=most)
        out, err = process.communicate(timeout=120)
        assert "Traceback" not in out + err
        assert SECRET not in out + err
        return process.returncode, out, err


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def model(folder: Path, name: str = "model.safetensors") -> Path:
    """A harmless file of one tensor."""
    header = b'{"w":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}'
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\1\2\3\4")
    return path


COIN = ("--probes", "selftest.coin", "--budget", "calls=20")
ENDPOINT = "http://127.0.0.1:9/v1#m"
USAGE = {
    "an infinite time-out": ("audit", ENDPOINT, "--timeout", "inf"),
    "a time-out that is no number": ("audit", ENDPOINT, "--timeout", "nan"),
    "an empty folder name": ("audit", ENDPOINT, "--out", ""),
    "an empty file name": ("inspect", "model.safetensors", "--out", ""),
    "no such key": ("audit", ENDPOINT, "--key", "nokey.pem"),
    "a key that is none": ("audit", ENDPOINT, "--key", "model.safetensors"),
    "a query in an endpoint": ("audit", f"http://127.0.0.1:9/v1?key={SECRET}#m"),
    "no such model to compare": ("verify", "model.safetensors", "--model", "nothing"),
    "no such log": ("verify", "model.safetensors", "--log", "nothing"),
    "a log that is a file": ("sign", "model.safetensors", "--log", "model.safetensors"),
    "a signature nowhere": ("sign", "model.safetensors", "--signature", "no/where.sig"),
    "a card of no evidence": ("card", "model.safetensors"),
}


@pytest.mark.parametrize("name", USAGE)
def test_what_cannot_be_used_is_said_before_anything_is_done(desk: Desk, name: str) -> None:
    model(desk.folder)
    code, out, err = desk.run(*USAGE[name])
    assert (code, out) == (2, ""), err
    assert len(err.splitlines()) == 1
    assert [path.name for path in desk.folder.iterdir()] == ["model.safetensors"]


def test_a_file_name_that_is_not_text_is_refused(desk: Desk) -> None:
    model(desk.folder, os.fsdecode(b"b\xe4d.safetensors"))
    code, out, err = desk.run("inspect", os.fsdecode(b"b\xe4d.safetensors"))
    assert (code, out) == (2, "")
    assert "is not UTF-8" in err


def test_what_a_server_answers_cannot_drive_the_terminal(desk: Desk) -> None:
    def react(*_: object) -> web.Response:
        return web.Response(status=500, text=f"boom{ESCAPE}")

    with serve(Behaviour(react=react)) as endpoint:
        code, _, err = desk.run("audit", endpoint.reference, *COIN, "--out", "o")
    assert code == 4
    assert "boom" in err
    assert "\x1b" not in err


def test_what_a_file_is_called_cannot_drive_the_terminal(desk: Desk) -> None:
    model(desk.folder / "a", f"{ESCAPE}.safetensors")
    model(desk.folder / "b", f"{ESCAPE}2.safetensors")
    _, out, err = desk.run("diff", "a", "b")
    assert out
    assert "\x1b" not in out + err


def test_a_service_manager_ends_it_as_ctrl_c_does(desk: Desk) -> None:
    with serve(Behaviour(latency=lambda _: 0.2)) as endpoint:
        process = desk.start(
            "audit", endpoint.reference, "--probes", "selftest.coin", "--budget", "calls=2000",
            "--concurrency", "1", "--out", "o",
        )  # fmt: skip
        journal = desk.folder / "o" / "journal.jsonl"
        for _ in range(600):
            if journal.exists() and journal.read_bytes().count(b"\n") > 3:
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "The journal is kept: the same command with --out o goes on from there" in err


def test_a_full_disk_is_named_and_what_was_asked_is_kept(desk: Desk) -> None:
    with serve(Behaviour(rate=0.5)) as endpoint:
        words = ("audit", endpoint.reference, *COIN, "--out", "o")
        code, _, err = desk.run(*words, most=20_000)
        assert code == 4
        assert "o/" in err
        assert "goes on from there" in err
        assert {path.name for path in (desk.folder / "o").iterdir()} == {"journal.jsonl", "seed"}
        asked = len(endpoint.tosses)
        code, _, err = desk.run(*words)
        assert code == 3, err
        assert len(endpoint.tosses) == asked


def test_a_report_that_does_not_fit_leaves_the_old_one(desk: Desk) -> None:
    model(desk.folder)
    (desk.folder / "report.html").write_text("old")
    code, _, err = desk.run(
        "inspect", "model.safetensors", "--format", "html", "--out", "report.html", most=1000
    )
    assert code == 4
    assert "report.html" in err
    assert {path.name for path in desk.folder.iterdir()} == {"model.safetensors", "report.html"}
    assert (desk.folder / "report.html").read_text() == "old"


def test_a_program_without_standard_output_still_says_what_it_found(desk: Desk) -> None:
    model(desk.folder)
    words = f"{sys.executable} -m steelyard inspect model.safetensors >&-"
    done = subprocess.run(
        ["sh", "-c", words], cwd=desk.folder, env=desk.environment, capture_output=True,
        text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_a_key_that_others_can_read_is_pointed_out(desk: Desk) -> None:
    model(desk.folder)
    desk.run("key", "new", "--out", "own.pem")
    (desk.folder / "own.pem").chmod(0o644)
    code, _, err = desk.run("sign", "model.safetensors", "--key", "own.pem")
    assert code == 0
    assert "others can read the key own.pem" in err


def test_an_audit_on_such_a_terminal_ends_as_anywhere(desk: Desk) -> None:
    desk.environment["PYTHONIOENCODING"] = "ascii"
    with serve(Behaviour()) as endpoint:
        code, out, err = desk.run("audit", endpoint.reference, *COIN, "--out", "o")
        assert code == 3, err
        code, out, err = desk.run("card", "o/evidence.json", "--format", "html")
    assert code == 0, err
    assert out.isascii()


def test_evidence_may_be_named_by_its_file(desk: Desk) -> None:
    model(desk.folder)
    with serve(Behaviour()) as endpoint:
        desk.run("audit", endpoint.reference, *COIN, "--out", "o")
        words = ("check", endpoint.reference, "--policy", "school", "--evidence")
        by_file, by_folder = (desk.run(*words, place) for place in ("o/evidence.json", "o"))
    assert by_file[:2] == by_folder[:2]


def test_files_without_a_tensor_cannot_be_compared(desk: Desk) -> None:
    (desk.folder / "a.bin").write_bytes(b"not a model" * 9)
    (desk.folder / "b.bin").write_bytes(b"nor this one" * 9)
    code, out, err = desk.run("diff", "a.bin", "b.bin")
    assert code == 4, out + err


@pytest.mark.parametrize("words", ["policy show school", "probes", "inspect model.safetensors"])
def test_a_terminal_that_is_not_utf_8_gets_what_it_can_show(desk: Desk, words: str) -> None:
    model(desk.folder)
    desk.environment["PYTHONIOENCODING"] = "ascii"
    code, out, err = desk.run(*words.split())
    assert (code, err) == (0, "")
    assert out.isascii()
