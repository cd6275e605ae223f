"""Where a policy comes from: shipped with the package, or a TOML file."""

import hashlib
import math
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from steelyard.errors import InputError
from steelyard.evidence.encoding import canonical
from steelyard.policy.policy import Gate, Policy, Waiver

SCHEMA = "steelyard.policy/1"


def shipped() -> tuple[str, ...]:
    """Names of the policies that come with the package."""
    folder = files("steelyard.policy") / "shipped"
    return tuple(sorted(item.name.removesuffix(".toml") for item in folder.iterdir()))


def load(reference: str) -> Policy:
    """The policy that is shipped under that name, or in that TOML file.

    Raises:
        InputError: no such policy, not TOML, or a key that is unknown, missing or of the
            wrong type (named, with the nearest known one).
    """
    if reference in shipped():
        text = (files("steelyard.policy") / "shipped" / f"{reference}.toml").read_text("utf-8")
        return read(text, reference)
    path = Path(reference)
    if not path.is_file():
        near = _near(reference, shipped())
        raise InputError(f"no policy {reference!r}: not a file, and not {_listed(shipped())}{near}")
    try:
        return read(path.read_text("utf-8"), reference)
    except UnicodeDecodeError as error:
        raise InputError(f"{reference}: not UTF-8 text, so not TOML") from error


def read(text: str, name: str) -> Policy:
    """The policy in a TOML text; `name` is for messages.

    Raises:
        InputError: see `load`.
    """
    try:
        plain = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers too long, brackets too deep
        raise InputError(f"{name}: not TOML: {error}") from error
    _known_keys(plain, Policy, name)
    for key, kind in (("gate", Gate), ("waiver", Waiver)):
        items = plain.get(key, [])
        if not isinstance(items, list):
            raise InputError(f"{name}: write [[{key}]], in double brackets, for each {key}")
        for index, item in enumerate(items, 1):
            _known_keys(item, kind, f"{name}, {key} {index}")
    try:
        policy = msgspec.convert(plain, Policy)
    except msgspec.ValidationError as error:
        raise InputError(f"{name}: {error}") from error
    if not 0 < policy.alpha < 1:
        raise InputError(f"{name}: alpha {policy.alpha:g}: choose above 0, at most 0.5")
    for gate in policy.gates:
        if not math.isfinite(gate.threshold):
            raise InputError(f"{name}: {gate.metric}: threshold {gate.threshold} is no number")
    return policy


def digest(policy: Policy) -> str:
    """SHA-256 of the policy's canonical JSON, hexadecimal: one for equal policies."""
    return hashlib.sha256(canonical(policy)).hexdigest()


def _known_keys(plain: Mapping[str, Any], kind: type[msgspec.Struct], where: str) -> None:
    if not isinstance(plain, Mapping):
        raise InputError(f"{where}: must be a table")
    known = [field.encode_name for field in msgspec.structs.fields(kind)]
    for key in plain:
        if key not in known:
            near = _near(key, known)
            raise InputError(f"{where}: unknown key {key!r}{near} (known: {_listed(known)})")


def _near(word: str, known: tuple[str, ...] | list[str]) -> str:
    found = get_close_matches(word, known, n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _listed(words: tuple[str, ...] | list[str]) -> str:
    return ", ".join(words)
