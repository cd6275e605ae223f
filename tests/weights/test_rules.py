"""Every rule is documented, and the pages are the rules'."""

import re
import subprocess
import sys
from pathlib import Path

from steelyard.evidence.value import Place
from steelyard.weights.inspect import catalogue
from steelyard.weights.rules import LONGEST_MESSAGE, printable

ROOT = Path(__file__).parents[2]


def test_the_pages_are_current() -> None:
    tool = ROOT / "tools" / "rules.py"
    done = subprocess.run(
        [sys.executable, tool, "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"run tools/rules.py: {done.stdout}{done.stderr}"


def test_every_rule_says_what_why_and_what_to_do() -> None:
    for rule in catalogue().rules():
        assert re.fullmatch(r"[a-z0-9-]+/[a-z0-9-]+", rule.id)
        assert all(text.strip().endswith(".") for text in (rule.what, rule.why, rule.fix)), rule.id


def test_a_message_cannot_drive_a_terminal_or_fill_a_page() -> None:
    assert printable("a\x1b[31mb\u202ec\ud800") == "a\\u{1b}[31mb\\u{202e}c\\u{d800}"
    rule = catalogue().rules()[0]
    assert len(rule.at(Place(path="a"), "x" * 10_000).message) == LONGEST_MESSAGE + 1
