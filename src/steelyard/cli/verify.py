"""Verify evidence, or a signed model: who signed it, and is it still what they signed?

steelyard verify evidence/                        every signed file in the folder
steelyard verify evidence/evidence.json --model model.gguf
steelyard verify evidence/ --key auditor.pub      besides the keys you trust already

A signature counts only by a key you trust: your own, one you named with --key, or one you
accepted with `steelyard key trust`. Exit code: 0 everything verified; 1 something does not
verify (it is named); 2 usage; 4 could not be checked (no evidence, or a key you don't trust).
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from steelyard.errors import EvidenceError, InputError, SteelyardError, UnavailableError
from steelyard.evidence import encoding, keyring, manifest, store
from steelyard.evidence.keys import PublicKey
from steelyard.evidence.manifest import Manifest
from steelyard.evidence.predicates.manifest import ModelManifest
from steelyard.evidence.statement import PREDICATE_ROOT, Statement, predicate_type
from steelyard.evidence.verify import Verified, verify

State = Literal["verified", "refused", "unchecked"]
CODES: dict[State, int] = {"verified": 0, "refused": 1, "unchecked": 4}
COMPANION = "statement.json"
"""The readable copy of the statement that an audit writes beside its envelope."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of one file."""

    path: Path
    state: State
    text: str


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("path", type=Path, nargs="+", help="evidence: files or folders")
    parser.add_argument(
        "--key", type=Path, action="append", default=[], metavar="PUB", help="a key you trust"
    )
    parser.add_argument(
        "--model", type=Path, help="also check that these are the weights it is about"
    )


def run(arguments: argparse.Namespace) -> int:
    """Verify each, print a line for each, and return the worst exit code."""
    keys = (*(keyring.read(path) for path in arguments.key), *keyring.default().public_keys())
    found = [item for path in arguments.path for item in _gather(path)]
    actual = manifest.of(arguments.model) if arguments.model else None
    verified: list[tuple[Path, Verified]] = []
    results: list[Checked] = []
    for item in found:
        outcome = _signature(item, keys)
        if isinstance(outcome, Verified):
            verified.append((item.path, outcome))
        else:
            results.append(outcome)
    listed = {each.digest(): each for each in _manifests(verified)}
    results += [_content(path, each, actual, listed) for path, each in verified]
    for result in sorted(results, key=lambda result: result.path):
        print(f"{result.state:<9}  {result.path}: {result.text}")
    states = {result.state for result in results}
    worst = next(state for state in ("refused", "unchecked", "verified") if state in states)
    return CODES[worst]


def _gather(path: Path) -> list[store.Stored | store.Damaged]:
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    if path.is_file():
        return [store.read(path)]
    found = store.everything(path)
    if not found:
        raise UnavailableError(f"{path}: no signed evidence in this folder")
    return found


def _signature(
    item: store.Stored | store.Damaged, keys: tuple[PublicKey, ...]
) -> Verified | Checked:
    if isinstance(item, store.Damaged):
        return Checked(item.path, "refused", item.reason)
    try:
        return verify(item.data, keys)
    except EvidenceError as error:
        return Checked(item.path, "refused", str(error))
    except UnavailableError as error:
        hint = ". If you do: steelyard key trust KEY.pub, or --key KEY.pub"
        return Checked(item.path, "unchecked", str(error) + hint)


def _content(
    path: Path, found: Verified, actual: Manifest | None, listed: dict[str, Manifest]
) -> Checked:
    what = found.statement.predicate_type.removeprefix(PREDICATE_ROOT + "/")
    subject = found.statement.subject[0]
    digest = subject.digest.get("sha256", "")
    try:
        _companion(path, found.statement)
        about = f"{what} about {subject.name}, sha256 {digest or 'unpinned'}"
        if actual is not None:
            about += _weights(digest, actual, listed)
    except SteelyardError as error:
        return Checked(path, "refused", str(error))
    return Checked(
        path, "verified", f"{about}, signed by key {found.by.fingerprint} ({found.by.name})"
    )


def _weights(digest: str, actual: Manifest, listed: dict[str, Manifest]) -> str:
    if not digest:
        raise EvidenceError("weights: this evidence is about an endpoint, not about any weights")
    if actual.digest() == digest:
        return " (the weights given are these)"
    if digest in listed:
        raise EvidenceError(f"weights: {manifest.difference(listed[digest], actual)}")
    raise EvidenceError(
        f"weights: not the files this is about: they are sha256 {actual.digest()}, "
        f"the evidence is about {digest}"
    )


def _companion(path: Path, signed: Statement) -> None:
    beside = path.parent / COMPANION
    if not beside.is_file() or path.name != "evidence.json":
        return
    if encoding.decode(beside.read_bytes(), Statement) != signed:
        raise EvidenceError(f"{beside} is not the statement that was signed")


def _manifests(verified: list[tuple[Path, Verified]]) -> list[Manifest]:
    return [
        Manifest(entries=encoding.convert(found.statement.predicate, ModelManifest).entries)
        for _, found in verified
        if found.statement.predicate_type == predicate_type("manifest")
    ]
