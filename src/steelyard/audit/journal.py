"""The transcript on disk: every case as it finishes, and the chain that binds a statement.

    {"journal": "steelyard.journal/1", "commitment": "…", "binding": {…}}
    {"case": {"probe": "…", "draw": 0, "exchange": [{"request": …, "reply": …}]}, "seconds": 0.2}
    …
    {"end": {"digest": "…", "counted": [["security.jailbreak", 0], …]}}

Lines stand in the order in which answers came; they may include cases that were asked in
advance and never counted. The digest goes over the counted cases in the order *drawn*:

    h(0) = SHA-256(commitment)       h(i) = SHA-256(h(i-1) ‖ bytes of the i-th `case` value)

so that it doesn't depend on latency, and anyone can recompute it from this file alone.
One line is one `write`, so a process killed at any moment leaves at most one torn line at
the end, which the next run cuts off. Where the machine itself may lose power, the last
lines can be lost too; they are asked again.
"""

import fcntl
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import msgspec

from steelyard.audit.probe import Reply, Request
from steelyard.errors import InputError, UnavailableError

FORMAT = "steelyard.journal/1"
PRIVATE = 0o600
"""A journal holds harmful prompts and personal data in clear."""

Key = tuple[str, int]


class Exchange(msgspec.Struct, frozen=True):
    """One question and its answer."""

    request: Request
    reply: Reply


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One finished case."""

    probe: str
    draw: int
    """Position in the probe's order of draws, from 0."""

    exchange: tuple[Exchange, ...] = ()
    error: str = ""
    """Why there is no outcome; empty where there is one."""

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens, as the endpoint reported them."""
        return sum(e.reply.prompt_tokens + e.reply.completion_tokens for e in self.exchange)


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a resumed run must agree with."""

    journal: str = FORMAT
    commitment: str
    """Of the seed; see `audit.seed`."""

    binding: dict[str, Any]
    """Name → value of everything that decides which cases are drawn and what they mean."""


class _Line(msgspec.Struct):
    case: msgspec.Raw = msgspec.Raw(b"")
    end: Any = None


class Sealed(msgspec.Struct, frozen=True):
    """A record and the exact bytes that the chain covers."""

    record: Record
    data: bytes


_encode = msgspec.json.Encoder().encode
_decode_line = msgspec.json.Decoder(_Line).decode
_decode_record = msgspec.json.Decoder(Record).decode


class Chain:
    """The digest over counted cases in the order drawn."""

    def __init__(self, commitment: str) -> None:
        """Begin at the seed's commitment."""
        self._state = sha256(commitment.encode()).digest()
        self.counted: list[tuple[str, int]] = []

    def add(self, sealed: Sealed) -> None:
        """Count one more case."""
        self._state = sha256(self._state + sealed.data).digest()
        self.counted.append((sealed.record.probe, sealed.record.draw))

    @property
    def digest(self) -> str:
        """SHA-256, hexadecimal."""
        return self._state.hex()


def seal(record: Record) -> Sealed:
    """The record with its canonical bytes."""
    return Sealed(record, _encode(record))


