"""Walks a chat template's syntax tree and names what should not be there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from steelyard.weights import invisible
from steelyard.weights.rules import Rule
from steelyard.weights.templates import rules, wording
from steelyard.weights.templates.folding import Known, text

LONGEST_TEMPLATE = 1 << 20
"""Bytes. The longest template seen in the field is under 64 KiB."""

HUGE = 1_000_000

GLOBALS = frozenset(
    {"raise_exception", "strftime_now", "range", "namespace", "dict", "caller", "loop", "super"}
)
METHODS = frozenset(
    {
        "append", "capitalize", "count", "endswith", "extend", "find", "format", "get", "index",
        "insert", "isalnum", "isalpha", "isdecimal", "isdigit", "isnumeric", "isspace", "islower",
        "isupper", "items", "join", "keys", "lower", "lstrip", "partition", "pop", "removeprefix",
        "removesuffix", "replace", "rfind", "rpartition", "rsplit", "rstrip", "split",
        "splitlines", "startswith", "strip", "title", "update", "upper", "values", "cycle",
        "changed", "copy", "reverse", "sort", "zfill",
    }
)  # fmt: skip
"""Methods of text, lists and mappings that only return a value or change a local one."""

EXTRA_FILTERS = frozenset({"tojson", "from_json", "fromjson"})
BY_NAME = {"attr": 0, "map": -1, "selectattr": 0, "rejectattr": 0, "groupby": 0, "sort": -1,
           "unique": -1, "min": -1, "max": -1, "sum": 0}  # fmt: skip
"""Filters that take an attribute's name → index of the argument; -1: as a keyword only."""

DANGEROUS = re.compile(
    r"__\w+__|^(mro|gi_frame|gi_code|cr_frame|ag_frame|f_globals|f_builtins|f_back|f_locals|"
    r"tb_frame|func_globals|func_code|im_func|im_self|popen|system|subprocess|os|sys|"
    r"builtins|importlib|load_module|get_data|linecache|environment|exported_vars|eval_ctx|"
    r"resolve|_TemplateReference__context|_current|undefined_to_none)$"
)
GATEWAYS = frozenset({"lipsum", "cycler", "joiner", "self", "url_for", "get_flashed_messages",
                      "request", "config", "application", "g"})  # fmt: skip
"""Names that lead from a template to Python modules."""

