"""Configuration, chat template and tokenizer: what changed, in words."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from steelyard.evidence.predicates.comparison import TextChange
from steelyard.weights.rules import printable

MOST_BYTES = 64 << 20
"""Of a text file that is read for comparing; a tokenizer of 256,000 entries has 33 MiB."""

MOST_LINES = 12
"""Changes listed of one file; the rest are counted."""

NOTABLE = (
    "auto_map",
    "trust_remote_code",
    "chat_template",
    "eos_token",
    "bos_token",
    "rope",
    "quantization_config",
    "num_experts_per_tok",
    "suppress_tokens",
    "bad_words",
    "temperature",
    "top_p",
    "top_k",
    "max_position_embeddings",
    "sliding_window",
    "tie_word_embeddings",
    "added_tokens",
    "normalizer",
    "pre_tokenizer",
)
"""Keys, or parts of keys, whose change alters behaviour without touching a weight."""


def compare(before: Mapping[str, Path], after: Mapping[str, Path]) -> Iterator[TextChange]:
    """Changes of every text file that both models hold, by path."""
    for path in sorted(before.keys() & after.keys()):
        name = path.rpartition("/")[2]
        if not name.endswith((".json", ".jinja", ".txt", ".md", ".py", ".model.json")):
            continue
        old, new = _read(before[path]), _read(after[path])
        if old is None or new is None or old == new:
            continue
        if name.endswith(".json"):
            yield from _json(path, old, new)
        else:
            notable = name.endswith((".jinja", ".py"))
            yield TextChange(path=path, words=_lines(old, new), notable=notable)


def _read(path: Path) -> str | None:
    if path.stat().st_size > MOST_BYTES:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def _json(path: str, old: str, new: str) -> Iterator[TextChange]:
    try:
        before, after = dict(_flat(json.loads(old))), dict(_flat(json.loads(new)))
    except (ValueError, RecursionError):
        yield TextChange(path=path, words=_lines(old, new), notable=True)
        return
    changes = [*_keys(before, after)]
    vocabulary = [key for key, _ in changes if _is_vocabulary(key)]
    if vocabulary:
        words = f"{len(vocabulary)} vocabulary entries or merges added, removed or renumbered"
        yield TextChange(path=path, words=words, notable=True)
    plain = [(key, words) for key, words in changes if not _is_vocabulary(key)]
    for key, words in plain[:MOST_LINES]:
        yield TextChange(path=path, words=words, notable=any(part in key for part in NOTABLE))
    if len(plain) > MOST_LINES:
        rest = plain[MOST_LINES:]
        notable = any(part in key for key, _ in rest for part in NOTABLE)
        yield TextChange(path=path, words=f"and {len(rest)} more keys", notable=notable)


def _keys(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key in sorted(before.keys() | after.keys()):
        if key not in after:
            yield key, f"{printable(key, 80)}: removed (was {_shown(before[key])})"
        elif key not in before:
            yield key, f"{printable(key, 80)}: added, {_shown(after[key])}"
        elif before[key] != after[key]:
            if "template" in key and isinstance(before[key], str) and isinstance(after[key], str):
                yield key, f"{printable(key, 80)}: {_lines(before[key], after[key])}"
            else:
                was, now = _shown(before[key]), _shown(after[key])
                yield key, f"{printable(key, 80)}: {was} became {now}"


def _is_vocabulary(key: str) -> bool:
    return key.startswith(("model.vocab.", "model.merges."))


def _flat(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves of a JSON document by dotted path."""
    match value:
        case dict() if value:
            for key, item in value.items():
                yield from _flat(item, f"{at}.{key}" if at else str(key))
        case list() if value:
            for index, item in enumerate(value):
                yield from _flat(item, f"{at}.{index}")
        case _:
            yield at, value


def _shown(value: Any) -> str:
    return printable(json.dumps(value, ensure_ascii=False), 80)


def _lines(old: str, new: str) -> str:
    """Lines added and removed, counted, with the first of each.

    As bags of lines: an alignment (`difflib`) takes time that grows with the square of their
    number, and a vocabulary has a quarter of a million.
    """
    before, after = Counter(old.splitlines()), Counter(new.splitlines())
    added, removed = after - before, before - after
    if not added and not removed:
        return "the same lines, in another order or with other line ends"
    parts = [f"{added.total()} lines added, {removed.total()} removed"]
    parts += [f"now has {printable(next(iter(added)).strip(), 100)!r}"] if added else []
    parts += [f"no longer has {printable(next(iter(removed)).strip(), 100)!r}"] if removed else []
    return "; ".join(parts)
