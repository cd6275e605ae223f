"""Model files on this machine, and which of them an engine would open."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from steelyard.errors import InputError, UnavailableError
from steelyard.evidence import hashing, manifest
from steelyard.evidence.manifest import Manifest

_GGUF = b"GGUF"
_FEW = 6
_WANTED = "a .gguf file, or config.json beside *.safetensors"


@dataclass(frozen=True)
class Local:
    """Files that a reference came to."""

    path: Path
    """The file or folder that the reference names. Absolute."""

    name: str
    """For a heading: a repository, package or file name."""

    reference: str
    """Typed reference made exact: version, commit and digest filled in."""

    notes: tuple[str, ...] = ()
    """What the reader of a report must know, e.g. that nothing pins the bytes."""

    memory: hashing.Memory | None = field(default=None, compare=False)
    """What was hashed already."""

    @property
    def root(self) -> Path:
        """Folder that the manifest's paths are relative to."""
        return self.path if self.path.is_dir() else self.path.parent

    @cached_property
    def manifest(self) -> Manifest:
        """Every file of it, hashed at first use.

        Raises:
            InputError: a link leaves the folder, or a name cannot be in a manifest.
        """
        # A Hugging Face cache keeps a snapshot's bytes in `blobs`, two folders up.
        blobs = self.root.parent.parent / "blobs"
        stores = (blobs,) if self.root.parent.name == "snapshots" and blobs.is_dir() else ()
        return manifest.of(self.path, manifest.Settings(stores=stores, memory=self.memory))


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What an engine opens."""

    path: Path
    """A GGUF file, or the folder that holds `config.json` and safetensors."""

    format: Literal["gguf", "safetensors"]
    notes: tuple[str, ...] = ()
    """Why these and not others."""


def read(path: Path) -> Local:
    """The files at `path`, wherever that came from.

    Raises:
        InputError: nothing is there.
        UnavailableError: an empty folder, or not a file or folder.
    """
    if not path.exists():
        asked = path.as_posix()
        hint = (
            f" For the hub, write hf:{asked}" if asked.count("/") == 1 and asked[0] != "." else ""
        )
        raise InputError(f"no file or folder {asked!r} here.{hint}")
    if path.is_dir() and not any(path.iterdir()):
        raise UnavailableError(f"the folder {path} is empty: {_WANTED} was looked for")
    if not path.is_dir() and not path.is_file():
        raise UnavailableError(f"{path} is neither a file nor a folder")
    absolute = path.absolute()  # not resolved: a link's own name is the one that counts
    return Local(absolute, absolute.resolve().name if absolute.is_dir() else path.name, str(path))


def loadable(local: Local) -> Weights:
    """The weights among the files, by content; of several GGUF files the largest.

    Raises:
        UnavailableError: nothing that an engine could open.
    """
    if local.path.is_file():
        if _is_gguf(local.path):
            return Weights(path=local.path, format="gguf")
        raise UnavailableError(f"{local.path} is not a GGUF file: {_WANTED} was looked for")
    files = sorted(path for path in local.path.rglob("*") if path.is_file())
    ggufs = [path for path in files if path.suffix.lower() == ".gguf" and _is_gguf(path)]
    if ggufs:
        return _one_of(ggufs, local.path)
    folders = {path.parent for path in files if path.name == "config.json"}
    with_weights = sorted(
        folders & {path.parent for path in files if path.suffix == ".safetensors"}
    )
    if with_weights:
        return Weights(path=with_weights[0], format="safetensors")
    seen = ", ".join(path.relative_to(local.path).as_posix() for path in files[:_FEW])
    more = f" and {len(files) - _FEW} more" if len(files) > _FEW else ""
    raise UnavailableError(
        f"no weights in {local.path}: {_WANTED} was looked for; "
        f"there are {seen or 'no files'}{more}"
    )


def _one_of(ggufs: list[Path], root: Path) -> Weights:
    """The largest, or the first shard of the largest: less is lost to quantisation."""
    chosen = max(ggufs, key=lambda path: (path.stat().st_size, path.name))
    shards = chosen.name.rpartition("-of-")
    if shards[1]:
        stem = shards[0].rpartition("-")[0]
        chosen = min(path for path in ggufs if path.name.startswith(f"{stem}-"))
        ggufs = [path for path in ggufs if not path.name.startswith(f"{stem}-")]
    others = [path.relative_to(root).as_posix() for path in ggufs if path != chosen]
    if not others:
        return Weights(path=chosen, format="gguf")
    listed = ", ".join(others[:_FEW]) + (" …" if len(others) > _FEW else "")
    note = (
        f"{len(others) + 1} GGUF files here: weighed {chosen.name}, the largest, and not {listed}"
    )
    return Weights(path=chosen, format="gguf", notes=(note,))


def _is_gguf(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(_GGUF)) == _GGUF
