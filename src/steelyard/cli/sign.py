"""Sign a model so that the ecosystem's tools, and this one, can verify it.

steelyard sign MODEL                              with your own key
steelyard sign MODEL --key release.pem --certificate chain.pem
steelyard sign MODEL --keyless                    with an identity; online, needs an extra

Writes two files: MODEL/model.sig, in the OpenSSF Model Signing v1.0 format that
`model_signing verify` reads, and MODEL/model.manifest, which binds every file to its name
(for a single file: FILE.sig and FILE.manifest). --log DIR also appends both to a local
transparency log, and writes a proof beside each; --keyless logs in the public one, Rekor.
The OpenSSF format takes ECDSA keys, not Ed25519.
"""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from steelyard.cli import key as key_verb
from steelyard.cli import outputs
from steelyard.errors import InputError
from steelyard.evidence import envelope, keyless, ledger, manifest, oms, signing
from steelyard.evidence.manifest import EXCLUDED, Manifest
from steelyard.evidence.predicates import manifest as listing
from steelyard.evidence.statement import Statement


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model's signature files are."""

    model: Path
    signature: Path

    @property
    def manifest(self) -> Path:
        """The name-bound manifest."""
        return self.signature.with_name(self.signature.name.removesuffix(".sig") + ".manifest")

    @property
    def inside(self) -> tuple[str, ...]:
        """Those of them that lie in the model's folder, relative to it."""
        root = self.model.resolve()
        files = [self.signature, self.manifest]
        files += [proof_of(path) for path in files]
        resolved = (path.parent.resolve() / path.name for path in files)
        return tuple(
            path.relative_to(root).as_posix() for path in resolved if path.is_relative_to(root)
        )


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("model", type=Path, help="folder or file")
    parser.add_argument("--key", type=Path, help="private key (PEM); default: your own")
    parser.add_argument(
        "--certificate", type=Path, metavar="PEM", help="the key's certificate, then its issuers"
    )
    parser.add_argument("--keyless", action="store_true", help="sign with an identity (online)")
    parser.add_argument("--signature", type=Path, help="where to write; default: MODEL/model.sig")
    parser.add_argument("--log", type=Path, metavar="DIR", help="append to this transparency log")
    parser.add_argument("--force", action="store_true", help="replace an existing signature")


def run(arguments: argparse.Namespace) -> int:
    """Sign, and say what was written."""
    model: Path = arguments.model
    if not model.exists():
        raise InputError(f"{model}: no such file or folder")
    place = Place(model, arguments.signature or default_signature(model))
    for path in (place.signature, place.manifest):
        if path.exists() and not arguments.force:
            raise InputError(f"{path}: exists already. To replace it: --force")
    log = ledger.Ledger(arguments.log) if arguments.log else None
    if log is not None and log.folder.exists() and not log.folder.is_dir():
        raise InputError(f"{log.folder}: a log is a folder")
    if not place.signature.parent.is_dir():
        raise InputError(f"{place.signature.parent}: no such folder")
    signer = None if arguments.keyless else _signer(arguments)
    excluded = tuple(sorted({*EXCLUDED, *place.inside}))
    found = manifest.of(model, manifest.Settings(excluded=excluded))
    name = model.resolve().name
    scope = oms.Scope(ignored=excluded, links=_has_links(model, found), single=model.is_file())
    signature = oms.statement(name, found, scope)
    ours = listing.state(name, found, excluded, signature.subject[0].digest["sha256"])
    files: dict[Path, bytes] = {}
    for path, statement in ((place.signature, signature), (place.manifest, ours)):
        files[path] = _seal(statement, signer)
        if log is not None:
            entry = ledger.entry(files[path], statement)
            proof = log.append(entry, signer or key_verb.signer(None))
            files[proof_of(path)] = proof.encode()
            print(f"logged  entry {proof.index} of {log.folder}; proof: {proof_of(path)}")
    outputs.replace(place.signature.parent, {path.name: data for path, data in files.items()})
    for path in (place.signature, place.manifest):
        if log is None:
            proof_of(path).unlink(missing_ok=True)  # of the signature that this one replaced
        print(f"wrote   {path}")
    print(f"model   {name}: {len(found.entries)} files, sha256 {found.digest()}")
    print(f"signer  {_who(signer)}")
    return 0


def default_signature(model: Path) -> Path:
    """Where a model's signature lies unless said otherwise."""
    return model / "model.sig" if model.is_dir() else model.with_name(model.name + ".sig")


def proof_of(path: Path) -> Path:
    """Where it lies that a log holds the signed file `path`."""
    return path.with_name(path.name + ".tlog-proof")


def _signer(arguments: argparse.Namespace) -> signing.Signer:
    signer = key_verb.signer(arguments.key)
    if signer.public.algorithm == "ed25519":
        raise InputError(
            "the OpenSSF format takes ECDSA keys, and this one is Ed25519. Make another: "
            "steelyard key new --algorithm p256 --out release.pem"
        )
    if arguments.certificate is None:
        return signer
    try:
        return signer.certified(arguments.certificate.read_bytes())
    except OSError as error:
        raise InputError(f"{arguments.certificate}: {error.strerror}") from error


def _seal(statement: Statement, signer: signing.Signer | None) -> bytes:
    if signer is None:
        return keyless.seal(statement.encode(), os.environ.get("STEELYARD_ID_TOKEN", ""))
    return envelope.seal(statement.encode(), signer)


def _who(signer: signing.Signer | None) -> str:
    return "your identity" if signer is None else f"key {signer.public.fingerprint}"


def _has_links(model: Path, found: Manifest) -> bool:
    return model.is_dir() and any((model / each.path).is_symlink() for each in found.entries)
