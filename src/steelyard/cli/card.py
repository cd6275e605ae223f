"""Turn evidence into a model-card section, or into another format.

  steelyard card evidence.json                       Markdown with model-index metadata
  steelyard card evidence.json --out README.md       refuses to overwrite what is there
  steelyard card evidence.json --format html         the report again

The signature is not checked here: `steelyard verify` does that, and a picture proves nothing.
"""

import argparse
import sys
from pathlib import Path

from steelyard import plugins
from steelyard.cli import outputs
from steelyard.errors import EvidenceError, InputError
from steelyard.evidence import envelope
from steelyard.evidence.statement import Statement, read


def configure(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("evidence", type=Path, help="evidence.json, or the statement in it")
    parser.add_argument("--out", type=outputs.place, help="write here instead of to the terminal")
    parser.add_argument("--force", action="store_true", help="overwrite --out")
    parser.add_argument("--format", default="card", help=f"one of: {', '.join(plugins.names('formats'))}")  # fmt: skip  # noqa: E501


def run(arguments: argparse.Namespace) -> int:
    """Read, render, write."""
    made: str = plugins.load("formats", arguments.format)(_statement(arguments.evidence))
    if arguments.out is None:
        sys.stdout.write(made)
    elif arguments.out.exists() and not arguments.force:
        raise InputError(f"{arguments.out} is there already; --force overwrites it")
    else:
        outputs.save(arguments.out, made)
    return 0


def _statement(path: Path) -> Statement:
    """The statement in a bundle, or alone."""
    if not path.is_file():
        raise InputError(f"no evidence at {path}")
    data = path.read_bytes()
    try:
        return read(envelope.open(data).payload if b"payload" in data else data)
    except EvidenceError as error:
        raise InputError(f"{path}: neither evidence nor a statement: {error}") from error
