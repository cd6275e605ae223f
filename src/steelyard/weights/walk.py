"""Which files a model folder has, and what in it is not a file."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from steelyard.errors import InputError
from steelyard.evidence import manifest
from steelyard.evidence.value import Finding, Place
from steelyard.weights.rules import Rule

LINK_OUT = Rule(
    id="file/link-out",
    title="Link that leaves the folder",
    severity="high",
    effect="review",
    what="A symbolic link in the model folder points outside it.",
    why="Whoever opens the model reads a file of the machine it lies on (keys, other models) "
    "and may publish it again, or writes over it when the model is updated.",
    fix="Remove the link; put the file itself into the folder if it belongs to the model.",
    references=("CWE-59", "CVE-2024-27318", "CVE-2026-34447"),
)
LINK_BROKEN = Rule(
    id="file/link-broken",
    title="Link to nothing",
    severity="low",
    what="A symbolic link in the folder points to something that is not there.",
    why="The model is incomplete, or the link waits for a file to appear on the machine.",
    fix="Remove the link or restore the file.",
    references=("CWE-59",),
)
SPECIAL = Rule(
    id="file/special",
    title="Not a regular file",
    severity="high",
    effect="denied",
    what="The folder holds a pipe, socket or device.",
    why="Opening it can hang the loader or reach a device; no model needs one.",
    fix="Remove it.",
    references=("CWE-67",),
)
EXCLUDED = Rule(
    id="file/excluded",
    title="Not part of the model",
    severity="info",
    what="A folder or file about this copy of the model: version control, a download cache, a "
    "signature.",
    why="It is neither in the model's digest nor inspected; nothing that loads the model reads it.",
    fix="Leave it out when you pass the model on.",
)
RULES = (LINK_OUT, LINK_BROKEN, SPECIAL, EXCLUDED)

MOST_FILES = 100_000
BLOB = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One regular file to be read."""

    path: str
    """Relative to the root, POSIX separators."""

    real: Path
    size: int
    """Bytes, when it was listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The folder, in one deterministic order."""

    files: tuple[Entry, ...]
    notes: tuple[Finding, ...]
    whole: bool = True
    """Whether it is a folder's: what it doesn't list is not there."""


def walk(root: Path) -> Listing:
    """List a folder, or the one file that `root` is.

    A symbolic link to a file of the folder is that file under another name, as in the
    manifest (design/050). Others are not followed, with one exception: in a Hugging Face
    cache (`models--…/snapshots/<revision>/`) every file is a link into `blobs/`.

    Raises:
        InputError: there is nothing at `root`, nothing in it, too much in it, or a name that
            cannot be in a manifest.
    """
    if not root.exists():
        raise InputError(f"{root}: there is no such file or folder")
    if not root.is_dir():
        if not root.is_file():
            raise InputError(f"{root}: not a regular file or a folder")
        real = root.resolve()
        entry = Entry(path=manifest.named(root.name), real=real, size=real.stat().st_size)
        return Listing(files=(entry,), notes=(), whole=False)
    found = list(_entries(root.resolve()))
    files = sorted((item for item in found if isinstance(item, Entry)), key=_order)
    if not files:
        raise InputError(f"{root}: no files in this folder")
    if len(files) > MOST_FILES:
        raise InputError(f"{root}: more than {MOST_FILES} files; name the model's own folder")
    return Listing(
        files=tuple(files),
        notes=tuple(item for item in found if not isinstance(item, Entry)),
    )


def _order(entry: Entry) -> bytes:
    return os.fsencode(entry.path)


def _entries(root: Path) -> Iterator[Entry | Finding]:
    for folder, folders, names in os.walk(root):
        if Path(folder) == root:
            for name in sorted(set(manifest.EXCLUDED) & {*folders, *names}):
                (folders if name in folders else names).remove(name)
                yield EXCLUDED.at(Place(path=name), f"{name} was not inspected")
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        folders[:] = sorted(set(folders) - set(links))
        for name in sorted(names + links):
            real = Path(folder) / name
            yield from _entry(root, real)


def _entry(root: Path, real: Path) -> Iterator[Entry | Finding]:
    path = manifest.named(real.relative_to(root).as_posix())
    place = Place(path=path)
    status = real.lstat()
    if stat.S_ISREG(status.st_mode):
        yield Entry(path=path, real=real, size=status.st_size)
    elif stat.S_ISLNK(status.st_mode):
        yield from _link(root, real, place)
    else:
        yield SPECIAL.at(place, f"{path} is not a regular file")


def _link(root: Path, real: Path, place: Place) -> Iterator[Entry | Finding]:
    target = os.readlink(real)  # noqa: PTH115 (the text of the link, unresolved)
    try:
        end = real.resolve()
    except (OSError, RuntimeError):
        yield LINK_BROKEN.at(place, f"the link to {target!r} goes in a circle")
        return
    if _is_cached_blob(root, end):
        yield Entry(path=place.path, real=end, size=end.stat().st_size)
    elif not end.is_relative_to(root):
        yield LINK_OUT.at(place, f"link to {target!r}, outside the model's folder")
    elif not end.exists():
        yield LINK_BROKEN.at(place, f"link to {target!r}, which is not there")
    elif end.is_file():
        yield Entry(path=place.path, real=end, size=end.stat().st_size)
    else:
        yield LINK_BROKEN.at(place, f"link to the folder {target!r}: not followed")


def _is_cached_blob(root: Path, end: Path) -> bool:
    snapshots = next((up for up in root.parents if up.name == "snapshots"), None)
    return (
        snapshots is not None
        and end.parent == snapshots.parent / "blobs"
        and BLOB.fullmatch(end.name) is not None
        and end.is_file()
        and not end.is_symlink()
    )
