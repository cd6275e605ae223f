"""What verbs write: whole or not at all, and the files of an audit all of them or none."""

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from steelyard import plugins
from steelyard.errors import InputError
from steelyard.evidence.predicates.audit import Audit
from steelyard.evidence.statement import Statement, read

if TYPE_CHECKING:
    from steelyard.evidence.signing import Signer

REPORTS = {"html": "report.html", "markdown": "report.md", "junit": "junit.xml"}
"""Name of a format → file."""


def predicate(statement: Statement) -> Audit:
    """The statement's audit."""
    return msgspec.convert(statement.predicate, Audit)


def write(statement: Statement, out: Path, signs: "Signer") -> str:
    """Sign the statement and write every file; returns the key's fingerprint.

    Raises:
        OSError: a file can't be written; then none of them was replaced.
    """
    from steelyard.evidence import envelope

    payload = statement.encode()
    signed = read(payload)  # pages are drawn from what a reader of the evidence will have
    files = {"statement.json": payload + b"\n", "evidence.json": envelope.seal(payload, signs)}
    for name, file in REPORTS.items():
        files[file] = str(plugins.load("formats", name)(signed)).encode()
    out.mkdir(parents=True, exist_ok=True)
    replace(out, files)
    return str(signs.public.fingerprint)


def place(text: str) -> Path:
    """A path on the command line.

    Raises:
        InputError: it is empty, as an unset variable in a script makes it.
    """
    if not text:
        raise InputError("--out is empty: name a place")
    return Path(text)


def save(path: Path, text: str) -> None:
    """Write `path` whole or not at all; a device or a pipe is written to as it is.

    Raises:
        OSError: it can't be written; what was there before is still there.
    """
    if path.exists() and not path.is_file():
        path.write_text(text, "utf-8")
    else:
        real = path.resolve()  # a link stays a link
        replace(real.parent, {real.name: text.encode()})


def replace(folder: Path, files: dict[str, bytes]) -> None:
    """Write every file beside its place first, then rename them all.

    Raises:
        OSError: one of them can't be written, and is named; then none was replaced.
    """
    with ExitStack() as stack:
        for name, data in files.items():
            part = folder / f".{name}.part"
            stack.callback(_remove, part)
            try:
                with part.open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                raise OSError(error.errno, error.strerror, str(folder / name)) from error
        for name in files:
            (folder / f".{name}.part").rename(folder / name)


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
