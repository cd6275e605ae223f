"""Runs work over many files in confined children; a hang or crash is an answer too.

    parent                              each child (no network, read-only, limited)
      │ fork ──────────────────────────▶ confine
      │ ◀── how it is confined           │
      │ number of a file ──────────────▶ │
      │ ◀── answer, as bytes             │  one file at a time
      │ … silence too long, or the end: kill, note, fork another for the files that are left

Answers are bytes (JSON) with a length before them; nothing is unpickled. The parent has one
thread, so that it may fork at any time; a child holds no pipe of another.
"""

import contextlib
import faulthandler
import os
import select
import signal
import struct
import time
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from steelyard.weights.confinement import confine

LONGEST_ANSWER = 512 << 20
"""Bytes. A child that sends more is not ours any more."""

LAST_BREATH = 2.0
"""Seconds that a child has from closing its pipe to its end."""

LENGTH = struct.Struct("<Q")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of work."""

    work: Callable[[], bytes]
    seconds: float
    """Wall time it may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cage:
    """What the child may touch."""

    readable: tuple[Path, ...]
    memory: int
    """Bytes of address space."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one job."""

    data: bytes | None
    """None: the child died or was killed over it."""

    fault: str = ""
    """`timed-out`, `crashed by signal 11`, …"""

    confined: str = ""
    """How the child was confined."""


def run(jobs: Sequence[Job], cage: Cage, workers: int = 1) -> list[Answer]:
    """An answer for each job, in the order of the jobs, from `workers` children at most."""
    crew = _Crew(jobs, cage)
    try:
        return crew.run(workers)
    finally:
        crew.end()


@dataclass(slots=True)
class _Child:
    """One process at work on one job."""

    pid: int
    reading: int
    asking: int
    job: int = -1
    deadline: float = 0.0
    confined: str = ""
    received: bytearray = field(default_factory=bytearray)

    def message(self) -> bytes | None:
        """The next whole message, if it has come."""
        if len(self.received) < LENGTH.size:
            return None
        (size,) = LENGTH.unpack_from(self.received)
        if len(self.received) < LENGTH.size + size:
            return None
        data = bytes(memoryview(self.received)[LENGTH.size : LENGTH.size + size])
        del self.received[: LENGTH.size + size]
        return data

    def kill(self) -> int:
        """End it; its wait status."""
        os.close(self.reading)
        os.close(self.asking)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return os.waitpid(self.pid, 0)[1]


class _Crew:
    def __init__(self, jobs: Sequence[Job], cage: Cage) -> None:
        self._jobs, self._cage = jobs, cage
        # Longest first, so that no child is left alone with the longest at the end.
        self._waiting = deque(sorted(range(len(jobs)), key=lambda job: -jobs[job].seconds))
        self._children: list[_Child] = []
        self._answers: dict[int, Answer] = {}

    def run(self, workers: int) -> list[Answer]:
        while self._waiting or self._children:
            while self._waiting and len(self._children) < max(workers, 1):
                self._hire()
            self._listen()
        return [self._answers[job] for job in range(len(self._jobs))]

    def end(self) -> None:
        for child in self._children:
            child.kill()
        self._children.clear()

    def _hire(self) -> None:
        reading, writing = os.pipe()
        asked, asking = os.pipe()
        others = [pipe for child in self._children for pipe in (child.reading, child.asking)]
        with warnings.catch_warnings():
            # Python 3.12 warns of threads at a fork; none of a caller's is needed here.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            for pipe in (reading, asking, *others):
                os.close(pipe)
            _work(self._jobs, self._cage, asked, writing)
        os.close(writing)
        os.close(asked)
        child = _Child(pid, reading, asking)
        self._children.append(child)
        self._ask(child)

    def _ask(self, child: _Child) -> None:
        child.job = self._waiting.popleft()
        child.deadline = time.monotonic() + self._jobs[child.job].seconds
        with contextlib.suppress(BrokenPipeError):  # it has died: reading will tell
            os.write(child.asking, LENGTH.pack(child.job))

    def _listen(self) -> None:
        left = min(child.deadline for child in self._children) - time.monotonic()
        ready = select.select([child.reading for child in self._children], [], [], max(left, 0))[0]
        for child in [child for child in self._children if child.reading in ready]:
            self._hear(child)
        for child in [child for child in self._children if child.deadline <= time.monotonic()]:
            self._lose(child, "timed out")

    def _hear(self, child: _Child) -> None:
        part = os.read(child.reading, 1 << 20)
        child.received += part
        if not part or len(child.received) > LONGEST_ANSWER:
            self._lose(child, "" if not part else "answered without end")
            return
        while (data := child.message()) is not None:
            if not child.confined:
                child.confined = data.decode()
                continue
            self._answers[child.job] = Answer(data, confined=child.confined)
            if not self._waiting:
                self._children.remove(child)
                child.kill()
                return
            self._ask(child)

    def _lose(self, child: _Child, fault: str) -> None:
        """Note that `child` is gone, or to go, over its job; `fault` empty: its status tells."""
        self._children.remove(child)
        if not fault:
            _await_end(child.pid)
        status = child.kill()
        self._answers[child.job] = Answer(None, fault or _fault(status), child.confined)


def _await_end(pid: int) -> None:
    """Wait a moment: the end of its pipe comes just before its own, and its status tells why."""
    until = time.monotonic() + LAST_BREATH
    while time.monotonic() < until:
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG):
            return
        time.sleep(0.005)


def _work(jobs: Sequence[Job], cage: Cage, asked: int, writing: int) -> None:
    """The child's life; never returns."""
    status = 1
    try:
        faulthandler.disable()
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        _send(writing, confine(cage.readable, cage.memory).encode())
        while number := os.read(asked, LENGTH.size):
            _send(writing, jobs[LENGTH.unpack(number)[0]].work())
        status = 0
    except MemoryError:
        status = MEMORY
    except BaseException:  # noqa: BLE001 (the process ends here: its status tells the parent)
        status = 1
    finally:
        os._exit(status)


MEMORY = 77
"""Exit status of a child that ran out of memory."""


def _send(writing: int, data: bytes) -> None:
    whole = memoryview(LENGTH.pack(len(data)) + data)
    while whole:
        whole = whole[os.write(writing, whole) :]


def _fault(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    code = os.waitstatus_to_exitcode(status)
    return "out of memory" if code == MEMORY else f"ended with status {code}"
