"""YAML and requirement lists: tags that build Python objects, calls, packages from URLs."""

import re
from collections.abc import Iterator

from steelyard.weights.reader import Context, Item, Reader
from steelyard.weights.readers.configuration_rules import TARGET, TRUST
from steelyard.weights.references import is_denied, is_known
from steelyard.weights.rules import Rule
from steelyard.weights.source import Source
from steelyard.weights.structured import looks_like_text, read_text

TAG = Rule(
    id="yaml/python-tag",
    title="YAML that builds Python objects",
    severity="critical",
    effect="denied",
    what="The document holds a `!!python/…` tag.",
    why="A loader that is not the safe one imports and calls what the tag names.",
    fix="Refuse the file.",
    references=("CVE-2020-14343", "CVE-2017-18342", "CWE-502"),
)
PACKAGE = Rule(
    id="requirements/url",
    title="Package from an address",
    severity="medium",
    effect="review",
    what="A list of requirements installs from a URL, a repository, a folder or another index.",
    why="Installing runs that package's code, and nothing pins what the address holds.",
    fix="Install from the usual index, pinned by hash.",
    references=("CWE-494", "CWE-829"),
)
FOREIGN = Rule(
    id="yaml/foreign-tag",
    title="YAML that builds objects of another language",
    severity="high",
    effect="denied",
    what="The document holds a tag that names a class of Java, Ruby, PHP or .NET.",
    why="An unsafe loader of that language builds the object, and runs what it does.",
    fix="Refuse the file.",
    references=("CVE-2022-1471", "CVE-2013-0156", "CWE-502"),
)
BOMB = Rule(
    id="yaml/expansion",
    title="YAML that stands for millions of values",
    severity="high",
    effect="review",
    what="Anchors that repeat each other stand for more than a million values.",
    why="A loader that follows them takes all memory.",
    fix="Refuse the file.",
    references=("CVE-2019-11253", "CWE-776"),
)
FOREIGN_TAG = re.compile(r"!!?(?:javax?|ruby|php|com|org|net|sun)[./:][\w./:$]+|!!System\.[\w.]+")
ANCHOR = re.compile(r"(?:^|[\s\[,:-])([&*])(\w[\w-]{0,60})")
MOST_VALUES = 1_000_000
PYTHON_TAG = re.compile(
    r"!!python/[\w/.:]+|tag:yaml\.org,2002:python/[\w/.:]*|!<tag:yaml\.org,2002:python[^>]*>"
)
TARGETS = re.compile(r"^[\s\"'-]*_target_[\"']?\s*:\s*[\"']?([\w.]+)", re.MULTILINE)
TRUSTED = re.compile(r"^[\s\"'-]*trust_remote_code[\"']?\s*[:=]\s*[Tt]rue\b", re.MULTILINE)
URLS = re.compile(
    r"^\s*(?:-e\s|--editable|(?:-r|-c|--requirement|--constraint)\s*\w+://|--(?:extra-)?index-url|--find-links|-i\s|-f\s|--trusted-host|"
    r"(?:git|hg|svn|bzr)\+|https?://|file:|\.{1,2}/|/|[\w.\[\],-]+\s*@\s*\S+:).*",
    re.MULTILINE,
)
FETCHED = re.compile(
    r"^[\s\"'\w=\[,-]*(?:(?:git|hg|svn)\+(?:https?|ssh|git)://|--(?:extra-)?index-url|"
    r"[\w.\[\]-]+\s@\s(?:git\+)?https?:)[^\n]*",
    re.MULTILINE,
)
"""In a list of packages that is YAML or TOML."""

MOST_EACH = 20


class Yaml(Reader):
    """YAML by its tags and keys, or by name."""

    format = "yaml"
    rank = 1
    rules = (TAG, FOREIGN, BOMB, PACKAGE, TARGET, TRUST)

    def sniff(self, source: Source) -> bool:
        """A Python tag, a `_target_`, a document start with keys, or the name."""
        if source.name.lower().endswith((".yaml", ".yml", ".hydra")):
            return looks_like_text(source)
        marks = (b"!!python/", b"\n_target_:", b"%TAG", b"tag:yaml.org,2002:python")
        plain = source.head.lstrip()[:1] not in (b"{", b"[", b"<", b"#", b'"')
        return plain and any(mark in source.head for mark in marks) and looks_like_text(source)

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Tags and targets, by line."""
        words = read_text(source) or ""
        for match in _some(PYTHON_TAG, words):
            line = words.count("\n", 0, match.start()) + 1
            yield TAG.at(context.place(detail=f"line {line}"), f"line {line}: {match[0][:200]}")
        for match in _some(FOREIGN_TAG, words):
            line = words.count("\n", 0, match.start()) + 1
            yield FOREIGN.at(context.place(detail=f"line {line}"), f"line {line}: {match[0][:200]}")
        values = _values(words)
        if values > MOST_VALUES:
            yield BOMB.at(context.place(), f"anchors stand for {values:.2g} values")
        for match in _some(FETCHED, words):
            line = words.count("\n", 0, match.start()) + 1
            yield PACKAGE.at(context.place(detail=f"line {line}"), match[0].strip()[:300])
        for name in sorted({match[1] for match in TARGETS.finditer(words)})[:MOST_EACH]:
            if is_denied(name):
                yield TARGET.at(context.place(detail=name), f"_target_ is {name!r}")
            elif not is_known(name):
                yield TARGET.at(
                    context.place(detail=name), f"_target_ is {name!r}, not of a known library",
                    severity="medium", confidence="possible",
                )  # fmt: skip
        if TRUSTED.search(words):
            yield TRUST.at(context.place(), "trust_remote_code is set to true")


class Requirements(Reader):
    """Lists of packages, by name: nothing in the text tells them apart."""

    format = "requirements"
    rank = 1
    rules = (PACKAGE,)

    def sniff(self, source: Source) -> bool:
        """`requirements*.txt`, or a project's own list."""
        name = source.name.lower()
        if name in {"pyproject.toml", "pipfile", "setup.cfg"}:
            return looks_like_text(source)
        return name.startswith("requirements") and name.endswith((".txt", ".in"))

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Lines that are not packages of the index."""
        words = read_text(source) or ""
        plain = source.name.lower().endswith((".txt", ".in"))
        for match in _some(URLS if plain else FETCHED, words):
            line = words.count("\n", 0, match.start()) + 1
            yield PACKAGE.at(context.place(detail=f"line {line}"), match[0].strip()[:300])


def _values(words: str) -> float:
    """How many values the largest anchor stands for, once the ones in it are followed."""
    weights: dict[str, float] = {}
    current, largest = "", 1.0
    for match in ANCHOR.finditer(words):
        if match[1] == "&":
            current = match[2]
            weights[current] = 1.0
        elif current:
            weights[current] = min(weights[current] + weights.get(match[2], 1.0), 1e30)
            largest = max(largest, weights[current])
    return largest


def _some(pattern: re.Pattern[str], words: str) -> Iterator[re.Match[str]]:
    for count, match in enumerate(pattern.finditer(words)):
        if count >= MOST_EACH:
            return
        yield match
