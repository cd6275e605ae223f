"""Runs work over many files in a confined child; a hang or crash is an answer too.

    parent                              child (no network, read-only, limited)
      │ fork ──────────────────────────▶ confine
      │ ◀── how it is confined           │
      │ ◀── answer to file 0, as bytes   │  one at a time, in order
      │ … silence too long: kill, note, fork again for the files that are left

Answers are bytes (JSON) with a length before them; nothing is unpickled.
"""

import contextlib
import faulthandler
import os
import select
import signal
import struct
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from steelyard.weights.confinement import confine

LONGEST_ANSWER = 512 << 20
"""Bytes. A child that sends more is not ours any more."""

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


def run(jobs: Sequence[Job], cage: Cage) -> Iterator[Answer]:
    """An answer for each job, in order."""
    done = 0
    while done < len(jobs):
        for answer in _child(jobs[done:], cage):
            done += 1
            yield answer


def _child(jobs: Sequence[Job], cage: Cage) -> Iterator[Answer]:
    """Answers until the jobs or the child end; the last one may be a fault."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns of threads at a fork. The child only reads files and writes the pipe.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(reading)
        _work(jobs, cage, writing)
    os.close(writing)
    try:
        confined = _receive(reading, time.monotonic() + jobs[0].seconds)
        for job in jobs:
            data = _receive(reading, time.monotonic() + job.seconds) if confined else None
            if isinstance(data, bytes):
                yield Answer(data, confined=(confined or b"").decode())
                continue
            yield Answer(None, _fault(child, timed_out=data is None), (confined or b"").decode())
            return
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _work(jobs: Sequence[Job], cage: Cage, writing: int) -> None:
    """The child's life; never returns."""
    status = 1
    try:
        faulthandler.disable()
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        _send(writing, confine(cage.readable, cage.memory).encode())
        for job in jobs:
            _send(writing, job.work())
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


def _receive(reading: int, deadline: float) -> bytes | Literal[False] | None:
    """One message; None after the deadline, False where the child has gone."""
    head = _exactly(reading, LENGTH.size, deadline)
    if not isinstance(head, bytes):
        return head
    (size,) = LENGTH.unpack(head)
    return False if size > LONGEST_ANSWER else _exactly(reading, size, deadline)


def _exactly(reading: int, size: int, deadline: float) -> bytes | Literal[False] | None:
    data = bytearray()
    while len(data) < size:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            return None
        part = os.read(reading, min(size - len(data), 1 << 20))
        if not part:
            return False
        data += part
    return bytes(data)


def _fault(child: int, *, timed_out: bool) -> str:
    if timed_out:
        return "timed out"
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    code = os.waitstatus_to_exitcode(status)
    return "out of memory" if code == MEMORY else f"ended with status {code}"
