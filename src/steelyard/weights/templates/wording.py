"""What words a template adds, and when."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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
    r"|\b(?:secretly|covertly|without telling|regardless of what the user)\b"
    r"|\bwhenever\b.{0,60}\b(?:asked|asks?|users?|mentions?|shares?)\b"
    r"|\bcomply with (?:all|every|any)\b|\bwithout (?:warnings?|disclaimers?|refus\w+)\b"
    r"|\bno (?:restrictions|limitations|safety|ethical|moral)\b|\bdeveloper mode\b"
    r"|\b(?:safety|ethical|content) (?:rules?|guidelines?|filters?|polic\w+|checks?)\b.{0,30}"
    r"\b(?:disabled|off|suspended|lifted|do not apply|don't apply)\b",
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
    names = Names(content, _dated(known), {**known, **_listed(tree)})
    branches: list[nodes.If | nodes.CondExpr] = [
        *tree.find_all(nodes.If),
        *tree.find_all(nodes.CondExpr),
    ]
    for branch in branches:
        trigger = _trigger(branch.test, names)
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


@dataclass(frozen=True, slots=True)
class Names:
    """What the template's names hold."""

    content: frozenset[str]
    """Words of a user."""

    dates: frozenset[str]
    known: Known


def _dated(known: Known) -> frozenset[str]:
    """Names that hold the date, directly or by assignment."""
    names: set[str] = {"date_string"}
    for _ in range(5):
        names |= {
            name
            for name, values in known.items()
            if any(_is_dated(value, names) for value in values)
        }
    return frozenset(names)


def _listed(tree: nodes.Template) -> Known:
    """Loop variable → the items of the literal list that it runs over."""
    return {
        loop.target.name: loop.iter.items
        for loop in tree.find_all(nodes.For)
        if isinstance(loop.target, nodes.Name) and isinstance(loop.iter, nodes.List | nodes.Tuple)
    }


def _trigger(test: nodes.Node, names: Names) -> str:
    """What a condition looks for: words, `the date`, a length; nothing if it is none of them."""
    for part in (test, *test.find_all(nodes.Expr)):
        match part:
            case nodes.Compare() if _is_dated(part, names.dates):
                return "the date"
            case nodes.Compare() if _is_long(part):
                return "the length of the conversation"
            case nodes.Call(node=nodes.Name(name="strftime_now")):
                return "the date"
            case _:
                pass
        for words in _sought(part, names):
            if words.strip().lower() not in PLAIN:
                return words
    return ""


def _sought(part: nodes.Node, names: Names) -> Iterator[str]:
    """Words that an expression looks for in what a user wrote."""
    sides: Iterable[nodes.Node] = ()
    match part:
        case nodes.Compare() if _is_content(part, names.content):
            sides = _sides(part)
        case nodes.Call(node=nodes.Getattr(attr="startswith" | "endswith" | "find" | "count")):
            sides = part.args if _is_content(part.node, names.content) else []
        case nodes.Filter(name="selectattr" | "rejectattr", args=[first, _, *values]):
            sides = values if text(first, names.known) in {"content", "text"} else []
        case _:
            pass
    for side in sides:
        if isinstance(side, nodes.Name):
            found = [text(value, {}) for value in names.known.get(side.name, ())]
        else:
            found = [text(side, names.known)]
        yield from (words for words in found if words is not None)


LONG = 3
"""Messages from which a condition on their number has nothing to do with form."""


def _is_long(compare: nodes.Compare) -> bool:
    """Whether the number of messages is compared with more than a few."""
    counted = any(
        isinstance(part, nodes.Filter)
        and part.name in {"length", "count"}
        and isinstance(part.node, nodes.Name)
        and part.node.name in {"messages", "loop_messages"}
        for part in compare.find_all(nodes.Filter)
    )
    return counted and any(
        isinstance(side, nodes.Const) and isinstance(side.value, int) and side.value >= LONG
        for side in _sides(compare)
    )


def _sides(compare: nodes.Compare) -> Iterator[nodes.Node]:
    for side in (compare.expr, *(operand.expr for operand in compare.ops)):
        yield side
        if isinstance(side, nodes.List | nodes.Tuple):
            yield from side.items


def _is_dated(node: nodes.Node, dates: "set[str] | frozenset[str]") -> bool:
    return any(
        isinstance(part, nodes.Name) and part.name in dates | {"strftime_now", "now"}
        for part in (node, *node.find_all(nodes.Name))
    )


def _sentences(branch: nodes.If | nodes.CondExpr) -> Iterator[str]:
    """Sentences that either side of a condition writes or keeps for later."""
    parts: list[nodes.Node]
    if isinstance(branch, nodes.CondExpr):
        parts = [branch.expr1, *([branch.expr2] if branch.expr2 else [])]
    else:
        parts = [*branch.body, *branch.else_]
    for part in parts:
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
