"""What a model holds, for comparing: files by digest, tensors by name."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from steelyard.errors import UnavailableError
from steelyard.evidence.manifest import Entry as ManifestEntry
from steelyard.evidence.manifest import Manifest
from steelyard.evidence.value import Skipped
from steelyard.weights.diff.change import Matrix
from steelyard.weights.diff.names import Name, parse
from steelyard.weights.diff.stored import decode
from steelyard.weights.examine import Examiner
from steelyard.weights.inspect import catalogue
from steelyard.weights.settings import Settings
from steelyard.weights.walk import walk

PIECE = 8 << 20
"""Bytes compared at once while looking for equal tensors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A tensor and where its bytes lie."""

    name: Name
    dtype: str
    shape: tuple[int, ...]
    file: Path
    start: int
    end: int

    def values(self) -> Matrix:
        """The tensor, decoded to float32, in its stored shape.

        Raises:
            InputError: its type needs the extra `diff`, or is not known.
            UnavailableError: the file ends before the tensor does.
        """
        with self.file.open("rb", buffering=0) as file:
            data = os.pread(file.fileno(), self.end - self.start, self.start)
            while len(data) < self.end - self.start:
                more = os.pread(
                    file.fileno(), self.end - self.start - len(data), self.start + len(data)
                )
                if not more:
                    raise UnavailableError(f"{self.file}: ends inside tensor {self.name.full}")
                data += more
        return decode(self.dtype, self.shape, data)

    def same_bytes(self, other: "Held") -> bool:
        """Whether both hold the same bytes, read a piece at a time."""
        size = self.end - self.start
        if size != other.end - other.start or self.dtype != other.dtype:
            return False
        with self.file.open("rb", buffering=0) as one, other.file.open("rb", buffering=0) as two:
            for at in range(0, size, PIECE):
                length = min(PIECE, size - at)
                mine = os.pread(one.fileno(), length, self.start + at)
                if mine != os.pread(two.fileno(), length, other.start + at):
                    return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """One model."""

    digest: str
    """Name-bound manifest digest."""

    files: Mapping[str, str]
    """Path → SHA-256."""

    places: Mapping[str, Path]
    """Path → file to read."""

    tensors: Mapping[str, Held]
    facts: Mapping[str, str]
    """What the files say of themselves, e.g. `architecture`."""

    skipped: tuple[Skipped, ...]

    def setting(self, name: str) -> int:
        """An integer of the model's `config.json`; 0 where there is none."""
        path = self.places.get("config.json")
        if path is None:
            return 0
        try:
            found = json.loads(path.read_bytes()).get(name)
        except (ValueError, AttributeError):
            return 0
        return found if isinstance(found, int) else 0


def take(path: Path) -> Inventory:
    """Read what `path`, a file or folder, holds. Tensors stay on disk.

    Raises:
        InputError: there is nothing to look at.
    """
    listing = walk(path)
    examiner = Examiner(catalogue().readers, Settings(statistics=False))
    tensors: dict[str, Held] = {}
    facts: dict[str, str] = {}
    skipped: list[Skipped] = []
    entries = []
    for entry in listing.files:
        seen = examiner.examine(entry)
        entries.append(ManifestEntry(path=entry.path, size=entry.size, sha256=seen.report.sha256))
        facts |= {fact.name: fact.value for _, fact in seen.facts}
        for member, tensor in seen.tensors:
            if tensor.start < 0:
                reason = "its bytes are compressed or in pieces"
                skipped.append(Skipped(what=f"{entry.path}!{member}: {tensor.name}", reason=reason))
                continue
            # A name that another file holds too is another tensor: either may be the one loaded.
            name = f"{entry.path}: {tensor.name}" if tensor.name in tensors else tensor.name
            tensors[name] = Held(
                name=replace(parse(tensor.name), full=name),
                dtype=tensor.dtype,
                shape=tensor.shape,
                file=entry.real,
                start=tensor.start,
                end=tensor.end,
            )
    return Inventory(
        digest=Manifest(entries=tuple(entries)).digest(),
        files={entry.path: entry.sha256 for entry in entries},
        places={entry.path: entry.real for entry in listing.files},
        tensors=tensors,
        facts=facts,
        skipped=tuple(skipped),
    )


def unpermuted(values: Matrix, heads: int) -> Matrix:
    """A query or key projection in the row order of the original checkpoint.

    llama.cpp's converter interleaves the two halves of every head's rotary dimensions.

    Source: ggml-org/llama.cpp, convert_hf_to_gguf.py, `LlamaModel.permute` (its inverse).
    """
    rows = values.shape[0]
    halves = values.reshape(heads, rows // heads // 2, 2, *values.shape[1:])
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(values.shape))
