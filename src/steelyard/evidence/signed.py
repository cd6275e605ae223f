"""Whether the files of a model are those that a verified OMS statement lists."""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from steelyard.errors import EvidenceError
from steelyard.evidence import hashing, manifest
from steelyard.evidence.hashing import Part
from steelyard.evidence.oms import DEFAULT_IGNORED, HARMLESS_IGNORED, SINGLE, Resource, SignedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """How to check."""

    only: tuple[str, ...] = ()
    """Files or folders of the model to look at; empty for all of it."""

    allow_ignored: bool = False
    """Accept that the signer left files out."""

    beside: tuple[str, ...] = ()
    """Names inside the model that are this signature's own files."""

    workers: int = 0
    """Threads that hash; 0 for as many as there are processors."""

    memory: hashing.Memory | None = field(default=None, compare=False)
    """What was hashed already, by this command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a check looked at, once nothing was wrong."""

    checked: int
    """Files whose content was compared."""

    listed: int
    """Files that the signature lists."""

    uncovered: tuple[str, ...] = ()
    """Paths that exist in the model and that the signature does not cover."""


def check(model: Path, signed: SignedModel, settings: Checking) -> Coverage:
    """Compare `model` with `signed`.

    1. What the signer left out beyond the harmless names is refused, unless allowed.
    2. Enumerate what is there; a link is refused if the signer followed none.
    3. With `only`, narrow both sides to what is asked for, which must be listed.
    4. Hash, largest files first, in parallel.
    5. Every listed file must be there with its content, and no other file (§8.4).

    Raises:
        EvidenceError: a step fails; every file concerned is named.
        InputError: the model cannot be enumerated, see `manifest.files`.
    """
    _refuse_ignored(model, signed, settings)  # 1
    found, uncovered = _enumerate(model, signed, settings)  # 2
    listed = _by_path(signed.resources)
    if settings.only:  # 3
        listed = _narrow(listed, settings.only)
        found = {path: file for path, file in found.items() if path in listed}
    actual = _digests(found, listed, signed, settings)  # 4
    expected = {path: _joined(resources) for path, resources in listed.items()}
    difference = manifest.compare(expected, actual)  # 5
    if difference:
        raise EvidenceError(f"weights: {difference}")
    return Coverage(
        checked=len(actual), listed=len(_by_path(signed.resources)), uncovered=uncovered
    )


def _refuse_ignored(model: Path, signed: SignedModel, settings: Checking) -> None:
    chosen = set(signed.ignored) - HARMLESS_IGNORED - set(settings.beside)
    if not chosen or settings.allow_ignored:
        return
    there = sorted(name for name in chosen if (model / name).exists())
    what = f"there now: {', '.join(there)}" if there else "none is there now"
    raise EvidenceError(
        f"weights: the signer chose to leave out {', '.join(sorted(chosen))} ({what}), and "
        "anything put there would pass. To accept that: --allow-ignored"
    )


def _enumerate(
    model: Path, signed: SignedModel, settings: Checking
) -> tuple[dict[str, Path], tuple[str, ...]]:
    paths = {resource.path for resource in signed.resources}
    skipped = [
        name
        for name in sorted({*DEFAULT_IGNORED, *signed.ignored, *settings.beside})
        if not any(path == name or path.startswith(name + "/") for path in paths)
    ]
    found = manifest.files(model, manifest.Settings(excluded=tuple(skipped)))
    if model.is_file():
        if paths == {SINGLE}:
            found = {SINGLE: model}
        return found, ()
    if not signed.links:
        links = sorted(path for path in found if (model / path).is_symlink())
        if links:
            raise EvidenceError(f"weights: the signer followed no links: {', '.join(links)}")
    own = set(settings.beside)
    return found, tuple(name for name in skipped if name not in own and (model / name).exists())


def _by_path(resources: tuple[Resource, ...]) -> dict[str, list[Resource]]:
    grouped: dict[str, list[Resource]] = defaultdict(list)
    for resource in resources:
        grouped[resource.path].append(resource)
    for group in grouped.values():
        group.sort(key=lambda resource: resource.start)
    return dict(grouped)


def _narrow(listed: dict[str, list[Resource]], only: tuple[str, ...]) -> dict[str, list[Resource]]:
    kept: dict[str, list[Resource]] = {}
    for wanted in only:
        name = wanted.rstrip("/")
        matching = {
            path: group
            for path, group in listed.items()
            if path == name or path.startswith(name + "/")
        }
        if not matching:
            raise EvidenceError(f"weights: the signature does not list {wanted}")
        kept |= matching
    return kept


def _digests(
    found: dict[str, Path],
    listed: dict[str, list[Resource]],
    signed: SignedModel,
    settings: Checking,
) -> dict[str, str]:
    parts: list[tuple[str, Part]] = []
    for path, file in found.items():
        size = file.stat().st_size
        if not signed.shard:
            parts.append((path, Part(file)))
        elif size or path in listed:  # §6.3.2: an empty file has no shards, so it is unlisted
            starts = range(0, size, signed.shard)
            parts += [(path, Part(file, at, min(at + signed.shard, size))) for at in starts]
    wanted = [part for _, part in parts]
    hashed = hashing.parts(wanted, signed.algorithm, settings.workers, settings.memory)
    grouped: dict[str, list[Resource]] = defaultdict(list)
    for (path, part), result in zip(parts, hashed, strict=True):
        grouped[path].append(Resource(path, result.digest, part.start, part.end))
    return {path: _joined(resources) for path, resources in grouped.items()}


def _joined(resources: list[Resource]) -> str:
    return " ".join(f"{each.start}-{each.end}:{each.digest}" for each in resources)
