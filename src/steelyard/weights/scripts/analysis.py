"""What a Python file does when it is imported, and what it can do when called."""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from steelyard.weights.scripts.names import aliases, dotted, text

Kind = Literal["executes", "network", "loads", "writes", "obfuscated"]

EXECUTES = re.compile(
    r"^(?:builtins\.)?(?:exec|eval|__import__|breakpoint)$"
    r"|^(?:os|posix|nt)\.(?:system|popen|exec\w+|spawn\w+|posix_spawn\w*|startfile|fork|forkpty)$"
    r"|^subprocess\.|^commands\.|^pty\.(?:spawn|fork)$|^ctypes\.(?:CDLL|cdll|PyDLL|windll|WinDLL|"
    r"OleDLL|memmove|CFUNCTYPE|util)|^runpy\.|^code\.(?:interact|Interactive\w+)|^codeop\."
    r"|^multiprocessing\.(?:Process|Pool)$|^asyncio\.create_subprocess|^types\.(?:CodeType|"
    r"FunctionType)$|^pip\.|^ensurepip\.|^imp\.load|^importlib\.util\.(?:spec_from|module_from)"
    r"|^importlib\.machinery\.\w+Loader|^torch\.utils\.cpp_extension\.load|^cffi\.|^mmap\."
    r"|^timeit\.(?:timeit|repeat|Timer)$|^cProfile\.run|^pdb\.run|^trace\.Trace|^platform\.popen"
    r"|^sys\.(?:settrace|setprofile|_getframe)$|^os\.(?:setuid|chmod|kill|putenv)$"
)
NETWORK = re.compile(
    r"^socket\.|^urllib\.request\.|^urllib2?\.urlopen|^urllib3\.|^requests\.|^httpx\.|^aiohttp\."
    r"|^http\.(?:client|server)|^ftplib\.|^smtplib\.|^telnetlib\.|^poplib\.|^imaplib\.|^xmlrpc\."
    r"|^paramiko\.|^websockets?\.|^webbrowser\.open|^torch\.hub\.(?:load|download)"
    r"|^(?:keras|tf\.keras|tensorflow\.keras)\.utils\.get_file$|^wget\.|^pycurl\.|^boto3\."
)
LOADS = re.compile(
    r"^(?:pickle|_pickle|cPickle|cloudpickle|dill|joblib|marshal|shelve|jsonpickle|pandas)\."
    r"(?:loads?|Unpickler|open|read_pickle|decode)$|^torch\.(?:load|jit\.load|package)"
    r"|^numpy\.load$|^yaml\.(?:load|unsafe_load|full_load|UnsafeLoader)$|^zipimport\.|^marshal\."
)
WRITES = re.compile(
    r"^shutil\.(?:rmtree|move)$|^os\.(?:remove|unlink|rmdir|removedirs|rename|replace|symlink)$"
)
DECODES = re.compile(
    r"^(?:base64\.\w*decode|binascii\.(?:unhexlify|a2b_\w+)|zlib\.decompress|lzma\.decompress|"
    r"bz2\.decompress|gzip\.decompress|codecs\.decode|bytes\.fromhex|bytearray\.fromhex)$"
)
CALLS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("executes", EXECUTES), ("network", NETWORK), ("loads", LOADS), ("writes", WRITES),
)  # fmt: skip

ACTED_ON = re.compile(
    r"\.ssh/|authorized_keys|\.(?:bashrc|profile|bash_profile|zshrc|zprofile)$|^/etc/|cron|"
    r"site-packages|sitecustomize|autostart|LaunchAgents|\.git/hooks"
)
INTERNALS = re.compile(
    r"(?:^|\.)(?:__subclasses__|__globals__|__builtins__|__code__|__bases__|__mro__|gi_frame|"
    r"f_globals|f_builtins|__reduce__|__reduce_ex__|__loader__)(?:\.|$)"
)
BLOB = 400
"""Characters of one literal without a space that is decoded: more than any key or hash."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that the code does."""

    kind: Kind
    name: str
    line: int
    on_import: bool
    """Runs as soon as the file is imported, before anyone calls anything."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A file's deeds and what it imports."""

    deeds: tuple[Deed, ...]
    imports: tuple[str, ...]


