"""Say what changed between two models: files, settings, and every tensor.

The answer names the kind of change: identical, stored differently, quantised (and whether
within what the format explains), a low-rank update such as a merged adapter, one direction
removed everywhere (abliteration), a merge of known models, hidden units in another order,
trained further, or unrelated. Nothing in the files is executed.

Examples:
  steelyard diff base/ fine-tune/
  steelyard diff model.safetensors model-Q4_K_M.gguf
  steelyard diff base/ merged/ --known alice=alice/ --known bob=bob/
  steelyard diff hf:org/name@v1 hf:org/name@v2 --format html --out diff.html

exit codes: 0 no tensor and no behaviour-changing text differs, 1 something does, 2 usage,
4 could not be compared
"""

import argparse
import sys

from steelyard.cli import outputs
from steelyard.errors import InputError
from steelyard.evidence.predicates.comparison import Comparison
from steelyard.evidence.statement import Statement, about
from steelyard.render.text import shown

SAME, CHANGED, UNKNOWN = 0, 1, 4
SHOWN = 30
"""Tensors listed in the terminal."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("before", help="the older model: file, folder or reference")
    parser.add_argument("after", help="the newer model")
    parser.add_argument(
        "--known",
        action="append",
        default=[],
        metavar="NAME=MODEL",
        help="a model that AFTER may be a merge of; repeat for several",
    )
    parser.add_argument(
        "--format", default="terminal", help="terminal (default), json, html or markdown"
    )
    parser.add_argument("--out", type=outputs.place, help="write there instead of to the terminal")
    parser.add_argument("--offline", action="store_true", help="never use the network")


def run(arguments: argparse.Namespace) -> int:
    """Compare and print."""
    from steelyard.cli.subject import files
    from steelyard.weights.diff.compare import compare_models

    known = dict(_named(text) for text in arguments.known)
    before = files(arguments.before, offline=arguments.offline).path
    after = files(arguments.after, offline=arguments.offline).path
    others = {name: files(text, offline=arguments.offline).path for name, text in known.items()}
    predicate, digest = compare_models((arguments.before, before), after, others)
    statement = about(arguments.after, {"sha256": digest}, "comparison", predicate)
    text = _rendered(statement, predicate, arguments.format)
    if arguments.out:
        outputs.save(arguments.out, text)
    else:
        sys.stdout.write(text)
    return exit_code(predicate)


def exit_code(found: Comparison) -> int:
    """1 for a change that counts; 4 where there was none, but not everything was compared."""
    if found.tensors or any(change.notable for change in found.texts):
        return CHANGED
    unknown = found.kind != "identical" and not found.same  # files differ, and hold no tensor
    return UNKNOWN if unknown or found.skipped else SAME


def _named(text: str) -> tuple[str, str]:
    name, equals, reference = text.partition("=")
    if not equals or not name or not reference:
        raise InputError(f"--known {text!r}: write NAME=MODEL")
    return name, reference


def _rendered(statement: Statement, predicate: Comparison, name: str) -> str:
    if name == "terminal":
        return _words(predicate)
    from steelyard import plugins

    text: str = plugins.load("formats", name)(statement)
    return text


def _words(found: Comparison) -> str:
    lines = [f"{found.kind}: {found.sentence}", *(f"  {reason}" for reason in found.reasons), ""]
    lines += [
        f"file {one.change:<8}{one.before and one.before + ' → '}{one.path}" for one in found.files
    ]
    lines += [f"text {'! ' if one.notable else '  '}{one.path}: {one.words}" for one in found.texts]
    for one in found.tensors[:SHOWN]:
        far = f"{one.relative:8.2%}" if one.relative else " " * 8
        lines.append(
            f"tensor {one.kind:<18}{far}  {one.name}  {one.before} → {one.after}  {one.detail}"
        )
    if len(found.tensors) > SHOWN:
        lines.append(f"tensor … and {len(found.tensors) - SHOWN} more; --format json lists all")
    lines += [f"not compared: {one.what}: {one.reason}" for one in found.skipped]
    return "".join(f"{shown(each)}\n" for each in lines)
