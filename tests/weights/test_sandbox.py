"""The reading process: what it can't reach, and what becomes of hangs and crashes."""

import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from steelyard.weights import sandbox
from steelyard.weights.sandbox import Cage, Job

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="confinement is Linux's")


def cage(folder: Path) -> Cage:
    return Cage(readable=(folder,), memory=2 << 30)


def tried(act: object) -> bytes:
    assert callable(act)
    try:
        act()
    except OSError:
        return b"refused"
    return b"allowed"


def one(folder: Path, act: object, seconds: float = 20.0) -> sandbox.Answer:
    (answer,) = sandbox.run([Job(work=lambda: tried(act), seconds=seconds)], cage(folder))
    return answer


def connect() -> None:
    with socket.socket() as opened:
        opened.connect(("127.0.0.1", 1))


def hang() -> bytes:
    time.sleep(60)
    return b""


def crash() -> bytes:
    signal.raise_signal(signal.SIGSEGV)
    return b""


def test_the_folder_can_be_read_and_nothing_else_can(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (inside / "a").write_text("x")
    (outside / "b").write_text("x")
    answer = one(inside, (inside / "a").read_text)
    assert answer.data == b"allowed"
    if "landlock" in answer.confined:
        assert one(inside, (outside / "b").read_text).data == b"refused"
        assert one(inside, lambda: (inside / "c").write_text("x")).data == b"refused"


def test_no_socket_can_be_opened_and_no_program_started(tmp_path: Path) -> None:
    answer = one(tmp_path, connect)
    if "seccomp" in answer.confined:
        assert answer.data == b"refused"
        assert one(tmp_path, lambda: os.execv("/bin/true", ["true"])).data == b"refused"  # noqa: S606 (that it can't is the test)


def test_a_hang_ends_at_its_limit_and_the_next_job_still_runs(tmp_path: Path) -> None:
    jobs = [
        Job(work=lambda: b"first", seconds=20.0),
        Job(work=hang, seconds=0.3),
        Job(work=lambda: b"third", seconds=20.0),
    ]
    first, second, third = sandbox.run(jobs, cage(tmp_path))
    assert (first.data, third.data) == (b"first", b"third")
    assert (second.data, second.fault) == (None, "timed out")


def test_a_crash_names_the_signal(tmp_path: Path) -> None:
    jobs = [
        Job(work=crash, seconds=20.0),
        Job(work=lambda: b"next", seconds=20.0),
    ]
    first, second = sandbox.run(jobs, cage(tmp_path))
    assert first.fault == "killed by SIGSEGV"
    assert second.data == b"next"


def test_memory_beyond_the_limit_is_said_to_be_that(tmp_path: Path) -> None:
    job = Job(work=lambda: bytes(8 << 30), seconds=20.0)
    (answer,) = sandbox.run([job], cage(tmp_path))
    assert answer.fault == "out of memory"


def test_jobs_run_in_several_children_and_answer_in_their_order(tmp_path: Path) -> None:
    def slow() -> bytes:
        time.sleep(0.5)
        return str(os.getpid()).encode()

    def quick() -> bytes:
        return str(os.getpid()).encode()

    jobs = [Job(work=quick, seconds=20.0), Job(work=slow, seconds=30.0)]
    first, second = sandbox.run(jobs, cage(tmp_path), workers=2)
    assert first.data
    assert second.data
    assert first.data != second.data


def test_a_crash_or_hang_beside_others_is_noted_at_its_own_file(tmp_path: Path) -> None:
    works = [lambda: b"0", hang, lambda: b"2", crash, lambda: b"4", lambda: b"5"]
    jobs = [Job(work=work, seconds=2.0) for work in works]
    answers = sandbox.run(jobs, cage(tmp_path), workers=3)
    assert [answer.data for answer in answers] == [b"0", None, b"2", None, b"4", b"5"]
    assert [answer.fault for answer in answers if answer.fault] == [
        "timed out",
        "killed by SIGSEGV",
    ]


def test_a_child_that_closes_its_pipe_and_lives_on_holds_nobody_up(tmp_path: Path) -> None:
    def silent() -> bytes:
        os.closerange(3, 100)
        time.sleep(60)
        return b""

    begun = time.monotonic()
    (answer,) = sandbox.run([Job(work=silent, seconds=50.0)], cage(tmp_path))
    assert answer.data is None
    assert time.monotonic() - begun < 30