def read(source: str) -> Reading:
    """Parse and walk.

    Raises:
        SyntaxError: not Python, or not this version's.
        ValueError: null bytes in it.
        RecursionError: nested too deep.
        MemoryError: nested too deep for the parser.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
    known = aliases(tree)
    early = _on_import(tree)
    deeds = {
        deed for node in ast.walk(tree) for deed in _deeds(node, known, on_import=node in early)
    }
    return Reading(
        deeds=tuple(sorted(deeds, key=lambda deed: (deed.line, deed.kind, deed.name))),
        imports=tuple(sorted(_imports(tree))),
    )


def _imports(tree: ast.AST) -> Iterator[str]:
    seen: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                seen |= {name.name for name in names}
            case ast.ImportFrom(module=str(module), level=0):
                seen.add(module)
            case _:
                pass
    yield from seen


def _deeds(node: ast.AST, known: dict[str, str], *, on_import: bool) -> Iterator[Deed]:
    line = getattr(node, "lineno", 0)
    match node:
        case ast.Call():
            for kind, name in _call(node, known):
                yield Deed(kind, name, line, on_import)
        case ast.Attribute() if INTERNALS.search(node.attr):
            yield Deed("obfuscated", f".{node.attr}", line, on_import)
        case ast.Assign(targets=[ast.Attribute() as target]) if dotted(target, known).startswith(
            "builtins."
        ):
            yield Deed("obfuscated", f"{dotted(target, known)} is replaced", line, on_import)
        case ast.Name(id="__builtins__"):
            yield Deed("obfuscated", "__builtins__", line, on_import)
        case ast.keyword(arg="cmdclass"):
            yield Deed("executes", "cmdclass (runs when installed)", line, on_import)
        case ast.FunctionDef(decorator_list=marks) | ast.ClassDef(decorator_list=marks):
            for name in (dotted(mark, known) for mark in marks):
                if EXECUTES.search(name):
                    yield Deed("executes", f"@{name}", line, on_import)
        case _:
            pass


def _call(node: ast.Call, known: dict[str, str]) -> Iterator[tuple[Kind, str]]:
    name = dotted(node.func, known)
    for kind, pattern in CALLS:
        if pattern.search(name):
            yield kind, name
    if name in {"compile", "builtins.compile"}:
        yield "executes", name
    if name in {"open", "builtins.open", "io.open"} and _is_taken_up(node):
        yield "executes", f"{name} of a file that runs at log-in or lets others in"
    if DECODES.search(name) and any(_is_blob(argument) for argument in node.args):
        yield "obfuscated", f"{name} of a long literal"
    for argument in (*node.args, *(pair.value for pair in node.keywords)):
        if isinstance(argument, ast.Name | ast.Attribute):
            handed = dotted(argument, known)
            if EXECUTES.search(handed):
                yield "executes", f"{handed} handed to {name or 'a call'}"


def _is_taken_up(node: ast.Call) -> bool:
    """Whether `open` writes a file that the system acts on."""
    path = text(node.args[0]) if node.args else None
    modes = [*node.args[1:2], *(pair.value for pair in node.keywords if pair.arg == "mode")]
    writes = any(set(text(mode) or "") & set("wax+") for mode in modes)
    return writes and path is not None and ACTED_ON.search(path) is not None


def _is_blob(node: ast.AST) -> bool:
    whole = text(node)
    return whole is not None and len(whole) >= BLOB and not any(map(str.isspace, whole[:BLOB]))


def _on_import(tree: ast.Module) -> set[ast.AST]:
    """Every node that runs at import.

    Module and class bodies, defaults, decorators, and the bodies of functions that those
    call by name.
    """
    functions = {
        node.name: node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    reached: set[ast.AST] = set()
    waiting: list[ast.AST] = list(tree.body)
    entered: set[str] = {"__getattr__", "__dir__"} & set(functions)
    waiting += [statement for name in entered for statement in functions[name].body]
    while waiting:
        node = waiting.pop()
        if node in reached or _is_main(node):
            continue
        reached.add(node)
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                waiting += [*node.decorator_list, *node.args.defaults]
                waiting += [default for default in node.args.kw_defaults if default]
                continue
            case ast.Lambda():
                continue
            case ast.Call(func=ast.Name(id=name)) if name in functions and name not in entered:
                entered.add(name)
                waiting += _bodies(functions[name])
            case ast.Call(func=ast.Lambda(body=body)):
                waiting.append(body)
            case _:
                pass
        waiting += ast.iter_child_nodes(node)
    return reached


def _bodies(node: ast.AST) -> list[ast.AST]:
    """What runs when a function is called, or a class is made an instance of."""
    if isinstance(node, ast.ClassDef):
        starts = ("__init__", "__new__", "__post_init__", "__del__", "__init_subclass__")
        return [
            statement
            for method in node.body
            if isinstance(method, ast.FunctionDef) and method.name in starts
            for statement in method.body
        ]
    return list(getattr(node, "body", ()))


def _is_main(node: ast.AST) -> bool:
    """`if __name__ == "__main__":`, which an import passes over."""
    return isinstance(node, ast.If) and "__main__" in ast.dump(node.test)