FORMAT_FIELD = re.compile(r"\{[^{}]*[.\[]_*\w*_[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing wrong with a template."""

    rule: Rule
    line: int
    message: str
    confident: bool = True
    low: bool = False


class Generation(Extension):
    """`{% generation %}`, with which transformers marks what the assistant wrote."""

    tags = {"generation"}  # noqa: RUF012 (jinja2 declares it so)

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        """Its body, in place."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def remarks(source: str) -> Iterator[Remark]:
    """Everything wrong with the template `source`, in no particular order."""
    for at, points in invisible.runs(source):
        line = source.count("\n", 0, at) + 1
        yield Remark(rules.INVISIBLE, line, f"line {line} holds {points}")
    if len(source) > LONGEST_TEMPLATE:
        yield Remark(rules.UNREADABLE, 1, f"the template is {len(source)} characters long")
        return
    environment = jinja2.Environment(  # noqa: S701 (nothing is rendered)
        extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do", "jinja2.ext.i18n", Generation]
    )
    try:
        tree = environment.parse(source)
        yield from _walk(tree, frozenset(environment.filters), frozenset(environment.tests))
    except (jinja2.TemplateSyntaxError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        yield Remark(rules.UNREADABLE, line, f"line {line}: {error or 'nested too deep'}")


def _walk(tree: nodes.Template, filters: frozenset[str], tests: frozenset[str]) -> Iterator[Remark]:
    known = assigned(tree)
    macros = {macro.name for macro in tree.find_all(nodes.Macro)}
    for node in tree.find_all(nodes.Node):
        yield from _escapes(node, known)
        yield from _bombs(node)
        match node:
            case nodes.Call():
                yield from _call(node, macros | set(known))
            case nodes.Filter() if node.name not in filters | EXTRA_FILTERS:
                yield Remark(rules.CALL, node.lineno, f"unknown filter {node.name!r}")
            case nodes.Test() if node.name not in tests:
                yield Remark(rules.CALL, node.lineno, f"unknown test {node.name!r}")
            case nodes.Include() | nodes.Import() | nodes.FromImport() | nodes.Extends():
                kind = type(node).__name__.lower()
                yield Remark(rules.CALL, node.lineno, f"another template by {kind}")
            case _:
                pass
    yield from _loops(tree)
    yield from wording.remarks(tree, known)


def assigned(tree: nodes.Template) -> Known:
    """Name → every expression assigned to it. Loop variables have none that is known."""
    found: dict[str, list[nodes.Node]] = {}
    for assignment in tree.find_all(nodes.Assign):
        match assignment.target, assignment.node:
            case nodes.Name(name=name), value:
                found.setdefault(name, []).append(value)
            case nodes.Tuple(items=targets), nodes.Tuple(items=values):
                for target, value in zip(targets, values, strict=False):
                    if isinstance(target, nodes.Name):
                        found.setdefault(target.name, []).append(value)
            case _:
                pass
    return found


def _escapes(node: nodes.Node, known: Known) -> Iterator[Remark]:
    match node:
        case nodes.Getattr() if DANGEROUS.search(node.attr) and not _is_plain(node):
            yield Remark(rules.ESCAPE, node.lineno, f"line {node.lineno}: .{node.attr}")
        case nodes.Getattr(node=nodes.Name(name=name)) if name in GATEWAYS - set(known):
            yield Remark(rules.ESCAPE, node.lineno, f"line {node.lineno}: {name}.{node.attr}")
        case nodes.Getitem() if not isinstance(node.arg, nodes.Slice):
            name = text(node.arg, known) or ""
            if re.search(r"__\w+__", name):
                yield Remark(rules.ESCAPE, node.lineno, f"line {node.lineno}: [{name!r}]")
        case nodes.Concat() | nodes.Add() if text(node, known) is None and _is_piece(node):
            yield Remark(
                rules.DYNAMIC, node.lineno, f"line {node.lineno}: a piece of an internal name"
            )
        case nodes.Filter() if node.name in BY_NAME:
            yield from _by_name(node, known)
        case nodes.Call(node=nodes.Getattr(attr="format" | "format_map")):
            yield from _format(node, known)
        case nodes.Const() | nodes.TemplateData() | nodes.Concat() | nodes.Add() | nodes.Filter():
            folded = text(node, known) if not isinstance(node, nodes.TemplateData) else None
            if folded and re.search(r"__(\w{2,})__", folded) and len(folded) < 64:  # noqa: PLR2004 (an attribute's name is short)
                yield Remark(
                    rules.ESCAPE, node.lineno, f"line {node.lineno}: comes to {folded!r}",
                    confident=False,
                )  # fmt: skip
        case _:
            pass


def _is_piece(node: nodes.Concat | nodes.Add) -> bool:
    """Whether a short text with two underscores in a row is joined with something unknown."""
    parts = node.nodes if isinstance(node, nodes.Concat) else [node.left, node.right]
    texts = [part.value for part in parts if isinstance(part, nodes.Const)]
    return any(isinstance(part, str) and re.fullmatch(r"\w*__\w*", part) for part in texts)


def _is_plain(node: nodes.Getattr) -> bool:
    """`messages.system`, `tools.os`: a key that happens to be so called, on a plain name."""
    return (
        "__" not in node.attr
        and isinstance(node.node, nodes.Name)
        and (node.node.name not in GATEWAYS)
        and node.attr in {"system", "os", "sys", "environment", "resolve"}
    )


def _by_name(node: nodes.Filter, known: Known) -> Iterator[Remark]:
    index = BY_NAME[node.name]
    given = [pair.value for pair in node.kwargs or () if pair.key == "attribute"]
    if index >= 0 and len(node.args) > index:
        given.append(node.args[index])
    if node.name == "map" and node.args and text(node.args[0], known) == "attr":
        given += node.args[1:2]
    for expression in given:
        name = text(expression, known)
        where = f"line {node.lineno}: {node.name}"
        if name is None:
            yield Remark(rules.DYNAMIC, node.lineno, f"{where} with a computed name")
        elif DANGEROUS.search(name):
            yield Remark(rules.ESCAPE, node.lineno, f"{where}({name!r})")


def _format(node: nodes.Call, known: Known) -> Iterator[Remark]:
    target = node.node
    pattern = text(target.node, known) if isinstance(target, nodes.Getattr) else None
    if pattern is None:
        yield Remark(rules.DYNAMIC, node.lineno, f"line {node.lineno}: format of a computed text")
    elif FORMAT_FIELD.search(pattern):
        yield Remark(rules.ESCAPE, node.lineno, f"line {node.lineno}: {pattern!r}.format")


def _call(node: nodes.Call, defined: set[str]) -> Iterator[Remark]:
    match node.node:
        case nodes.Name(name=name):
            if name in GATEWAYS - defined:
                yield Remark(rules.CALL, node.lineno, f"line {node.lineno}: {name}()")
            elif name not in GLOBALS | defined:
                yield Remark(rules.CALL, node.lineno, f"line {node.lineno}: unknown {name}()")
        case nodes.Getattr(attr=attr) if attr not in METHODS:
            yield Remark(rules.CALL, node.lineno, f"line {node.lineno}: unknown method .{attr}()")
        case nodes.Getattr() | nodes.Getitem():
            pass
        case _:
            yield Remark(rules.CALL, node.lineno, f"line {node.lineno}: call of an expression")


def _bombs(node: nodes.Node) -> Iterator[Remark]:
    match node:
        case nodes.Pow():
            yield Remark(rules.BOMB, node.lineno, f"line {node.lineno}: a power")
        case nodes.Mul(left=left, right=right):
            if any(_is_huge(side) for side in (left, right)):
                yield Remark(rules.BOMB, node.lineno, f"line {node.lineno}: a product")
        case nodes.Call(node=nodes.Name(name="range"), args=arguments):
            if any(_is_huge(argument) for argument in arguments):
                yield Remark(rules.BOMB, node.lineno, f"line {node.lineno}: a range")
        case _:
            pass


def _loops(tree: nodes.Template) -> Iterator[Remark]:
    """Loops inside loops over constant ranges that together turn too often."""
    waiting: list[tuple[nodes.Node, int]] = [(tree, 1)]
    while waiting:
        node, turns = waiting.pop()
        if isinstance(node, nodes.For):
            match node.iter:
                case nodes.Call(
                    node=nodes.Name(name="range"), args=[*_, nodes.Const(value=int(count))]
                ):
                    turns *= max(count, 1)
                case _:
                    pass
            if turns > HUGE:
                yield Remark(rules.BOMB, node.lineno, f"line {node.lineno}: loops inside loops")
                return
        waiting += [(child, turns) for child in node.iter_child_nodes()]


def _is_huge(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) and isinstance(node.value, int) and node.value > HUGE