class Journal:
    """An append-only file, locked while open; in memory only without a path."""

    def __init__(self, path: Path | None, header: Header) -> None:
        """Create the file, or go on with the one that is there.

        Raises:
            InputError: another audit is writing it; it belongs to another run (says which
                field differs); it isn't a journal.
            UnavailableError: the file system refuses the write.
        """
        self.path = path
        self.recorded: dict[Key, Sealed] = {}
        """(probe id, draw) → what an earlier run asked already."""
        self._fd = -1
        self._size = 0
        if path is not None:
            self._fd = _locked(path)
            try:
                self._resume(header)
            except BaseException:
                self.close()
                raise

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file."""
        self.close()

    def write(self, sealed: Sealed, seconds: float) -> None:
        """Append one finished case; `seconds` is what it took (not part of the chain).

        Raises:
            UnavailableError: no space, or the device refuses. The torn line is taken back.
        """
        if self._fd >= 0:
            self._append(b'{"case":%b,"seconds":%.3f}\n' % (sealed.data, seconds))

    def finish(self, chain: Chain) -> None:
        """Append which cases were counted, in which order, and their digest.

        Raises:
            UnavailableError: as `write`.
        """
        if self._fd >= 0:
            end = {"digest": chain.digest, "counted": chain.counted}
            self._append(_encode({"end": end}) + b"\n")
            os.fsync(self._fd)

    def close(self) -> None:
        """Release the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _append(self, line: bytes) -> None:
        try:
            written = os.write(self._fd, line)
        except OSError as error:
            os.ftruncate(self._fd, self._size)
            raise _full(self.path, str(error.strerror)) from error
        if written != len(line):
            os.ftruncate(self._fd, self._size)
            raise _full(self.path, "no space left on device")
        self._size += written

    def _resume(self, header: Header) -> None:
        with os.fdopen(os.dup(self._fd), "rb") as file:
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        lines = iter(whole.split(b"\n")[:-1])
        self._size = len(whole)
        if self._size != len(data):
            os.ftruncate(self._fd, self._size)
        first = next(lines, None)
        if first is None:
            self._append(_encode(header) + b"\n")
            return
        _agree(self.path, first, header)
        for number, sealed in enumerate(_read(self.path, lines), 2):
            key = (sealed.record.probe, sealed.record.draw)
            if key in self.recorded:
                raise InputError(f"{self.path}: line {number} repeats case {key[1]} of {key[0]}")
            self.recorded[key] = sealed


def recompute(path: Path) -> tuple[str, str]:
    """The seed's commitment and the digest of a finished journal, from its lines alone.

    Raises:
        InputError: not a journal, a line is damaged, or it says that it counted a case
            which isn't there.
    """
    lines = path.read_bytes().split(b"\n")[:-1]
    try:
        header = msgspec.json.decode(lines[0] if lines else b"", type=Header)
        ends = [end for line in lines[1:] if (end := _decode_line(line).end) is not None]
        counted = [(str(probe), int(draw)) for probe, draw in (ends[-1] if ends else {})["counted"]]
        cases = {(s.record.probe, s.record.draw): s for s in _read(path, iter(lines[1:]))}
        chain = Chain(header.commitment)
        for key in counted:
            chain.add(cases[key])
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is not the journal of a finished audit: {error}") from error
    return header.commitment, chain.digest


def _locked(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, PRIVATE)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        raise InputError(f"{path} is being written by another audit; give another --out") from error
    return fd


def _full(path: Path | None, why: str) -> UnavailableError:
    return UnavailableError(
        f"cannot write {path}: {why}. What was finished is kept; make room, and the same "
        "command goes on from there"
    )


def _agree(path: Path | None, line: bytes, header: Header) -> None:
    try:
        before = msgspec.json.decode(line, type=Header)
    except msgspec.MsgspecError as error:
        raise InputError(f"{path} is not a journal of an audit: {error}") from error
    if before.journal != FORMAT:
        raise InputError(f"{path} has format {before.journal!r}, this version writes {FORMAT!r}")
    mine: dict[str, Any] = msgspec.json.decode(_encode(header.binding))
    differing = [
        f"{name} was {before.binding.get(name)!r}, now {mine.get(name)!r}"
        for name in sorted({*before.binding, *mine})
        if before.binding.get(name) != mine.get(name)
    ]
    if before.commitment != header.commitment:
        differing.insert(0, "another seed")
    if differing:
        raise InputError(
            f"{path} belongs to another run: {'; '.join(differing)}. "
            "Give another --out, or repeat the earlier command to resume it"
        )


def _read(path: Path | None, lines: Iterator[bytes]) -> Iterator[Sealed]:
    for number, line in enumerate(lines, 2):
        try:
            found = _decode_line(line)
            if found.end is None:
                data = bytes(found.case)
                yield Sealed(_decode_record(data), data)
        except msgspec.MsgspecError as error:
            raise InputError(f"{path}: line {number} is damaged: {error}") from error
