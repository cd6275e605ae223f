"""Verify evidence, or a signed model: who signed it, and is it still what they signed?

steelyard verify evidence/                        every signed file in the folder
steelyard verify evidence/evidence.json --model model.gguf
steelyard verify MODEL                            a signed model: its model.sig, its files
steelyard verify MODEL --only config.json         only the files that you need

A signature counts only by someone you trust: your own key, one you named with --key, one
you accepted with `steelyard key trust`; a certificate that leads to --root; or --identity
by --issuer. Exit code: 0 everything verified; 1 something does not verify (it is named);
2 usage; 4 could not be checked (nothing signed there, or a signer you don't trust).
"""

import argparse
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from steelyard import plugins
from steelyard.cli.outputs import REPORTS
from steelyard.cli.sign import Place, default_signature, proof_of
from steelyard.errors import EvidenceError, InputError, SteelyardError, UnavailableError
from steelyard.evidence import (
    certificates,
    encoding,
    hashing,
    keyless,
    keyring,
    ledger,
    manifest,
    note,
    oms,
    signed,
    store,
)
from steelyard.evidence.ledger import Ledger
from steelyard.evidence.manifest import EXCLUDED, Entry, Manifest
from steelyard.evidence.predicates import manifest as listing
from steelyard.evidence.predicates.audit import Audit
from steelyard.evidence.statement import PREDICATE_ROOT, Statement, predicate_type
from steelyard.evidence.verify import Authority, Trust, UntrustedError, Verified, verify
from steelyard.render.text import shown

State = Literal["verified", "refused", "unchecked"]
CODES: dict[State, int] = {"verified": 0, "refused": 1, "unchecked": 4}
COMPANION = "statement.json"
"""The readable copy of the statement that an audit writes beside its envelope."""
JOURNAL = "journal.jsonl"
"""Its transcript."""


