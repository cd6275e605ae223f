"""What text an expression of a template comes to, as far as it can be told without running.

jinja2's own `as_const` runs filters and arithmetic, so a hostile template could use it to
take all memory. This folds only what joins, cuts or turns short texts.
"""

from collections.abc import Mapping, Sequence

from jinja2 import nodes

LONGEST = 4096
DEEPEST = 40

Known = Mapping[str, Sequence[nodes.Node]]
"""Name → every expression the template assigns to it."""


def text(  # noqa: C901, PLR0911 (one case a node type)
    node: nodes.Node | None, known: Known, depth: int = 0
) -> str | None:
    """The text that `node` comes to; None where it can't be told."""
    if node is None or depth > DEEPEST:
        return None
    match node:
        case nodes.Const() if isinstance(node.value, str | int):
            return str(node.value)[:LONGEST]
        case nodes.TemplateData():
            return node.data[:LONGEST]
        case nodes.Concat():
            return _join([text(part, known, depth + 1) for part in node.nodes])
        case nodes.Add():
            return _join([text(node.left, known, depth + 1), text(node.right, known, depth + 1)])
        case nodes.Name():
            values = known.get(node.name, ())
            return text(values[0], known, depth + 1) if len(values) == 1 else None
        case nodes.Mod():
            return _formatted(node, known, depth)
        case nodes.Filter():
            return _filtered(node, known, depth)
        case nodes.Getitem(arg=nodes.Slice() as cut):
            inner = text(node.node, known, depth + 1)
            return None if inner is None else _sliced(inner, cut)
        case nodes.Call(node=nodes.Getattr()):
            return _method(node, known, depth)
        case _:
            return None


def _join(parts: Sequence[str | None], glue: str = "") -> str | None:
    whole = [part for part in parts if part is not None]
    return glue.join(whole)[:LONGEST] if len(whole) == len(parts) else None


def _items(node: nodes.Node | None, known: Known, depth: int) -> list[str | None] | None:
    match node:
        case nodes.List() | nodes.Tuple():
            return [text(item, known, depth + 1) for item in node.items]
        case nodes.Name() if len(known.get(node.name, ())) == 1:
            return _items(known[node.name][0], known, depth + 1) if depth < DEEPEST else None
        case _:
            inner = text(node, known, depth + 1)
            return None if inner is None else list(inner)


def _filtered(node: nodes.Filter, known: Known, depth: int) -> str | None:
    arguments = [text(argument, known, depth + 1) for argument in node.args]
    if node.name == "join":
        parts = _items(node.node, known, depth)
        glue = arguments[0] if arguments else ""
        return None if parts is None or glue is None else _join(parts, glue)
    if node.name == "format":
        return _percent(text(node.node, known, depth + 1), arguments)
    inner = text(node.node, known, depth + 1)
    return None if inner is None else _turned(node.name, inner, arguments)


def _method(node: nodes.Call, known: Known, depth: int) -> str | None:
    target = node.node
    assert isinstance(target, nodes.Getattr)  # noqa: S101 (for the type checker: the caller matched it)
    arguments = [text(argument, known, depth + 1) for argument in node.args]
    if target.attr == "join" and node.args:
        parts = _items(node.args[0], known, depth)
        glue = text(target.node, known, depth + 1)
        return None if parts is None or glue is None else _join(parts, glue)
    inner = text(target.node, known, depth + 1)
    return None if inner is None else _turned(target.attr, inner, arguments)


def _turned(name: str, inner: str, arguments: Sequence[str | None]) -> str | None:
    match name, list(arguments):
        case (("lower" | "string" | "upper" | "title" | "capitalize" | "trim" | "strip"), _):
            plain = {"trim": "strip", "string": "__str__"}.get(name, name)
            return str(getattr(inner, plain)())
        case "safe" | "e" | "escape" | "forceescape", _:
            return inner
        case "reverse", _:
            return inner[::-1]
        case "replace", [str(old), str(new), *_] if old:
            return inner.replace(old, new)[:LONGEST]
        case _:
            return None


def _formatted(node: nodes.Mod, known: Known, depth: int) -> str | None:
    match node.right:
        case nodes.Tuple() | nodes.List():
            arguments = [text(item, known, depth + 1) for item in node.right.items]
        case _:
            arguments = [text(node.right, known, depth + 1)]
    return _percent(text(node.left, known, depth + 1), arguments)


def _percent(pattern: str | None, arguments: Sequence[str | None]) -> str | None:
    if pattern is None:
        return None
    for argument in arguments:
        if argument is None:
            return None
        code = argument.isdecimal() and int(argument) < 0x110000  # noqa: PLR2004 (end of Unicode)
        letter = chr(int(argument)) if code and "%c" in pattern else argument
        pattern = pattern.replace("%c" if code and "%c" in pattern else "%s", letter, 1)
    return pattern[:LONGEST]


def _sliced(inner: str, cut: nodes.Slice) -> str | None:
    ends: list[int | None] = []
    for end in (cut.start, cut.stop, cut.step):
        match end:
            case None:
                ends.append(None)
            case nodes.Const(value=int(number)):
                ends.append(number)
            case nodes.Neg(node=nodes.Const(value=int(number))):
                ends.append(-number)
            case _:
                return None
    return None if ends[2] == 0 else inner[slice(*ends)]
