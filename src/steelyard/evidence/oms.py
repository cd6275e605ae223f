"""OpenSSF Model Signing v1.0: the statement that the ecosystem's own tools write and read.

Source: OpenSSF Model Signing (OMS) Specification, version 1.0; section numbers below are
its. Where we differ from it, or from the released tool (`model-signing` 1.1.1), see
design/051.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

import msgspec

from steelyard.errors import EvidenceError
from steelyard.evidence import encoding
from steelyard.evidence.manifest import EXCLUDED, Manifest
from steelyard.evidence.statement import Statement, Subject

PREDICATE = "https://model_signing/signature/v1.0"
OLD_PREDICATE = "https://model_signing/Digests/v0.1"

DEFAULT_IGNORED = (".git", ".gitattributes", ".github", ".gitignore")
"""Left out by every OMS signer, at the top level. From: §6.2."""

HARMLESS_IGNORED = frozenset((*DEFAULT_IGNORED, *EXCLUDED))
"""What a signer may leave out without asking the reader."""

SINGLE = "."
"""How the released tool names the only resource of a single-file model."""

HEX_DIGITS = {"sha256": 64, "blake2b": 128, "blake3": 64}


class _Serialization(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    method: Literal["files", "shards"]
    hash_type: Literal["sha256", "blake2b", "blake3"]
    allow_symlinks: bool
    ignore_paths: tuple[str, ...] = ()
    shard_size: int | float | None = None
    """The released tool writes 1000000.0, as its protobuf Struct knows doubles only."""


class _Resource(msgspec.Struct, frozen=True, kw_only=True):
    # Unknown fields are ignored, as §5.2.1 demands.
    name: str
    algorithm: str
    digest: str


class _Predicate(msgspec.Struct, frozen=True, kw_only=True):
    resources: tuple[_Resource, ...]
    serialization: _Serialization


@dataclass(frozen=True, slots=True)
class Resource:
    """A file of the model, or a range of one."""

    path: str
    digest: str
    """Lower-case hexadecimal."""

    start: int = 0
    end: int = -1
    """One past the last byte; -1 for a whole file."""

    @property
    def name(self) -> str:
        """As in the statement."""
        return self.path if self.end < 0 else f"{self.path}:{self.start}:{self.end}"


@dataclass(frozen=True, slots=True)
class Scope:
    """What else a signer says of the files it signs."""

    ignored: tuple[str, ...] = ()
    """What was left out, beyond `DEFAULT_IGNORED`."""

    links: bool = False
    """Some names are symbolic links, which were followed."""

    single: bool = False
    """The model is one file, which the released tool calls `.`."""


@dataclass(frozen=True, slots=True)
class SignedModel:
    """What an OMS statement says about a model."""

    name: str
    """For people; never relied upon (§6.5)."""

    root: str
    """SHA-256 over the resources' digests in the order given. Leaves names out."""

    resources: tuple[Resource, ...]
    algorithm: str
    links: bool
    """Whether links were followed when signing."""

    ignored: tuple[str, ...]
    """What the signer left out, besides `DEFAULT_IGNORED`."""

    shard: int = 0
    """Bytes of a shard; 0 for whole files."""


def root(digests: Iterable[str]) -> str:
    """The root digest over `digests` (hexadecimal), in the order given (§6.5.1)."""
    whole = hashlib.sha256()
    for digest in digests:
        whole.update(bytes.fromhex(digest))
    return whole.hexdigest()


def root_of(manifest: Manifest) -> str:
    """The root digest of a model that OMS would name by `manifest`: for `omsRoot`.

    Resources are in code-point order of their names (§5.2.1), without `DEFAULT_IGNORED`.
    """
    return root(entry.sha256 for entry in _covered(manifest))


