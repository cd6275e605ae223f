"""The metadata at the top of a model card: what the publisher says the model is.

Nothing in it is believed. Of YAML's many forms, only those that cards use are read (plain and
quoted scalars, lists in either style); anything else is left out rather than guessed.

Source: Hugging Face, "Model Cards", model card metadata.
"""

import re

FACTS = {
    "license": "licence",
    "license_name": "licence-name",
    "base_model": "base-model",
    "datasets": "dataset",
    "pipeline_tag": "task",
    "library_name": "library",
}
"""Key in the card → name of the fact."""

KEY = re.compile(r"([A-Za-z_]{1,40}):(?:\s+(.*))?")
PLAIN = re.compile(r"[\w][\w.:/+ @-]{0,180}")
OPENING = re.compile(rf"^(?:{'|'.join(FACTS)})\s*:", re.MULTILINE)


def opens(text: str) -> bool:
    """Whether `text` begins with a `---` line and has one of the keys of `FACTS`."""
    return text.lstrip("\ufeff \r\n").startswith("---") and OPENING.search(text) is not None


def metadata(text: str) -> dict[str, list[str]]:
    """The keys of `FACTS` in a card's front matter, with their values."""
    found: dict[str, list[str]] = {}
    key = ""
    for line in text.lstrip("\ufeff \r\n").splitlines()[1:]:
        if line.rstrip() in ("---", "..."):
            return found
        item = re.fullmatch(r"\s*-\s+(.*)", line)
        if item is not None and key:
            found.setdefault(key, []).extend(_scalar(item[1]))
            continue
        match = KEY.fullmatch(line.rstrip())
        if match is not None:
            key = match[1] if match[1] in FACTS else ""
            value = match[2] or ""
            if key and value:
                found[key] = _values(value)
    return {}  # never closed: not front matter


def _values(text: str) -> list[str]:
    inside = re.fullmatch(r"\[(.*)\]", text.strip())
    parts = inside[1].split(",") if inside else [text]
    return [value for part in parts for value in _scalar(part)]


def _scalar(text: str) -> list[str]:
    word = re.sub(r"\s+#.*$", "", text).strip()
    quoted = re.fullmatch(r"'([^'\\]*)'|\"([^\"\\]*)\"", word)
    if quoted is not None:
        word = quoted[1] or quoted[2] or ""
    return [word] if PLAIN.fullmatch(word) else []
