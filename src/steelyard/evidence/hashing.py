"""Digests of files, in parallel over files, with constant memory."""

import hashlib
import os
from collections.abc import Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from io import FileIO
from pathlib import Path
from typing import Protocol

from steelyard.errors import InputError, UnavailableError

BLOCK = 1 << 20
"""Bytes read at a time."""

AHEAD = 8 << 20
"""Bytes. A part this big is read in one thread while another hashes what was read."""


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes to hash: a file, or a range of one."""

    path: Path
    start: int = 0
    end: int = -1
    """One past the last byte; -1 for the end of the file."""


@dataclass(frozen=True, slots=True)
class Hashed:
    """What was read."""

    digest: str
    """Lower-case hexadecimal."""

    size: int
    """Bytes."""


class _Digest(Protocol):
    def update(self, data: memoryview, /) -> object: ...

    def hexdigest(self) -> str: ...


Memory = MutableMapping[tuple[Part, str], Hashed]
"""(part, algorithm) → what it came to: lets one command read a file once for two checks, and,
where it is an `evidence.remembered.Digests`, two commands read an unchanged one once."""


def parts(
    wanted: Iterable[Part],
    algorithm: str = "sha256",
    workers: int = 0,
    memory: Memory | None = None,
) -> list[Hashed]:
    """The digest of each part, in order; `workers` 0 for as many as there are processors.

    What is in `memory` is not read again, and what is read is added to it.

    Raises:
        InputError: no such algorithm.
        UnavailableError: blake3 is wanted and the package is not installed.
        OSError: a file cannot be read.
    """
    make = _maker(algorithm)
    todo = list(wanted)
    known: Memory = {} if memory is None else memory
    threads = workers or os.cpu_count() or 1
    # Biggest first, so that no thread is left alone with the biggest at the end.
    order = sorted({part for part in todo if (part, algorithm) not in known}, key=_size)[::-1]
    ahead = len(order) < threads
    with ThreadPoolExecutor(threads) as pool:
        done = pool.map(lambda part: _hash(part, make(), ahead=ahead), order)
        known.update({(part, algorithm): each for part, each in zip(order, done, strict=True)})
    return [known[part, algorithm] for part in todo]


def _maker(algorithm: str) -> Callable[[], _Digest]:
    match algorithm:
        case "sha256":
            return hashlib.sha256
        case "blake2b":
            return hashlib.blake2b
        case "blake3":
            try:
                make: Callable[[], _Digest] = import_module("blake3").blake3
            except ImportError as error:
                raise UnavailableError(
                    "these files are hashed with BLAKE3. Install it: pip install blake3"
                ) from error
            return make
        case _:
            raise InputError(f"no hash algorithm {algorithm!r} (sha256, blake2b, blake3)")


def _size(part: Part) -> int:
    return (part.end if part.end >= 0 else part.path.stat().st_size) - part.start


def _hash(part: Part, digest: _Digest, *, ahead: bool) -> Hashed:
    with part.path.open("rb", buffering=0) as file:
        file.seek(part.start)
        limit = part.end - part.start if part.end >= 0 else -1
        if ahead and limit < 0 and os.fstat(file.fileno()).st_size >= AHEAD:
            size = _feed_ahead(file, digest)
        else:
            size = _feed(file, digest, limit)
    return Hashed(digest.hexdigest(), size)


def _feed(file: FileIO, digest: _Digest, limit: int) -> int:
    size, block = 0, memoryview(bytearray(BLOCK))
    while True:
        room = BLOCK if limit < 0 else min(BLOCK, limit - size)
        count = file.readinto(block[:room])
        if not count:
            return size
        digest.update(block[:count])
        size += count


def _feed_ahead(file: FileIO, digest: _Digest) -> int:
    """As `_feed`; the next block is read while this one is hashed (both let go of the GIL)."""
    size = 0
    blocks = [memoryview(bytearray(BLOCK)), memoryview(bytearray(BLOCK))]
    with ThreadPoolExecutor(1) as reader:
        count = file.readinto(blocks[0])
        while count:
            coming = reader.submit(file.readinto, blocks[1])
            digest.update(blocks[0][:count])
            size += count
            count = coming.result()
            blocks.reverse()
    return size
