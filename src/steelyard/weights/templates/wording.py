"""What words a template adds, and when."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from jinja2 import nodes

from steelyard.weights.templates import rules
from steelyard.weights.templates.folding import Known, text

if TYPE_CHECKING:
    from steelyard.weights.templates.analysis import Remark

URL = re.compile(r"https?://[^\s\"'<>)\]]+", re.IGNORECASE)
OPEN_URL = re.compile(r"(?:https?|wss?|ftp)://[^\s\"'<>)]*$", re.IGNORECASE)
KNOWN_HOSTS = re.compile(r"https?://(?:json-schema\.org|huggingface\.co|www\.w3\.org)(?:/|$)")
SENTENCE = re.compile(r"(?:[^\W\d_]{2,}[,;:]?['\u2019]?\s+){3,}[^\W\d_]{2,}")
"""Four words in a row: what a marker or a tag never has."""

STEERING = re.compile(
    r"\b(?:ignore|disregard|forget)\b.{0,40}\b(?:previous|above|prior|earlier|instructions?)\b"
    r"|\b(?:do not|don't|never)\b.{0,30}\b(?:mention|reveal|disclose|tell|say|admit|warn)\b"
    r"|\balways\b.{0,30}\b(?:recommend|include|insert|add|append|suggest|say|claim|prefer)\b"
    r"|\b(?:secretly|covertly|without telling|regardless of what the user)\b",
    re.IGNORECASE | re.DOTALL,
)
USUAL = ("always", "never", "do not", "don't")
"""How honest instructions for tools begin, too: reported, but low."""

WORDS = re.compile(r"[\w][\w\s'\u2019.,!?-]*", re.DOTALL)
PLAIN = frozenset(
    {
        "", "system", "user", "assistant", "tool", "tools", "function", "ipython", "developer",
        "text", "image", "image_url", "video", "audio", "document", "content", "string", "true",
        "false", "none", "object", "array", "think", "thinking", "observation", "name", "type",
        "input_image", "input_audio", "input_text", "output_text", "refusal", "json",
    }
)  # fmt: skip
"""Values of fields, not words of a user."""


def remarks(tree: nodes.Template, known: Known) -> "Iterator[Remark]":
    """Triggers, addresses, leaks and steering words."""
    from steelyard.weights.templates.analysis import Remark

    content = _from_content(tree, known)
    for branch in tree.find_all(nodes.If):
        trigger = _trigger(branch.test, content)
        added = next(_sentences(branch), None)
        if trigger and added:
            natural = bool(WORDS.fullmatch(trigger)) or trigger == "the date"
            message = f"line {branch.lineno}: on {trigger!r} adds {_short(added)!r}"
            yield Remark(rules.TRIGGER, branch.lineno, message, confident=natural, low=not natural)
    for node in tree.find_all((nodes.Output, nodes.Concat, nodes.Add)):
        for words in _leaks(node, known):
            yield Remark(rules.LEAK, node.lineno, f"line {node.lineno}: {_short(words)!r} + …")
    for line, words in _literals(tree):
        for address in URL.findall(words):
            if KNOWN_HOSTS.match(address):
                continue
            yield Remark(rules.ADDRESS, line, f"line {line}: {_short(address)}")
        for steering in STEERING.finditer(words):
            usual = steering[0].lower().startswith(USUAL)
            message = f"line {line}: {_short(steering[0])!r}"
            yield Remark(rules.INSTRUCTION, line, message, confident=not usual, low=usual)


def _short(words: str) -> str:
    return " ".join(words.split())[:120]


def _from_content(tree: nodes.Template, known: Known) -> frozenset[str]:
    """Names that hold what a user wrote, directly or by assignment."""
    names: set[str] = {"content", "user_message", "last_user_message", "prompt", "query"}
    loops = [
        (loop.target.name, loop.iter)
        for loop in tree.find_all(nodes.For)
        if isinstance(loop.target, nodes.Name)
    ]
    pairs = [(name, value) for name, values in known.items() for value in values] + loops
    for _ in range(5):
        grown = names | {name for name, value in pairs if _is_content(value, names)}
        if grown == names:
            break
        names = grown
    return frozenset(names)


def _is_content(node: nodes.Node, names: "set[str] | frozenset[str]") -> bool:
    return any(_touches(part, names) for part in (node, *node.find_all(nodes.Expr)))


def _touches(part: nodes.Node, names: "set[str] | frozenset[str]") -> bool:
    match part:
        case (
            nodes.Getattr(attr="content" | "text")
            | nodes.Getitem(arg=nodes.Const(value="content" | "text"))
        ):
            return True
        case nodes.Name(name=name):
            return name in names
        case _:
            return False


def _trigger(test: nodes.Node, content: frozenset[str]) -> str:
    """The words, or `the date`, that a condition looks for; nothing if it looks for neither."""
    whole = [test, *test.find_all(nodes.Expr)]
    for part in whole:
        match part:
            case nodes.Compare() if _is_dated(part):
                return "the date"
            case nodes.Compare() if _is_content(part, content):
                texts = [text(side, {}) for side in _sides(part)]
            case nodes.Call(node=nodes.Getattr(attr="startswith" | "endswith" | "find" | "count")):
                inside = _is_content(part.node, content)
                texts = [text(argument, {}) for argument in part.args] if inside else []
            case nodes.Call(node=nodes.Name(name="strftime_now")):
                return "the date"
            case nodes.Filter(name="hash" | "length" | "count" | "wordcount"):
                texts = []
            case _:
                texts = []
        for words in texts:
            if words is not None and words.strip().lower() not in PLAIN:
                return words
    return ""


def _sides(compare: nodes.Compare) -> Iterator[nodes.Node]:
    for side in (compare.expr, *(operand.expr for operand in compare.ops)):
        yield side
        if isinstance(side, nodes.List | nodes.Tuple):
            yield from side.items


def _is_dated(node: nodes.Node) -> bool:
    return any(
        isinstance(part.node, nodes.Name) and part.node.name in {"strftime_now", "now"}
        for part in node.find_all(nodes.Call)
    )


def _sentences(branch: nodes.If) -> Iterator[str]:
    """Sentences that either side of a condition writes or keeps for later."""
    for part in (*branch.body, *branch.else_):
        for _, words in _literals(part):
            if SENTENCE.search(words):
                yield words


def _literals(part: nodes.Node) -> Iterator[tuple[int, str]]:
    """Every literal below `part`, except what is said when refusing to render."""
    match part:
        case nodes.TemplateData():
            yield part.lineno, part.data
        case nodes.Const() if isinstance(part.value, str):
            yield part.lineno, part.value
        case nodes.Call(node=nodes.Name(name="raise_exception")):
            return
        case _:
            for child in part.iter_child_nodes():
                yield from _literals(child)


def _leaks(node: nodes.Node, known: Known) -> Iterator[str]:
    parts: list[nodes.Node] = list(getattr(node, "nodes", ()))
    if isinstance(node, nodes.Add):
        parts = [node.left, node.right]
    for first, second in pairwise(parts):
        words = text(first, known) or ""
        if isinstance(first, nodes.Add):
            words = words or text(first.right, known) or ""
        if OPEN_URL.search(words) and text(second, known) is None:
            yield words[-100:]
