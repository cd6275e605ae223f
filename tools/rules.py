"""Writes `docs/rules/`: one page a rule, from the rule itself.

.venv/bin/python tools/rules.py            write the pages
.venv/bin/python tools/rules.py --check    exit 1 if a page is missing, old or left over
"""

import sys
from pathlib import Path

from steelyard.weights.inspect import catalogue
from steelyard.weights.rules import Rule

FOLDER = Path(__file__).parent.parent / "docs" / "rules"
EFFECTS = {
    "none": "does not change the file's verdict",
    "review": "makes the file's verdict *review* at least",
    "unreadable": "makes the file's verdict *unreadable* at least",
    "denied": "makes the file's verdict *denied*",
}


def pages() -> dict[Path, str]:
    """Path under the folder → text, for every rule and the index."""
    rules = catalogue().rules()
    made = {Path(f"{rule.id}.md"): page(rule) for rule in rules}
    lines = [
        "# Rules of `steelyard inspect`",
        "",
        "Generated from the rules by `tools/rules.py`.",
        "",
        "| rule | severity | what it finds |",
        "|---|---|---|",
        *(f"| [{rule.id}]({rule.id}.md) | {rule.severity} | {rule.title} |" for rule in rules),
    ]
    made[Path("index.md")] = "\n".join(lines) + "\n"
    return made


def page(rule: Rule) -> str:
    """One rule's page."""
    lines = [
        f"# {rule.id}: {rule.title}",
        "",
        f"Severity *{rule.severity}*; a finding {EFFECTS[rule.effect]}. Since {rule.since}.",
        "",
        "## What it finds",
        "",
        rule.what,
        "",
        "## Why it matters",
        "",
        rule.why,
        "",
        "## What to do",
        "",
        rule.fix,
        "",
    ]
    if rule.references:
        lines += ["## References", "", *(f"- {item}" for item in rule.references), ""]
    return "\n".join(lines)


def stale(folder: Path) -> list[str]:
    """Pages that are missing, old or left over."""
    wanted = pages()
    there = {path.relative_to(folder) for path in folder.rglob("*.md")}
    old = [
        path
        for path, text in wanted.items()
        if path not in there or (folder / path).read_text("utf-8") != text
    ]
    return sorted(str(path) for path in {*old, *(there - set(wanted))})


def main() -> int:
    """Write, or check."""
    if "--check" in sys.argv[1:]:
        found = stale(FOLDER)
        print("\n".join(found) or "docs/rules is current")
        return 1 if found else 0
    for path in stale(FOLDER) if FOLDER.exists() else ():
        (FOLDER / path).unlink(missing_ok=True)
    for path, text in pages().items():
        (FOLDER / path).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / path).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