@dataclass(frozen=True, slots=True)
class Item:
    """One signed file, and the model it is to be compared with."""

    file: store.Stored | store.Damaged
    model: Path | None


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of one file."""

    path: Path
    state: State
    text: str


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("path", type=Path, nargs="+", help="evidence or signed models")
    parser.add_argument("--model", type=Path, help="compare with these weights")
    trust = parser.add_argument_group("whom you trust")
    trust.add_argument("--key", type=Path, action="append", default=[], metavar="PUB")
    trust.add_argument("--root", type=Path, metavar="PEM", help="root certificates")
    trust.add_argument("--identity", help="who signed, without a key of their own")
    trust.add_argument("--issuer", help="who logged that identity in")
    trust.add_argument("--trust-config", type=Path, help="Sigstore trust, pinned: works offline")
    trust.add_argument("--log", type=Path, metavar="DIR", help="it must be in this log")
    models = parser.add_argument_group("signed models")
    models.add_argument("--only", action="append", default=[], metavar="FILE")
    models.add_argument(
        "--allow-ignored", action="store_true", help="accept files that the signer left out"
    )


def run(arguments: argparse.Namespace) -> int:
    """Verify each, print a line for each, and return the worst exit code."""
    for given in filter(None, (arguments.model, arguments.log)):
        if not given.exists():
            raise InputError(f"{given}: no such file or folder")
    trust = _trust(arguments)
    items = [item for path in arguments.path for item in _gather(path, arguments.model)]
    outcomes = [(item, _signature(item.file, trust)) for item in items]
    verified = [each for _, each in outcomes if isinstance(each, Verified)]
    content = _Content(arguments, _listings(verified), trust)
    results = [
        content.check(item, each) if isinstance(each, Verified) else each for item, each in outcomes
    ]
    for result in sorted(results, key=lambda result: result.path):
        # Whoever made the files chose their names, which may hold terminal escapes.
        print(shown(f"{result.state:<9}  {result.path}: {result.text}"))
    states = {result.state for result in results}
    order: tuple[State, ...] = ("refused", "unchecked", "verified")
    return CODES[next(state for state in order if state in states)]


def _trust(arguments: argparse.Namespace) -> Trust:
    authority = identity = None
    if arguments.root:
        roots = certificates.load(arguments.root)
        authority = Authority(roots=roots, now=datetime.now(UTC))
    if bool(arguments.identity) != bool(arguments.issuer):
        raise InputError("--identity and --issuer belong together")
    if arguments.identity:
        identity = keyless.Identity(
            subject=arguments.identity,
            issuer=arguments.issuer,
            configuration=arguments.trust_config,
        )
    given = tuple(keyring.read(path) for path in arguments.key)
    keys = (*given, *keyring.default().public_keys())
    return Trust(keys=keys, authority=authority, identity=identity)


def _gather(path: Path, model: Path | None) -> list[Item]:
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    if path.is_file() and path.suffix in store.SUFFIXES:
        return [Item(store.read(path), model or _signed_by(path))]
    place = Place(path, default_signature(path))
    beside = [file for file in (place.signature, place.manifest) if file.is_file()]
    if beside:
        return [Item(store.read(file), model or path) for file in beside]
    if path.is_file():
        raise UnavailableError(f"{path}: nothing signed; there is no {place.signature.name}")
    found = store.everything(path)
    if not found:
        raise UnavailableError(f"{path}: no signed evidence in this folder")
    return [Item(file, model) for file in found]


def _signed_by(path: Path) -> Path | None:
    """The model that a signature lies in or beside, if its name says so."""
    if path.name in ("model.sig", "model.manifest"):
        return path.parent
    beside = path.with_suffix("")
    return beside if path.suffix in (".sig", ".manifest") and beside.exists() else None


def _signature(item: store.Stored | store.Damaged, trust: Trust) -> Verified | Checked:
    if isinstance(item, store.Damaged):
        return Checked(item.path, "refused", item.reason)
    try:
        return verify(item.data, trust)
    except EvidenceError as error:
        return Checked(item.path, "refused", str(error))
    except UntrustedError as error:
        hint = ". If you do: steelyard key trust KEY.pub, or --key KEY.pub"
        return Checked(item.path, "unchecked", f"{error}{hint if 'key' in str(error) else ''}")
    except UnavailableError as error:
        return Checked(item.path, "unchecked", str(error))


class _Content:
    """Compares what verified statements say with what is there."""

    def __init__(
        self, arguments: argparse.Namespace, listed: dict[str, dict[str, str]], trust: Trust
    ) -> None:
        self._log = Ledger(arguments.log) if arguments.log else None
        self._keys = trust.keys
        self._only = tuple(arguments.only)
        self._allow = arguments.allow_ignored
        self._listed = listed
        self._memory: hashing.Memory = {}

    def check(self, item: Item, found: Verified) -> Checked:
        path = item.file.path
        try:
            _companions(path, found.statement)
            if found.statement.predicate_type in (oms.PREDICATE, oms.OLD_PREDICATE):
                text = self._signed(item, found.statement)
            else:
                text = self._evidence(item, found.statement)
            text += self._logged(item.file, found.statement) + _pages(path, found.statement)
        except UnavailableError as error:
            return Checked(path, "unchecked", str(error))
        except SteelyardError as error:
            return Checked(path, "refused", str(error))
        name = f" ({found.by.name})" if found.by.name else ""
        return Checked(path, "verified", f"{text}; signed by key {found.by.fingerprint}{name}")

    def _logged(self, file: store.Stored | store.Damaged, statement: Statement) -> str:
        """That the file is in a log: in the one asked for, or by the proof beside it."""
        # The bytes that were verified, not whatever the file holds by now.
        data = file.data if isinstance(file, store.Stored) else b""
        entry = ledger.entry(data, statement)
        proof = proof_of(file.path)
        if self._log is not None:
            self._log.audit(self._keys)
            found = self._log.prove(entry, self._keys)
            return f"; entry {found.index} of {self._log.folder}"
        if proof.is_file():
            read = note.read_proof(proof.read_bytes())
            return f"; logged by {note.verify_proof(read, entry, self._keys).origin}"
        return ""

    def _signed(self, item: Item, statement: Statement) -> str:
        says = oms.read(statement)
        if item.model is None:
            raise UnavailableError(
                f"the signature of {says.name} is good; which files it is about, --model must say"
            )
        beside = Place(item.model, item.file.path).inside
        settings = signed.Checking(
            only=self._only, allow_ignored=self._allow, beside=beside, memory=self._memory
        )
        coverage = signed.check(item.model, says, settings)
        text = f"{coverage.checked} of {coverage.listed} files of {says.name} are as signed"
        if coverage.uncovered:
            text += f"; not covered by the signature: {', '.join(coverage.uncovered)}"
        return text

    def _evidence(self, item: Item, statement: Statement) -> str:
        kind = statement.predicate_type.removeprefix(PREDICATE_ROOT + "/")
        subject = statement.subject[0]
        digest = subject.digest.get("sha256", "")
        text = f"{kind} about {subject.name}, sha256 {digest or 'unpinned'}"
        if listing.is_one(statement):
            listing.read(statement)
        if item.model is None or self._only:
            return text
        actual = self._files(item, statement)
        if not digest:
            raise EvidenceError("weights: this is about an endpoint, not about any weights")
        if actual.digest() == digest:
            return f"{text} (the weights are these)"
        if digest in self._listed:
            there = {entry.path: entry.sha256 for entry in actual.entries}
            raise EvidenceError(f"weights: {manifest.compare(self._listed[digest], there)}")
        raise EvidenceError(
            f"weights: not the files this is about: they are sha256 {actual.digest()}, "
            f"the evidence is about {digest}"
        )

    def _files(self, item: Item, statement: Statement) -> Manifest:
        if item.model is None:
            raise UnavailableError("which files it is about, --model must say")
        excluded = {*EXCLUDED, *Place(item.model, item.file.path).inside}
        if listing.is_one(statement):
            signature = item.file.path.with_suffix(".sig")
            excluded |= {*Place(item.model, signature).inside}
            chosen = listing.read(statement).excluded
            left_out = sorted(set(chosen) - excluded)
            if left_out and not self._allow:
                raise EvidenceError(
                    f"weights: the signer chose to leave out {', '.join(left_out)}. To accept "
                    "that: --allow-ignored"
                )
            excluded |= set(chosen)
        settings = manifest.Settings(excluded=tuple(sorted(excluded)), memory=self._memory)
        return manifest.of(item.model, settings)


def _companions(path: Path, signed_statement: Statement) -> None:
    """The readable statement and the journal beside an audit's envelope must be the signed ones."""
    if path.name != "evidence.json":
        return
    beside = path.parent / COMPANION
    if beside.is_file() and encoding.decode(beside.read_bytes(), Statement) != signed_statement:
        raise EvidenceError(f"{beside} is not the statement that was signed")
    record = path.parent / JOURNAL
    if record.is_file() and signed_statement.predicate_type == predicate_type("audit"):
        from steelyard.audit import journal

        said = encoding.convert(signed_statement.predicate, Audit)
        if journal.recompute(record) != (said.seed.commitment, said.journal.digest):
            raise EvidenceError(f"{record} is not the transcript that was signed")


