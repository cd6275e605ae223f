"""Getting bytes over HTTP with the standard library: proxies, private CAs, resumption.

Only what model hosts need. Proxies come from HTTPS_PROXY and NO_PROXY, certificates from
the system, SSL_CERT_FILE and SSL_CERT_DIR (all of which `ssl` and `urllib` read), and from
PIP_CERT or REQUESTS_CA_BUNDLE, which they do not.
"""

import errno
import hashlib
import http.client
import os
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from steelyard import __version__
from steelyard.errors import InputError, UnavailableError
from steelyard.subjects.settings import FetchSettings, Progress

CHUNK = 1 << 20
PATIENCE = 30.0
"""Seconds without a byte before a connection counts as dead."""

ATTEMPTS = 4
LARGEST_PAGE = 64 << 20
"""Bytes of an index or API answer that are read at most."""

_PARTIAL, _UNSATISFIABLE = 206, 416
_TRY_AGAIN = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answer:
    """What an HTTP server said, whatever the status."""

    status: int
    url: str
    """After redirects."""

    type: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One file to download and what it must turn out to be."""

    url: str
    what: str
    """For messages: never the URL, which may be signed."""

    headers: Mapping[str, str] = field(default_factory=dict)
    sha256: str = ""
    """Empty: not known beforehand."""

    size: int = 0
    """Bytes; 0: not known beforehand."""


class _KeepSecrets(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but carries no credentials to another host.

    urllib copies every header, so that a hub's token would reach the storage it redirects to.
    """

    def redirect_request(  # noqa: PLR0913, PLR0917 (urllib's signature)
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        before, after = urlsplit(req.full_url).scheme, urlsplit(newurl).scheme
        if after not in ("http", "https") or (before, after) == ("https", "http"):
            raise UnavailableError(
                f"{host(req.full_url)} leads to {after}://{host(newurl)}, which is not followed"
            )
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is not None and _origin(newurl) != _origin(req.full_url):
            following.remove_header("Authorization")
        return following


def get(url: str, headers: Mapping[str, str]) -> Answer:
    """One page, at most `LARGEST_PAGE` bytes of it.

    Raises:
        UnavailableError: no answer after `ATTEMPTS`, or one that is too large.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            answer = _get(url, headers)
        except (OSError, http.client.HTTPException) as error:
            if attempt == ATTEMPTS or _is_certain(error):
                raise UnavailableError(f"{host(url)} cannot be reached: {_why(error)}") from error
        else:
            if answer.status not in _TRY_AGAIN or attempt == ATTEMPTS:
                return answer
        time.sleep(0.25 * 4 ** (attempt - 1))
    raise AssertionError("unreachable: the last attempt returns or raises")


def download(parcel: Parcel, to: Path, settings: FetchSettings) -> str:
    """Stream a file to `to`, which appears complete and verified or not at all.

    Bytes collect in `<to>.part`, which a later call continues; a part that turns out wrong
    is thrown away and fetched once more from the start.

    Returns:
        SHA-256 of the file, lower-case hexadecimal.

    Raises:
        UnavailableError: no answer after `ATTEMPTS`, a refusal, too little space, or bytes
            that are not the promised ones.
    """
    part = to.with_name(to.name + ".part")
    to.parent.mkdir(parents=True, exist_ok=True)
    _refuse_too_large(parcel, part)
    digest = ""
    for from_the_start in (False, True):
        if from_the_start:
            part.unlink(missing_ok=True)
        _collect(parcel, part, settings)
        with part.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        size_is_right = parcel.size in (0, part.stat().st_size)
        if size_is_right and parcel.sha256 in ("", digest):
            part.replace(to)
            return digest
    part.unlink()
    raise UnavailableError(
        f"{parcel.what} is not the promised file: SHA-256 {digest}, expected "
        f"{parcel.sha256 or f'{parcel.size} bytes'}. Nothing was kept"
    )


def host(url: str) -> str:
    """Host and port of `url`, for messages: no path, no credentials."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _get(url: str, headers: Mapping[str, str]) -> Answer:
    try:
        with _open(url, headers) as response:
            body = response.read(LARGEST_PAGE + 1)
            kind = response.headers.get_content_type()
            status, final = response.status, response.url
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.url, "", error.read(4096))
    if len(body) > LARGEST_PAGE:
        raise UnavailableError(f"{host(url)} sent an answer of more than {LARGEST_PAGE} bytes")
    return Answer(status, final, kind, body)


