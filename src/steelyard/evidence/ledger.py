"""A transparency log in a folder: what was signed here, in an order that cannot be rewritten.

Three files: `entries` (one line of JSON each), `hashes` (the Merkle tree, derived) and
`checkpoint` (signed: how many entries count). An entry is logged once the checkpoint says so:
a crash at any moment leaves the log as it was before or after the append (design/052).
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from steelyard.errors import EvidenceError, InputError
from steelyard.evidence import merkle, note
from steelyard.evidence.encoding import canonical
from steelyard.evidence.keys import PublicKey
from steelyard.evidence.note import Checkpoint, Proof, Signs
from steelyard.evidence.statement import Statement


@dataclass(frozen=True, slots=True)
class Ledger:
    """The log in `folder`."""

    folder: Path

    def append(self, entry: bytes, signer: Signs) -> Proof:
        """Log `entry` (one line) under a new checkpoint, and prove it.

        Raises:
            InputError: `entry` has a newline.
            EvidenceError: the log is damaged, or is kept by another key.
        """
        if b"\n" in entry:
            raise InputError("an entry of a log is one line")
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            before = self._checkpoint([signer.public]) or Checkpoint(_origin(signer), 0, b"")
            self._drop_unfinished(before.size)
            with self._reading("hashes") as read:
                if before.size and merkle.root(before.size, read) != before.root:
                    raise EvidenceError(f"log: {self.folder / 'hashes'} is not what was signed")
                new = b"".join(merkle.grown(before.size, merkle.leaf(entry), read))
            self._add("entries", entry + b"\n")
            self._add("hashes", new)
            size = before.size + 1
            with self._reading("hashes") as read:
                now = Checkpoint(before.origin, size, merkle.root(size, read))
                path = merkle.inclusion(before.size, size, read)
            signed = note.sign(now, signer)
            self._replace("checkpoint", signed.encode())
        return Proof(before.size, path, signed)

    def prove(self, entry: bytes, keys: Sequence[PublicKey]) -> Proof:
        """Prove that `entry` is in this log, whose keeper is one of `keys`.

        Raises:
            EvidenceError: it isn't, or the log is damaged or kept by another key.
        """
        checkpoint = self._checkpoint(keys)
        size = checkpoint.size if checkpoint else 0
        lines = self._lines()[:size]
        if entry not in lines:
            raise EvidenceError(f"log: {self.folder} does not hold this")
        index = lines.index(entry)
        with self._reading("hashes") as read:
            path = merkle.inclusion(index, size, read)
        proof = Proof(index, path, (self.folder / "checkpoint").read_text())
        note.verify_proof(proof, entry, keys)
        return proof

    def audit(self, keys: Sequence[PublicKey]) -> Checkpoint:
        """Hash every entry again and compare with the signed checkpoint.

        Raises:
            EvidenceError: there is no checkpoint by one of `keys`, or the entries are not
                those that it was signed over.
        """
        checkpoint = self._checkpoint(keys)
        if checkpoint is None:
            raise EvidenceError(f"log: {self.folder} has no checkpoint")
        lines = self._lines()
        if len(lines) < checkpoint.size:
            raise EvidenceError(
                f"log: {self.folder} has {len(lines)} entries where {checkpoint.size} were signed"
            )
        hashes: list[bytes] = []

        def read(level: int, index: int) -> bytes:
            return hashes[merkle.place(level, index)]

        for number, line in enumerate(lines[: checkpoint.size]):
            hashes += list(merkle.grown(number, merkle.leaf(line), read))
        if merkle.root(checkpoint.size, read) != checkpoint.root:
            raise EvidenceError(f"log: the entries of {self.folder} are not those that were signed")
        return checkpoint

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Proof that the log of `new` entries only added to that of `old`, 0 < old <= new.

        Raises:
            EvidenceError: the log has no such sizes, or is damaged.
        """
        held = (self.folder / "hashes").stat().st_size // merkle.SIZE
        if not 0 < old <= new or merkle.stored(new) > held:
            raise EvidenceError(f"log: {self.folder} was never of {old} and {new} entries")
        with self._reading("hashes") as read:
            return merkle.consistency(old, new, read)

    def _checkpoint(self, keys: Sequence[PublicKey]) -> Checkpoint | None:
        path = self.folder / "checkpoint"
        if not path.exists():
            return None
        try:
            text = path.read_bytes().decode()
        except UnicodeDecodeError as error:
            raise EvidenceError(f"log: {path} is damaged") from error
        return note.verify(text, keys)[0]

    def _lines(self) -> list[bytes]:
        path = self.folder / "entries"
        # Whatever follows the last newline is an entry that was never finished.
        return path.read_bytes().split(b"\n")[:-1] if path.exists() else []

    def _drop_unfinished(self, size: int) -> None:
        """Cut away what a crash left behind the last checkpoint: nobody was shown it."""
        lines = self._lines()
        length = sum(len(line) + 1 for line in lines[:size])
        wanted = {"entries": length, "hashes": merkle.stored(size) * merkle.SIZE}
        for name, end in wanted.items():
            with self._open(name) as file:
                if len(lines) < size or os.fstat(file).st_size < end:
                    raise EvidenceError(f"log: {self.folder / name} lost what was signed")
                os.ftruncate(file, end)

    def _add(self, name: str, data: bytes) -> None:
        with (self.folder / name).open("ab") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def _replace(self, name: str, data: bytes) -> None:
        temporary = self.folder / f".{name}"
        temporary.unlink(missing_ok=True)
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.folder / name)
        with _descriptor(self.folder, os.O_RDONLY) as folder:
            os.fsync(folder)

    @contextmanager
    def _reading(self, name: str) -> Iterator[merkle.Read]:
        with _descriptor(self.folder / name, os.O_RDONLY) as file:
            yield _reader(file)

    @contextmanager
    def _open(self, name: str) -> Iterator[int]:
        with _descriptor(self.folder / name, os.O_RDWR | os.O_CREAT) as file:
            yield file

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._open("lock") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def entry(bundle: bytes, statement: Statement) -> bytes:
    """The line that logs a signed statement: its digest, its kind, what it is about."""
    return canonical(
        {
            "envelope": hashlib.sha256(bundle).hexdigest(),
            "predicateType": statement.predicate_type,
            "subject": [subject.digest for subject in statement.subject],
        }
    )


@contextmanager
def _descriptor(path: Path, flags: int) -> Iterator[int]:
    file = os.open(path, flags, 0o644)
    try:
        yield file
    finally:
        os.close(file)


def _reader(file: int) -> merkle.Read:
    def read(level: int, index: int) -> bytes:
        found = os.pread(file, merkle.SIZE, merkle.place(level, index) * merkle.SIZE)
        if len(found) != merkle.SIZE:
            raise EvidenceError("log: hashes are missing")
        return found

    return read


def _origin(signer: Signs) -> str:
    return f"steelyard.dev/log/{signer.public.fingerprint[:16]}"
