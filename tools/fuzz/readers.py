"""Coverage-guided fuzzing of every reader that is installed, with atheris.

In an environment of its own, with the package on the path:

    python -m venv fuzz && fuzz/bin/pip install atheris -e .
    fuzz/bin/python tools/fuzz/readers.py CORPUS -max_total_time=600 -max_len=4096

What a reader raises becomes the finding `reader/failed`, so only a hang, a dead process or
exhausted memory counts here. Put what it finds into `tests/hostile/test_redteam.py`.
"""

import sys
from collections.abc import Iterator

import atheris

with atheris.instrument_imports(include=["steelyard.weights"]):
    from steelyard.weights.inspect import catalogue
    from steelyard.weights.reader import Budget, Context, Member
    from steelyard.weights.settings import Limits
    from steelyard.weights.source import Memory, Source

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
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001, S110 (the boundary of `examine`: it becomes a finding)
        pass


atheris.Setup(sys.argv, one)
atheris.Fuzz()
