"""What the documentation promises is there, and what is there is documented."""

import argparse
import importlib
import re
import shlex
from itertools import takewhile
from pathlib import Path

import pytest

from steelyard import plugins
from steelyard.cli.main import VERBS

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"^(?: {4}|\$ )(steelyard [^\n]+)$|`(steelyard [^`\n]+)`", re.MULTILINE)
SHELL = {">", "|", "&&", "||", ";", "&"}
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")


def commands() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        for match in COMMAND.finditer(page.read_text(encoding="utf-8")):
            in_a_table = match[2] if page.name == "README.md" else None  # elsewhere: a mention
            if line := match[1] or in_a_table:
                found.append((page.name, line))
    return found


@pytest.mark.parametrize(("page", "line"), commands(), ids=lambda part: part[:60])
def test_a_documented_command_is_one_that_the_parser_takes(page: str, line: str) -> None:
    own = takewhile(lambda word: word not in SHELL, shlex.split(line, comments=True))
    verb, *words = list(own)[1:]
    assert verb in VERBS, f"{page}: no verb {verb}"
    parser = argparse.ArgumentParser(allow_abbrev=False, exit_on_error=False)
    importlib.import_module(f"steelyard.cli.{verb}").configure(parser)
    if words or verb == "audit":
        parser.parse_args(words)


def test_there_are_commands_to_try() -> None:
    assert len(commands()) >= 25


@pytest.mark.parametrize("verb", VERBS)
def test_the_readme_shows_every_verb(verb: str) -> None:
    assert f"`steelyard {verb}" in README


@pytest.mark.parametrize("name", plugins.names("probes"))
def test_every_probe_has_a_place_in_the_documentation(name: str) -> None:
    written = (ROOT / "docs" / "probes.md").read_text(encoding="utf-8")
    assert f"### `{name}`" in written, "run tools/probe_page.py"


@pytest.mark.parametrize("name", plugins.names("formats"))
def test_every_format_has_a_row(name: str) -> None:
    assert f"| `{name}` |" in (ROOT / "docs" / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_documentation_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
