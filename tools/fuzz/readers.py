"""Coverage-guided fuzzing of every reader that is installed, with atheris.

In an environment of its own, with the package on the path:

    python -m venv fuzz && fuzz/bin/pip install atheris -e .
    fuzz/bin/python tools/fuzz/readers.py CORPUS -max_total_time=600 -max_len=4096

Anything but a report, or the budget's own error, is a crash. Put what it finds into
`REGRESSIONS` of `tests/hostile/test_fuzz_pickles.py`.
"""

import sys
from collections.abc import Iterator

import atheris

with atheris.instrument_imports(include=["steelyard.weights"]):
    from steelyard.weights.inspect import catalogue
    from steelyard.weights.reader import Budget, Context, ExhaustedError, Member
    from steelyard.weights.settings import Limits
    from steelyard.weights.source import Memory, Source, TooLargeError

READERS = catalogue().readers
LIMITS = Limits(expanded=16 << 20, members=200, depth=4)


def explore(source: Source, context: Context) -> Iterator[object]:
    """Read a source and everything in it."""
    for reader in READERS:
        if reader.sniff(source):
            for item in reader.read(source, context):
                yield item
                if isinstance(item, Member) and context.depth < LIMITS.depth:
                    context.budget.enter()
                    yield from explore(item.source, context.inside(item.name))


def one(raw: bytes) -> None:
    """Read one input."""
    try:
        for _ in explore(Memory(raw, "x"), Context(path="x", limits=LIMITS, budget=Budget(LIMITS))):
            pass
    except (ExhaustedError, TooLargeError):
        pass


atheris.Setup(sys.argv, one)
atheris.Fuzz()
