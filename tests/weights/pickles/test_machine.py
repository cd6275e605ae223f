"""The symbolic machine against the real ones: `pickle.Unpickler` and `pickletools`."""

import collections
import datetime as dt
import decimal
import fractions
import io
import pathlib
import pickle
import pickletools
import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.weights.pickles.cursor import Memory
from steelyard.weights.pickles.scan import Scan
from steelyard.weights.pickles.values import Bag, Blob, Made, Opaque

PROTOCOLS = range(6)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.complex_numbers(allow_nan=False)
    | st.dates()
    | st.datetimes()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.uuids()
    | st.binary().map(bytearray)
    | st.just(range(3))
    | st.sampled_from([pathlib.PurePosixPath("a/b"), dt.UTC])
)


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(inner, max_size=5)
    return (
        lists
        | lists.map(tuple)
        | lists.map(collections.deque)
        | st.lists(st.integers() | st.text(), max_size=5).map(frozenset)
        | st.lists(st.integers() | st.text(), max_size=5).map(set)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=5)
        | st.dictionaries(st.text(), inner, max_size=5).map(collections.OrderedDict)
        | lists.map(lambda items: [items, items])
    )


DATA = st.recursive(SCALARS, containers, max_leaves=30)


class Recorder(pickle.Unpickler):
    """The real unpickler, which writes down what it imports."""

    def __init__(self, raw: bytes) -> None:
        super().__init__(io.BytesIO(raw))
        self.asked: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:
        self.asked.add(f"{module}.{name}")
        return super().find_class(module, name)


@given(data=DATA, protocol=st.sampled_from(PROTOCOLS))
@settings(max_examples=300, deadline=None)
def test_plain_data_is_safe_and_imports_what_the_real_unpickler_imports(
    data: Any, protocol: int
) -> None:
    raw = pickle.dumps(data, protocol)
    real = Recorder(raw)
    real.load()
    report = Scan().all(Memory(raw))
    translated = {str(found) for found in report.imports.values()}
    assert report.verdict == "safe", list(report.notes.values())
    # find_class sees Python 2 names before translation, the machine reports them after.
    modern = {name.replace("__builtin__.", "builtins.") for name in real.asked}
    modern = {name.replace("copy_reg.", "copyreg.") for name in modern}
    modern = {name.replace("builtins.xrange", "builtins.range") for name in modern}
    assert translated == modern


def plain(value: Any) -> Any:
    """The real value that a symbolic one stands for, where it is plain data."""
    match value:
        case Bag(kind="list"):
            return [plain(item) for item in value.items]
        case Bag(kind="dict"):
            pairs = zip(value.items[::2], value.items[1::2], strict=True)
            return {key: plain(item) for key, item in pairs}
        case tuple():
            return tuple(plain(item) for item in value)
        case _:
            return value


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(data=PLAIN, protocol=st.sampled_from(PROTOCOLS))
@settings(max_examples=200, deadline=None)
def test_the_value_is_the_one_that_is_loaded(data: Any, protocol: int) -> None:
    report = Scan().all(Memory(pickle.dumps(data, protocol)))
    value = plain(report.results[0])
    if not any(isinstance(part, (Opaque, Blob)) for part in walk(value)):
        assert value == data


def walk(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [part for item in value for part in walk(item)]
    return [value]


@given(raw=st.binary(max_size=200))
@settings(max_examples=500, deadline=None)
def test_any_bytes_end_in_a_report(raw: bytes) -> None:
    report = Scan().all(Memory(raw))
    assert report.verdict in {"safe", "review", "denied", "unreadable"}


OPCODES = st.sampled_from([op.code.encode("latin1") for op in pickletools.opcodes])
ARGUMENTS = st.sampled_from(
    [b"", b"\0", b"\x01", b"\x02", b"1\n", b"'a'\n", b"\x01\0\0\0", b"a\nb\n", b"\x08" + 7 * b"\0"]
)


class Blocked(pickle.Unpickler):
    """The real unpickler, which imports nothing."""

    def find_class(self, module: str, name: str) -> Any:
        raise ImportError(f"{module}.{name}")


@given(parts=st.lists(st.tuples(OPCODES, ARGUMENTS), max_size=12))
@settings(max_examples=1500, deadline=None)
def test_what_the_real_unpickler_loads_the_machine_finishes(
    parts: list[tuple[bytes, bytes]],
) -> None:
    raw = b"".join(code + argument for code, argument in parts) + b"."
    # The C unpickler allocates whatever a memo index or a length says.
    if b"r" in raw or b"p" in raw or b"\x96" in raw:
        return
    file = io.BytesIO(raw)
    try:
        Blocked(file).load()
    except Exception:  # noqa: BLE001 - hostile bytes raise anything
        return
    report = Scan().all(Memory(raw))
    names = {note.rule for note in report.notes.values()}
    assert "pickle/broken-stream" not in names, (raw, list(report.notes.values()))


def test_the_memo_keeps_aliases() -> None:
    shared: list[int] = []
    report = Scan().all(Memory(pickle.dumps([shared, shared], 4)))
    outer = report.results[0]
    assert outer.items[0] is outer.items[1]


def test_an_instance_keeps_what_is_put_into_it() -> None:
    report = Scan().all(Memory(pickle.dumps(collections.OrderedDict(a=1), 2)))
    made = report.results[0]
    assert isinstance(made, Made)
    assert made.items is not None
    assert made.items.mapping() == {"a": 1}


@pytest.mark.parametrize("value", [decimal.Decimal(1), fractions.Fraction(1, 2), uuid.UUID(int=1)])
def test_number_classes_are_safe(value: Any) -> None:
    for protocol in PROTOCOLS:
        assert Scan().all(Memory(pickle.dumps(value, protocol))).verdict == "safe"
