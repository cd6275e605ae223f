"""The files of an audit, all of them or none."""

import os
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec

from steelyard import plugins
from steelyard.evidence.predicates.audit import Audit
from steelyard.evidence.statement import Statement

REPORTS = {"html": "report.html", "markdown": "report.md", "junit": "junit.xml"}
"""Name of a format → file."""


def predicate(statement: Statement) -> Audit:
    """The statement's audit."""
    return msgspec.convert(statement.predicate, Audit)


def write(statement: Statement, out: Path, key: Path | None) -> str:
    """Sign the statement and write every file; returns the key's fingerprint.

    Raises:
        InputError: the key can't be used.
        OSError: a file can't be written; then none of them was replaced.
    """
    from steelyard.cli.key import signer
    from steelyard.evidence import envelope, keyring

    own = keyring.default()
    new = key is None and not own.private.exists()
    signs = signer(key)
    if new:
        print(f"steelyard: made a signing key for you: {own.private}", file=sys.stderr)
    payload = statement.encode()
    files = {"statement.json": payload + b"\n", "evidence.json": envelope.seal(payload, signs)}
    for name, file in REPORTS.items():
        files[file] = str(plugins.load("formats", name)(statement)).encode()
    out.mkdir(parents=True, exist_ok=True)
    replace(out, files)
    return str(signs.public.fingerprint)


def replace(folder: Path, files: dict[str, bytes]) -> None:
    """Write every file beside its place first, then rename them all."""
    with ExitStack() as stack:
        for name, data in files.items():
            part = folder / f".{name}.part"
            stack.callback(_remove, part)
            with part.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        for name in files:
            (folder / f".{name}.part").rename(folder / name)


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
