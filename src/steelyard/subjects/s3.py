"""Objects in an S3-compatible store, through boto3 (the extra `s3`).

boto3 finds the account, region and endpoint itself: AWS_ACCESS_KEY_ID, AWS_PROFILE,
AWS_ENDPOINT_URL, an instance's role. A store gives no SHA-256 unless the uploader asked for
one, so what arrives is named by the digest that we compute, and the notes say so.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

from steelyard.errors import InputError, OfflineError, UnavailableError
from steelyard.subjects.cache import Slot, slot
from steelyard.subjects.local import Local
from steelyard.subjects.reference import S3
from steelyard.subjects.settings import FetchSettings, Progress

_NOTE = "The store vouches for no digest: the manifest names the bytes that were received"


@dataclass(frozen=True, slots=True)
class _Object:
    key: str
    etag: str
    size: int


def fetch(reference: S3, settings: FetchSettings) -> Local:
    """One object, or every object under a prefix, at the versions that are there now.

    Raises:
        InputError: boto3 is not installed, or nothing is under that key.
        OfflineError: `settings` forbid the network (what a bucket holds now must be asked).
        UnavailableError: the store is down, refuses, or an object changed meanwhile.
        EvidenceError: the cached copy was changed.
    """
    if settings.offline:
        raise OfflineError(f"what {reference} holds must be asked, and --offline forbids it")
    try:
        client = import_module("boto3").client("s3")
        failures = import_module("botocore.exceptions")
    except ModuleNotFoundError as error:
        raise InputError(f"{reference} needs boto3: pip install 'steelyard[s3]'") from error
    try:
        return _fetch(client, reference, settings)
    except (failures.BotoCoreError, failures.ClientError) as error:
        raise UnavailableError(f"{reference} cannot be fetched: {error}") from error


def _fetch(client: Any, reference: S3, settings: FetchSettings) -> Local:
    found = list(_objects(client, reference))
    if not found:
        raise InputError(f"nothing at {reference}")
    versions = (f"{item.key}\n{item.etag}" for item in found)
    place = slot(settings.cache, "s3", reference.bucket, reference.key, *versions)
    if place.verified() is None:
        with place.held():
            if place.verified() is None:
                _collect(client, reference, place, (found, settings))
    alone = len(found) == 1 and found[0].key == reference.key
    path = place.folder / _inside(reference, found[0].key) if alone else place.folder
    name = PurePosixPath(reference.key).name or reference.bucket
    return Local(path, name, str(reference), (_NOTE,))


def _objects(client: Any, reference: S3) -> Iterable[_Object]:
    """The object of that key alone, or else those under it as a folder."""
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=reference.bucket, Prefix=reference.key
    )
    found = [
        _Object(item["Key"], item["ETag"], item["Size"])
        for page in pages
        for item in page.get("Contents", ())
        if not item["Key"].endswith("/")
    ]
    exact = [item for item in found if item.key == reference.key]
    folder = reference.key.rstrip("/") + "/" if reference.key else ""
    return exact or [item for item in found if item.key.startswith(folder)]


def _collect(
    client: Any, reference: S3, place: Slot, what: tuple[list[_Object], FetchSettings]
) -> None:
    found, settings = what
    for item in found:
        target = place.folder / _inside(reference, item.key)
        if target.exists() and target.stat().st_size == item.size:
            continue  # left by an interrupted fetch of these same versions
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        answer = client.get_object(Bucket=reference.bucket, Key=item.key, IfMatch=item.etag)
        done = 0
        with part.open("wb") as sink:
            for block in answer["Body"].iter_chunks(1 << 20):
                sink.write(block)
                done += len(block)
                settings.watch(Progress(item.key, done, item.size))
        if done != item.size:
            part.unlink()
            raise UnavailableError(f"{item.key} has {done} bytes, and the store lists {item.size}")
        part.replace(target)
    place.seal()


def _inside(reference: S3, key: str) -> Path:
    """Where a key's object goes in the folder.

    Raises:
        UnavailableError: the key climbs out of it.
    """
    if key == reference.key:
        relative = PurePosixPath(PurePosixPath(key).name)
    else:
        relative = PurePosixPath(key.removeprefix(reference.key.rstrip("/")).lstrip("/"))
    if ".." in relative.parts or relative.is_absolute():
        raise UnavailableError(f"the bucket holds {key!r}, which climbs out of the folder")
    return Path(relative)