def _collect(parcel: Parcel, part: Path, settings: FetchSettings) -> None:
    """Bring `part` to its full length, continuing where a connection broke."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _continue(parcel, part, settings)
        except urllib.error.HTTPError as error:
            with error:
                if error.code == _UNSATISFIABLE:
                    return  # the part is complete, or too long: the digest will tell
                if error.code not in _TRY_AGAIN or attempt == ATTEMPTS:
                    raise UnavailableError(
                        f"{host(parcel.url)} answers {error.code} for {parcel.what}"
                    ) from error
        except (OSError, http.client.HTTPException) as error:
            if attempt == ATTEMPTS or _is_certain(error):
                raise UnavailableError(
                    f"{parcel.what} could not be fetched from {host(parcel.url)}: {_why(error)}"
                ) from error
        else:
            return
        time.sleep(0.25 * 4 ** (attempt - 1))


def _continue(parcel: Parcel, part: Path, settings: FetchSettings) -> None:
    have = part.stat().st_size if part.exists() else 0
    headers = {**parcel.headers, "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with _open(parcel.url, headers) as response:
        if response.status != _PARTIAL:
            have = 0
        total = have + (response.length or 0)
        last = 0.0
        with part.open("ab" if have else "wb") as sink:
            while block := response.read(CHUNK):
                sink.write(block)
                have += len(block)
                if 0 < parcel.size < have:
                    raise UnavailableError(
                        f"{parcel.what} is longer than the {parcel.size} bytes promised"
                    )
                if time.monotonic() - last > 0.1 or have == total:  # noqa: PLR2004 (ten a second)
                    last = time.monotonic()
                    settings.watch(Progress(parcel.what, have, total))
        if have < total:
            raise ConnectionError(f"connection closed after {have} of {total} bytes")


def _open(url: str, headers: Mapping[str, str]) -> http.client.HTTPResponse:
    if urlsplit(url).scheme not in ("http", "https"):
        raise InputError(f"not an HTTP address: {url!r}")
    opener = urllib.request.build_opener(
        _KeepSecrets(), urllib.request.HTTPSHandler(context=_context())
    )
    request = urllib.request.Request(  # noqa: S310 (the scheme is checked above)
        url, headers={"User-Agent": f"steelyard/{__version__}", **headers}
    )
    response: http.client.HTTPResponse = opener.open(request, timeout=PATIENCE)
    return response


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    for variable in ("PIP_CERT", "REQUESTS_CA_BUNDLE"):
        if bundle := os.environ.get(variable):
            try:
                context.load_verify_locations(bundle)
            except OSError as error:
                raise InputError(f"{variable} names no certificates: {bundle}") from error
    return context


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port


def _is_certain(error: Exception) -> bool:
    """Whether trying again would only cost time."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    full = isinstance(reason, OSError) and reason.errno in (errno.ENOSPC, errno.EDQUOT)
    return full or isinstance(reason, ssl.SSLCertVerificationError)


def _why(error: Exception) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"{reason.verify_message}. Behind a private CA, name its bundle in SSL_CERT_FILE"
    return str(reason) or type(reason).__name__


def _refuse_too_large(parcel: Parcel, part: Path) -> None:
    have = part.stat().st_size if part.exists() else 0
    free = shutil.disk_usage(part.parent).free
    if parcel.size - have > free:
        raise UnavailableError(
            f"{parcel.what} needs {parcel.size - have} more bytes, and {part.parent} has {free}. "
            "Free some, or name another folder in XDG_CACHE_HOME"
        )
