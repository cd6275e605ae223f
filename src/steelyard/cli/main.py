"""`steelyard <verb> …`: finds the verb, imports only its module, maps errors to exit codes."""

import argparse
import importlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from steelyard import __version__
from steelyard.errors import EvidenceError, InputError, SteelyardError

VERBS = {
    "audit": "weigh a model: performance, robustness, truthfulness, security",
    "check": "judge a model by a policy, from evidence alone",
    "probes": "list what an audit can ask, and what it costs",
    "policy": "check a policy before you rely on it",
    "card": "turn evidence into a model-card section",
    "inspect": "say what is in weight files, without running them",
    "diff": "say what changed between two models",
    "sign": "sign a model so that the ecosystem's tools can verify it",
    "bom": "write a bill of materials",
    "verify": "verify evidence or a signed model",
    "key": "make and show signing keys",
}
"""Verb → help. Each is a module here with `configure(parser)` and `run(arguments) -> int`."""

ADMIT, REFUSE, USAGE, REVIEW, UNKNOWN = 0, 1, 2, 3, 4
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code; never a traceback for bad input."""
    # BLAS threads spin while they wait; on two busy cores that made small factorisations four
    # times slower than one thread. Whoever wants more says so in the environment.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        with _surroundings():
            return _run(words[0], words[1:]) if words and words[0] in VERBS else _overview(words)
    except SteelyardError as error:
        _complain(str(error))
        return exit_code(error)
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return INTERRUPTED
    except OSError as error:
        _complain(f"{error.filename or 'cannot write'}: {error.strerror or error}")
        return UNKNOWN


@contextmanager
def _surroundings() -> Iterator[None]:
    """What a verb may rely on: two streams, and one way of being interrupted.

    A service manager's SIGTERM ends a verb as Ctrl-C does, so that it says how to go on.
    """
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115 (closed at the end)
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115 (closed at the end)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # for terminals that are not UTF-8
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
        sys.stdout.flush()
    finally:
        signal.signal(signal.SIGTERM, before)


def _complain(words: str) -> None:
    """To the person, without what a name in somebody's files would do to the terminal."""
    from steelyard.render.text import shown

    print(f"steelyard: {shown(words)}", file=sys.stderr)


def exit_code(error: SteelyardError) -> int:
    """2 for bad input, 1 for evidence that does not verify, 4 for everything else."""
    match error:
        case InputError():
            return USAGE
        case EvidenceError():
            return REFUSE
        case _:
            return UNKNOWN


def _run(verb: str, words: Sequence[str]) -> int:
    module = importlib.import_module(f"steelyard.cli.{verb}")
    parser = argparse.ArgumentParser(
        prog=f"steelyard {verb}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.configure(parser)
    try:
        arguments = parser.parse_args(words)
    except SystemExit as stop:
        return int(stop.code or 0)
    code: int = module.run(arguments)
    return code


def _overview(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="steelyard",
        description="Weigh an open-weight model: signed evidence about these exact weights.",
        epilog="verbs:\n"
        + "".join(f"  {verb:<9}{what}\n" for verb, what in VERBS.items())
        + "\n`steelyard <verb> --help` says the rest.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="steelyard <verb> …",
    )
    parser.add_argument("--version", action="version", version=f"steelyard {__version__}")
    try:
        _, rest = parser.parse_known_args(words)
    except SystemExit as stop:
        return int(stop.code or 0)
    if rest:
        raise InputError(f"no verb {rest[0]!r}; there are: {', '.join(VERBS)}")
    parser.print_help()
    return 0
