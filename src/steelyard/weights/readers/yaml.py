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
PYTHON_TAG = re.compile(
    r"!!python/[\w/.:]+|tag:yaml\.org,2002:python/[\w/.:]*|!<tag:yaml\.org,2002:python[^>]*>"
)
TARGETS = re.compile(r"^[\s\"'-]*_target_[\"']?\s*:\s*[\"']?([\w.]+)", re.MULTILINE)
TRUSTED = re.compile(r"^[\s\"'-]*trust_remote_code[\"']?\s*[:=]\s*[Tt]rue\b", re.MULTILINE)
URLS = re.compile(
    r"^\s*(?:-e\s|--editable|--(?:extra-)?index-url|--find-links|-i\s|-f\s|--trusted-host|"
    r"(?:git|hg|svn|bzr)\+|https?://|file:|\.{1,2}/|/|[\w.\[\],-]+\s*@\s*\S+:).*",
    re.MULTILINE,
)
MOST_EACH = 20


class Yaml(Reader):
    """YAML by its tags and keys, or by name."""

    format = "yaml"
    rank = 1
    rules = (TAG, TARGET, TRUST)

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
        """`requirements*.txt`."""
        name = source.name.lower()
        return name.startswith("requirements") and name.endswith((".txt", ".in"))

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Lines that are not packages of the index."""
        words = read_text(source) or ""
        for match in _some(URLS, words):
            line = words.count("\n", 0, match.start()) + 1
            yield PACKAGE.at(context.place(detail=f"line {line}"), match[0].strip()[:300])


def _some(pattern: re.Pattern[str], words: str) -> Iterator[re.Match[str]]:
    for count, match in enumerate(pattern.finditer(words)):
        if count >= MOST_EACH:
            return
        yield match
