"""The few facts of a GGUF header that decide how to ask the model. Executes nothing.

Source: github.com/ggml-org/ggml, docs/gguf.md (versions 2 and 3, little endian). The full
reader, which says what is wrong with a file, is in `steelyard.weights`.
"""

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

from steelyard.errors import UnavailableError

MAGIC = b"GGUF"
STRING, ARRAY = 8, 9
WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Value type → bytes, for types of fixed width."""

INTEGERS = {0: "<B", 2: "<H", 4: "<I", 5: "<i", 10: "<Q"}
MOST_KEYS = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a GGUF file says of itself."""

    architecture: str
    name: str
    context: int
    """Tokens the model was trained to take; 0 when not said."""

    has_chat_template: bool


def read(path: Path) -> Facts:
    """Read the header's keys.

    Raises:
        UnavailableError: not GGUF, or it ends within its header.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if data[:4] != MAGIC:
                raise UnavailableError(f"{path} is not a GGUF file")
            keys = _keys(data)
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise UnavailableError(
            f"{path} is damaged: its GGUF header can't be read to the end (truncated download?)"
        ) from error
    architecture = str(keys.get("general.architecture", ""))
    context = keys.get(f"{architecture}.context_length", 0)
    return Facts(
        architecture=architecture,
        name=str(keys.get("general.name", "")),
        context=context if isinstance(context, int) else 0,
        has_chat_template=bool(keys.get("tokenizer.chat_template")),
    )


def _keys(data: mmap.mmap) -> dict[str, str | int]:
    _, _, count = struct.unpack_from("<IQQ", data, 4)
    if count > MOST_KEYS:
        raise ValueError(count)
    at, found = 24, dict[str, str | int]()
    for _ in range(count):
        name, at = _string(data, at)
        (kind,) = struct.unpack_from("<I", data, at)
        at += 4
        if kind == STRING:
            found[name], at = _string(data, at)
        elif kind == ARRAY:
            at = _after_array(data, at)
        else:
            if kind in INTEGERS:
                (found[name],) = struct.unpack_from(INTEGERS[kind], data, at)
            at += WIDTHS[kind]
    return found


def _string(data: mmap.mmap, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<Q", data, at)
    end = at + 8 + length
    if end > len(data):
        raise ValueError(length)
    return data[at + 8 : end].decode("utf-8", "replace"), end


def _after_array(data: mmap.mmap, at: int) -> int:
    kind, count = struct.unpack_from("<IQ", data, at)
    at += 12
    if kind != STRING:
        return int(at + WIDTHS[kind] * count)
    for _ in range(count):
        (length,) = struct.unpack_from("<Q", data, at)
        at += 8 + length
    return int(at)