def _pages(path: Path, statement: Statement) -> str:
    """Which pages beside an audit's envelope are not what it gives, as this version draws them.

    Nothing is signed about a page, and another version draws it otherwise: it's said, not refused.
    """
    if path.name != "evidence.json" or statement.predicate_type != predicate_type("audit"):
        return ""
    other = [
        file
        for name, file in REPORTS.items()
        if (path.parent / file).is_file()
        and (path.parent / file).read_bytes()
        != str(plugins.load("formats", name)(statement)).encode()
    ]
    if not other:
        return ""
    return f"; NOT drawn from it, or by another version: {', '.join(other)}"


def _listings(verified: Sequence[Verified]) -> dict[str, dict[str, str]]:
    """Digest of a model → its files, as far as verified statements list them."""
    found: dict[str, dict[str, str]] = {}
    for each in verified:
        whole, *files = each.statement.subject
        entries = [(file.name, file.digest.get("sha256", "")) for file in files]
        if listing.is_one(each.statement):
            # A listing that contradicts itself is refused where it is checked itself.
            with suppress(EvidenceError):
                read = listing.read(each.statement)
                entries = [(entry.path, entry.sha256) for entry in read.entries]
        with suppress(InputError):
            named = tuple(Entry(path=path, size=0, sha256=sha) for path, sha in entries)
            if Manifest(entries=named).digest() == whole.digest.get("sha256"):
                found[whole.digest["sha256"]] = dict(entries)
    return found