def statement(name: str, manifest: Manifest, scope: Scope) -> Statement:
    """The statement to sign: `manifest` in OMS's words; `name` is the model's base name."""
    covered = _covered(manifest)
    predicate: dict[str, Any] = {
        "serialization": {
            "method": "files",
            "hash_type": "sha256",
            "allow_symlinks": scope.links,
            "ignore_paths": sorted({*DEFAULT_IGNORED, *scope.ignored}),
        },
        "resources": [
            {
                "name": SINGLE if scope.single else entry.path,
                "algorithm": "sha256",
                "digest": entry.sha256,
            }
            for entry in covered
        ],
    }
    return Statement(
        subject=(Subject(name=name, digest={"sha256": root_of(manifest)}),),
        predicate_type=PREDICATE,
        predicate=predicate,
    )


def read(found: Statement) -> SignedModel:
    """What a *verified* statement says, checked for consistency.

    Raises:
        EvidenceError: not an OMS v1.0 predicate, no or repeated resources, a path that
            could leave the model, a digest of the wrong shape, or another root.
    """
    if found.predicate_type == OLD_PREDICATE:
        raise EvidenceError("payload: OMS before v1.0 bound no file names together; sign again")
    if found.predicate_type != PREDICATE:
        raise EvidenceError(f"payload: {found.predicate_type!r} is not {PREDICATE!r}")
    predicate = encoding.convert(found.predicate, _Predicate)
    how = predicate.serialization
    needs_size, size = how.method == "shards", how.shard_size
    if needs_size != (size is not None) or (size is not None and (size < 1 or size % 1)):
        raise EvidenceError("payload: shards need a shard size, and files have none")
    resources = tuple(_resource(each, how) for each in predicate.resources)
    if not resources or len({each.name for each in resources}) != len(resources):
        raise EvidenceError("payload: no resources, or one that is named twice")
    if len(found.subject) != 1:
        raise EvidenceError("payload: more than one subject")
    signed = found.subject[0].digest.get("sha256")
    if signed != root(each.digest for each in resources):
        raise EvidenceError("payload: the root digest is not that of the resources listed")
    return SignedModel(
        name=found.subject[0].name,
        root=signed,
        resources=resources,
        algorithm=how.hash_type,
        links=how.allow_symlinks,
        ignored=tuple(sorted({_ignored(each) for each in how.ignore_paths} - {*DEFAULT_IGNORED})),
        shard=int(how.shard_size or 0),
    )


def _covered(manifest: Manifest) -> list[Any]:
    kept = (entry for entry in manifest.entries if entry.path.split("/")[0] not in DEFAULT_IGNORED)
    return sorted(kept, key=lambda entry: entry.path)


def _resource(given: _Resource, how: _Serialization) -> Resource:
    # The released tool says `sha256-sharded-1000000` of a shard; the specification `sha256`.
    sharded = f"{how.hash_type}-sharded-{int(how.shard_size or 0)}"
    if given.algorithm not in (how.hash_type, sharded):
        raise EvidenceError(f"payload: {given.name!r} is hashed another way than the rest")
    if not re.fullmatch(rf"[0-9a-f]{{{HEX_DIGITS[how.hash_type]}}}", given.digest):
        raise EvidenceError(f"payload: {given.name!r} has no {how.hash_type} digest")
    if how.method == "files":
        return Resource(_path(given.name), given.digest)
    match = re.fullmatch(r"(.+):([0-9]{1,18}):([0-9]{1,18})", given.name, re.DOTALL)
    if match is None:
        raise EvidenceError(f"payload: {given.name!r} is not a shard `path:start:end`")
    start, end = int(match[2]), int(match[3])
    size = int(how.shard_size or 1)
    if start % size or not start < end <= start + size:
        raise EvidenceError(f"payload: {given.name!r} is not a shard of {size} bytes")
    return Resource(_path(match[1]), given.digest, start, end)


def _path(name: str) -> str:
    """`name`, if it is canonical (§6.1.2).

    Raises:
        EvidenceError: absolute, climbing, or written in another way than its normal one.
    """
    if name == SINGLE:
        return name
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or str(path) != name or set("\0\n\\") & set(name):
        raise EvidenceError(f"payload: {name!r} is not a path inside the model")
    return name


def _ignored(name: str) -> str:
    """A signer's `ignore_paths` entry; the released tool may write `.git/` for `.git`."""
    return _path(name.rstrip("/") or name)
