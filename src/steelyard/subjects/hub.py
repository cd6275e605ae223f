"""Repositories on a hub that speaks Hugging Face's API, without its library.

Two requests matter: the listing of a revision, which names the commit and every file with
its digest, and `/resolve/<commit>/<file>`. Source: huggingface.co/docs/hub/api and
huggingface_hub's `HfApi.model_info`, `hf_hub_url`. The library itself would bring 30 MB for
these two, and its cache keeps files that nobody verifies again.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path, PurePosixPath
from urllib.parse import quote

import msgspec

from steelyard.errors import InputError, OfflineError, UnavailableError
from steelyard.evidence.encoding import canonical
from steelyard.subjects import web
from steelyard.subjects.cache import Slot, slot
from steelyard.subjects.local import Local
from steelyard.subjects.reference import Hub
from steelyard.subjects.settings import FetchSettings

DEFAULT_ENDPOINT = "https://huggingface.co"
_REFUSED, _NOT_FOUND = (401, 403), 404


class _Lfs(msgspec.Struct):
    sha256: str
    size: int


class _Sibling(msgspec.Struct, rename={"path": "rfilename", "blob": "blobId"}):
    path: str
    size: int = 0
    blob: str = ""
    """Git's name of the content: SHA-1 over `blob <size>\\0` and the bytes."""

    lfs: _Lfs | None = None


class _Model(msgspec.Struct):
    sha: str
    siblings: list[_Sibling] = []


def fetch(reference: Hub, settings: FetchSettings) -> Local:
    """Every file of the revision (or the one named), at the commit that it means now.

    Raises:
        InputError: no such repository, revision or file, or the hub wants a token.
        OfflineError: not in the cache, and the network is forbidden.
        UnavailableError: the hub is down, or sends bytes that are not those it lists.
        EvidenceError: the cached copy was changed.
    """
    asked = os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON")
    offline = settings.offline or asked
    remembered = _alias(reference, settings)
    if offline:
        return _cached(reference, settings, remembered)
    model = _listing(reference)
    place = _place(reference, model.sha, settings)
    if place.verified() is None:
        with place.held():
            if place.verified() is None:
                _collect(reference, model, place, settings)
    remembered.write_bytes(canonical({"commit": model.sha}))
    return _local(reference, model.sha, place)


def endpoint() -> str:
    """`HF_ENDPOINT`, or the public hub."""
    return (os.environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT).rstrip("/")


def _cached(reference: Hub, settings: FetchSettings, remembered: Path) -> Local:
    commit = reference.revision
    with suppress(OSError, msgspec.DecodeError, KeyError):  # no note, or half of one
        commit = msgspec.json.decode(remembered.read_bytes(), type=dict[str, str])["commit"]
    place = _place(reference, commit, settings)
    if place.verified() is None:
        raise OfflineError(
            f"{reference} is not in the cache ({place.folder.parent}), and offline mode forbids "
            "fetching it. Run once without --offline"
        )
    return _local(reference, commit, place)


def _local(reference: Hub, commit: str, place: Slot) -> Local:
    exact = Hub(repository=reference.repository, revision=commit, file=reference.file)
    path = place.folder / reference.file if reference.file else place.folder
    return Local(path, reference.repository, str(exact))


def _place(reference: Hub, commit: str, settings: FetchSettings) -> Slot:
    where = web.host(endpoint())
    return slot(settings.cache, "hf", where, reference.repository, commit, reference.file)


def _alias(reference: Hub, settings: FetchSettings) -> Path:
    """Where it is remembered which commit a branch meant when last asked."""
    folder = slot(settings.cache, "hf-ref", web.host(endpoint()), str(reference)).folder
    return folder.with_name(folder.name + ".ref")


def _listing(reference: Hub) -> _Model:
    revision = quote(reference.revision, safe="")
    url = f"{endpoint()}/api/models/{reference.repository}/revision/{revision}?blobs=true"
    answer = web.get(url, _authorization())
    where = f"{reference.repository}@{reference.revision} on {web.host(url)}"
    if answer.status in _REFUSED:
        # The public hub answers 401 for what does not exist too, so as not to tell.
        hint = (
            "the token in HF_TOKEN has no access" if os.environ.get("HF_TOKEN") else "set HF_TOKEN"
        )
        raise InputError(f"{where} does not exist or is not open: {hint}")
    if answer.status == _NOT_FOUND:
        raise InputError(f"there is no {where}")
    if answer.status >= 400:  # noqa: PLR2004 (every other refusal)
        raise UnavailableError(f"hub {web.host(url)} answers {answer.status} for {where}")
    try:
        return msgspec.json.decode(answer.body, type=_Model)
    except msgspec.DecodeError as error:
        raise UnavailableError(f"cannot read what {web.host(url)} lists: {error}") from error


def _collect(reference: Hub, model: _Model, place: Slot, settings: FetchSettings) -> None:
    wanted = [file for file in model.siblings if reference.file in ("", file.path)]
    if not wanted:
        ggufs = [file.path for file in model.siblings if file.path.endswith(".gguf")]
        raise InputError(
            f"no file {reference.file!r} in {reference.repository} "
            f"(GGUF files there: {', '.join(ggufs) or 'none'})"
        )
    for file in wanted:
        path = PurePosixPath(file.path)
        if path.is_absolute() or ".." in path.parts or "\\" in file.path or not path.name:
            raise UnavailableError(f"the hub lists {file.path!r}, which climbs out of the folder")
        target = place.folder / path
        if target.exists() and _git_blob(target) == file.blob:
            continue
        parcel = web.Parcel(
            url=f"{endpoint()}/{reference.repository}/resolve/{model.sha}/{quote(file.path)}",
            what=f"{reference.repository}/{file.path}",
            headers=_authorization(),
            sha256=file.lfs.sha256 if file.lfs else "",
            size=file.lfs.size if file.lfs else file.size,
        )
        web.download(parcel, target, settings)
        if not file.lfs and file.blob and _git_blob(target) != file.blob:
            target.unlink()
            raise UnavailableError(f"{parcel.what} is not the file that the hub lists. Not kept")
    place.seal()


def _git_blob(path: Path) -> str:
    """From: git-scm.com, "Git Internals - Git Objects"."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(web.CHUNK):
            digest.update(block)
    return digest.hexdigest()


def _authorization() -> dict[str, str]:
    token = os.environ.get("HF_TOKEN", "").strip()
    return {"Authorization": f"Bearer {token}"} if token else {}
