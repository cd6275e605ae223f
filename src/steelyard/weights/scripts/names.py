"""Which dotted name an expression of a Python file comes to, through aliases and tricks."""

import ast
from collections.abc import Mapping

LONGEST = 4096
DEEPEST = 30


def text(node: ast.AST | None, depth: int = 0) -> str | None:  # noqa: C901, PLR0911 (one case a node type)
    """The constant text that an expression comes to; None where it can't be told."""
    if node is None or depth > DEEPEST:
        return None
    match node:
        case ast.Constant(value=str(value)):
            return value[:LONGEST]
        case ast.Constant(value=bytes(value)):
            return value[:LONGEST].decode("latin-1")
        case ast.BinOp(op=ast.Add()):
            left, right = text(node.left, depth + 1), text(node.right, depth + 1)
            return None if left is None or right is None else (left + right)[:LONGEST]
        case ast.JoinedStr():
            parts = [text(part, depth + 1) for part in node.values]
            return _joined(parts)
        case ast.FormattedValue():
            return text(node.value, depth + 1)
        case ast.Call(func=ast.Name(id="chr"), args=[ast.Constant(value=int(code))]):
            return chr(code) if 0 <= code < 0x110000 else None  # noqa: PLR2004 (end of Unicode)
        case ast.Call(
            func=ast.Attribute(attr="join", value=glue), args=[ast.List() | ast.Tuple() as items]
        ):
            parts = [text(item, depth + 1) for item in items.elts]
            return _joined(parts, text(glue, depth + 1))
        case ast.Call(
            func=ast.Attribute(attr="decode" | "encode" | "strip" | "lower", value=inner)
        ):
            return text(inner, depth + 1)
        case ast.Subscript(
            value=inner, slice=ast.Slice(lower=None, upper=None, step=ast.UnaryOp())
        ):
            whole = text(inner, depth + 1)
            return None if whole is None else whole[::-1]
        case _:
            return None


STARRED = {
    "os": ("system", "popen", "execv", "execve", "execvp", "spawnv", "spawnl", "posix_spawn"),
    "subprocess": ("run", "call", "Popen", "check_call", "check_output", "getoutput"),
    "ctypes": ("CDLL", "cdll", "PyDLL", "memmove"),
    "pickle": ("load", "loads", "Unpickler"),
    "socket": ("socket", "create_connection"),
    "shutil": ("rmtree", "move"),
}
"""What `from … import *` brings in that matters here."""


def _joined(parts: list[str | None], glue: str | None = "") -> str | None:
    whole = [part for part in parts if part is not None]
    if glue is None or len(whole) != len(parts):
        return None
    return glue.join(whole)[:LONGEST]


def _starred(module: str, names: list[ast.alias]) -> dict[str, str]:
    starred = names[0].name == "*"
    return {name: f"{module}.{name}" for name in STARRED.get(module, ()) if starred}


def aliases(tree: ast.AST) -> dict[str, str]:
    """Local name → what it was imported as, or assigned from; the whole file at once."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for name in names:
                    top = name.name.split(".")[0]
                    found[name.asname or top] = name.name if name.asname else top
            case ast.ImportFrom(module=module, names=names):
                base = "." * node.level + (module or "")
                found |= _starred(base, names)
                for name in names:
                    found[name.asname or name.name] = f"{base}.{name.name}"
            case _:
                pass
    for _ in range(3):
        for node in ast.walk(tree):
            match node:
                case ast.Assign(targets=[ast.Name(id=target)], value=value):
                    whole = dotted(value, found)
                    if whole and target not in found and ("." in whole or whole in BUILTINS):
                        found[target] = whole
                case _:
                    pass
    return found


BUILTINS = frozenset({"exec", "eval", "compile", "__import__", "open", "getattr", "globals",
                      "vars", "setattr", "breakpoint"})  # fmt: skip


def dotted(node: ast.AST | None, known: Mapping[str, str], depth: int = 0) -> str:  # noqa: PLR0911 (one case a node type)
    """`os.system` for whatever comes to it; empty where it can't be told."""
    if node is None or depth > DEEPEST:
        return ""
    match node:
        case ast.Name(id=name):
            return known.get(name, name)
        case ast.Attribute(value=value, attr=attr):
            base = dotted(value, known, depth + 1)
            return f"{base}.{attr}" if base else f"?.{attr}"
        case ast.Call(func=function, args=[_, *_]):
            return _called(dotted(function, known, depth + 1), node, known, depth)
        case ast.Call(func=function):
            called = dotted(function, known, depth + 1)
            return called if called in {"globals", "vars", "locals"} else ""
        case ast.Subscript(value=value, slice=key):
            return _looked_up(dotted(value, known, depth + 1), text(key))
        case _:
            return ""


def _called(called: str, node: ast.Call, known: Mapping[str, str], depth: int) -> str:
    """What a call that imports or looks up comes to."""
    argument = node.args[0]
    if called in {"__import__", "importlib.import_module", "builtins.__import__"}:
        return text(argument) or ""
    if called in {"getattr", "builtins.getattr"} and len(node.args) > 1:
        named = text(node.args[1])
        base = dotted(argument, known, depth + 1)
        return f"{base}.{named}" if named and base else ""
    if called == "vars":
        base = dotted(argument, known, depth + 1)
        return f"{base}.__dict__" if base else ""
    if called.endswith((".get", ".__getitem__", ".pop")):
        return text(argument) or ""
    return ""


def _looked_up(base: str, key: str | None) -> str:
    """`sys.modules["os"]`, `os.__dict__["system"]`, `__builtins__["eval"]`."""
    if not key:
        return ""
    if base in {"sys.modules", "globals"} or base.endswith("__builtins__"):
        return key
    owner, _, last = base.rpartition(".")
    return f"{owner}.{key}" if last == "__dict__" else ""
