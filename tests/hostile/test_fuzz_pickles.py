"""Mutations of valid files: whatever the bytes, a report comes back, and never a false peace."""

import io
import pickle
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from steelyard.weights.inspect import catalogue
from steelyard.weights.pickles.cursor import Memory
from steelyard.weights.pickles.scan import Scan
from steelyard.weights.reader import Budget, Context, ExhaustedError, Member, Reader
from steelyard.weights.settings import Limits
from steelyard.weights.source import Memory as Bytes
from steelyard.weights.source import Source, TooLargeError
from tests.hostile.boxes import checkpoint, zipped
from tests.hostile.mutations import SEEDS, mutated
from tests.hostile.programs import name, program
from tests.hostile.test_containers import FOUR, STATE

ROUNDS = 1500
SLOWEST = 2.0
"""Seconds of processor time for one file of a few kilobytes."""

OURS = {"pickle", "zip", "tar", "7z", "compressed", "npy", "embedded-pickle"}
READERS = [reader for reader in catalogue().readers if reader.format in OURS]


def explored(source: Source, context: Context) -> Iterator[tuple[Reader, Any]]:
    """What our readers say of a source and everything in it; errors are not caught."""
    for reader in READERS:
        if reader.sniff(source):
            for item in reader.read(source, context):
                yield reader, item
                if isinstance(item, Member) and context.depth < context.limits.depth:
                    context.budget.enter()
                    yield from explored(item.source, context.inside(item.name))


@pytest.mark.parametrize("seed", range(4))
def test_no_mutation_breaks_a_reader(seed: int) -> None:
    random_ = random.Random(seed)
    limits = Limits(expanded=64 << 20, members=500)
    for _ in range(ROUNDS // 4):
        raw = mutated(random_, random_.choice(SEEDS))
        context = Context(path="x", limits=limits, budget=Budget(limits))
        begun = time.process_time()
        try:
            for _ in explored(Bytes(raw, "x"), context):
                pass
        except (ExhaustedError, TooLargeError):
            continue
        except Exception as error:
            raise AssertionError(f"{raw!r}") from error
        assert time.process_time() - begun < SLOWEST, raw


class Watcher(pickle.Unpickler):
    """The real unpickler: writes down what it asks for, imports harmless things alone."""

    def __init__(self, raw: bytes) -> None:
        super().__init__(io.BytesIO(raw))
        self.asked: list[str] = []

    def find_class(self, module: str, name: str) -> Any:
        self.asked.append(f"{module}.{name}")
        raise pickle.UnpicklingError("blocked")

    def persistent_load(self, pid: Any) -> Any:
        return pid


def allocates(raw: bytes) -> bool:
    """Whether the real unpickler may take gigabytes: a huge memo index, a long bytearray."""
    return any(code in raw for code in (b"r", b"\x96", b"p", b"\x8b", b"\x95"))


@pytest.mark.parametrize("seed", range(4))
def test_what_the_real_unpickler_asks_for_is_seen(seed: int) -> None:
    random_ = random.Random(seed)
    programs = [raw for raw in SEEDS if raw[:1] in {b"\x80", b"(", b"c"}]
    for _ in range(ROUNDS // 4):
        raw = mutated(random_, random_.choice(programs))
        if allocates(raw):
            continue
        real = Watcher(raw)
        try:
            real.load()
        except Exception:  # noqa: BLE001 - hostile bytes raise anything
            if not real.asked:
                continue
        report = Scan().all(Memory(raw))
        if real.asked:
            first = real.asked[0].split(".")[-1]
            seen = " ".join(report.imports) + " ".join(n.message for n in report.notes.values())
            assert first in seen or "__builtin__" in real.asked[0] or not first, raw
        else:
            assert report.verdict != "unreadable" or "pickle/truncated-after-call" in {
                note.rule for note in report.notes.values()
            }, raw


UNKNOWN_STORAGE = STATE.replace(b"FloatStorage", b"FloatSte")
NO_GEOMETRY = program(name("torch._utils", "_rebuild_tensor_v2"), b"NK\x00K\x05K\x06tR", b"(")

REGRESSIONS: list[bytes] = [
    zipped(*checkpoint(UNKNOWN_STORAGE, storages={"0": FOUR})),
    zipped(*checkpoint(NO_GEOMETRY.replace(b"NK", b"(NK"), storages={"0": FOUR})),
    zipped(*checkpoint(b"\x80\x02}(K\x01K\x02K\x03e.", storages={"0": FOUR})),
]
"""Inputs that broke a reader once."""


@pytest.mark.parametrize("raw", REGRESSIONS)
def test_what_broke_a_reader_once_does_not_again(raw: bytes) -> None:
    limits = Limits()
    list(explored(Bytes(raw, "x"), Context(path="x", limits=limits, budget=Budget(limits))))


def test_time_grows_with_size_and_not_faster() -> None:
    def cost(levels: int) -> float:
        raw = b"\x80\x04" + b"](" * levels + b"e" * levels + b"."
        begun = time.process_time()
        Scan().all(Memory(raw))
        return time.process_time() - begun

    cost(1000)
    assert cost(200_000) < 40 * max(cost(20_000), 0.005)


def test_a_long_row_of_pickles_is_read_in_linear_time() -> None:
    raw = pickle.dumps([1, 2], 4) * 5000
    begun = time.process_time()
    assert Scan().all(Memory(raw)).verdict == "safe"
    assert time.process_time() - begun < 10
