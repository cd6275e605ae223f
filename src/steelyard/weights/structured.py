"""JSON and text out of hostile bytes: bounded, and with every duplicate key named."""

import json
from dataclasses import dataclass
from typing import Any

from steelyard.weights.source import Source

MOST_TEXT = 64 << 20
"""Bytes of one text. The largest tokenizers of 2026 stay under 40 MiB."""


@dataclass(frozen=True, slots=True)
class Json:
    """A parsed document."""

    value: Any
    duplicates: tuple[str, ...]
    """Keys that stand twice in one object: two parsers may take different ones."""


def parse(data: bytes | str) -> Json:
    """Parse strictly: UTF-8, one value, no NaN.

    Raises:
        ValueError: not JSON, or nested too deep to be read.
    """
    twice: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    twice.append(key)
                seen.add(key)
        return made

    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
        return Json(json.loads(text, object_pairs_hook=unique), tuple(sorted(set(twice))))
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def looks_like_text(source: Source) -> bool:
    """Whether the head is UTF-8 text: no control bytes but the usual ones."""
    head = source.head
    if not head:
        return False
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3 or source.size <= len(head):
            return False
        text = head[: error.start].decode("utf-8-sig")
    return not any(ord(letter) < ord(" ") and letter not in "\t\n\r\f\b\x1b" for letter in text)


def looks_like_json_object(source: Source) -> bool:
    """Whether the bytes begin like a JSON object and are text."""
    return source.head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" and looks_like_text(source)


def read_text(source: Source) -> str | None:
    """The whole text; None where it is longer than `MOST_TEXT`.

    Bytes that are not UTF-8 come back as U+FFFD: a search for secrets must not stop there.
    """
    if source.size > MOST_TEXT:
        return None
    return source.read(0, source.size).decode("utf-8-sig", "replace")


def read_object(source: Source) -> dict[str, Any] | None:
    """The JSON object that the source is; None where it isn't one, or is too long."""
    if source.size > MOST_TEXT:
        return None
    try:
        value = parse(source.read(0, source.size)).value
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
