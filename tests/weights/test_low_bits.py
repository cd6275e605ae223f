"""Hidden payloads: found where they lie, and not seen in weights that have none."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from steelyard.weights.checks import low_bits

if TYPE_CHECKING:
    from collections.abc import Callable

ELEMENTS = 1 << 18
TEXT = b"import this; print('the quick brown fox jumps over it'); # Zen 0123456789 XYZ\n"


def weights(seed: int, kind: str = "normal") -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    drawn: dict[str, Callable[[], NDArray[Any]]] = {
        "normal": lambda: rng.normal(0, 0.02, ELEMENTS),
        "laplace": lambda: rng.laplace(0, 0.02, ELEMENTS),
        "student": lambda: rng.standard_t(3, ELEMENTS) * 0.02,
        "binade": lambda: rng.uniform(0.25, 0.5, ELEMENTS),
        "8 bits a channel": lambda: (
            rng.integers(-127, 128, ELEMENTS)
            * np.repeat(rng.uniform(1e-4, 1e-3, ELEMENTS // 512), 512)
        ),
        "4 bits a block": lambda: (
            rng.integers(-8, 8, ELEMENTS) * np.repeat(rng.uniform(1e-4, 1e-2, ELEMENTS // 32), 32)
        ),
        "pruned": lambda: rng.normal(0, 0.02, ELEMENTS) * (rng.random(ELEMENTS) < 0.4),
        "repeated rows": lambda: np.tile(rng.normal(0, 0.02, 64), ELEMENTS // 64),
    }
    return np.asarray(drawn[kind](), np.float32)


KINDS = ("normal", "laplace", "student", "binade", "8 bits a channel", "4 bits a block", "pruned",
         "repeated rows")  # fmt: skip


def found(data: bytes, dtype: str) -> low_bits.Hidden | None:
    search = low_bits.Search(low_bits.WIDTHS[dtype])
    search.add(0, 0, memoryview(data))
    search.flush()
    return search.found.get(0)


def as_type(values: NDArray[np.float32], dtype: str) -> bytes:
    if dtype == "BF16":
        return (values.view(np.uint32) >> 16).astype(np.uint16).tobytes()
    if dtype == "F16":
        return values.astype(np.float16).tobytes()
    if dtype == "F32 from 16 bits":
        return values.astype(np.float16).astype(np.float32).tobytes()
    return values.tobytes()


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16", "F32 from 16 bits"])
@pytest.mark.parametrize("kind", KINDS)
def test_weights_without_a_payload_raise_no_alarm(kind: str, dtype: str) -> None:
    # 33 windows a tensor here; the slow test takes 40,000 and more.
    data = as_type(weights(7, kind), dtype)
    assert found(data, dtype[:4].strip()) is None


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_false_alarm_rate_is_below_one_in_ten_thousand_windows(kind: str) -> None:
    # Seeds 0 to 311, 32 windows each: 9,984 windows a kind and type, 30,000 a kind; none may fail
    # (if the rate were 1e-4, at least one would with probability 0.95).
    for seed in range(312):
        values = weights(seed, kind)
        for dtype in ("F32", "F16", "BF16"):
            assert found(as_type(values, dtype), dtype) is None


def test_text_in_the_lowest_bytes_is_found_where_it_begins() -> None:
    data = bytearray(weights(1).tobytes())
    payload = TEXT * 300
    begin = 100_000
    data[4 * begin : 4 * (begin + len(payload)) : 4] = payload
    hidden = found(bytes(data), "F32")
    assert hidden
    assert hidden.kind == "text in the lowest bytes"
    assert 0 <= hidden.element - begin < low_bits.STRIDE + low_bits.WINDOW


@pytest.mark.parametrize("order", ["big", "little"])
@pytest.mark.parametrize("dtype", ["F32", "F16"])
def test_text_in_the_lowest_bits_is_found_in_any_phase(order: str, dtype: str) -> None:
    raw = np.frombuffer(bytearray(as_type(weights(2), dtype)), np.uint8).copy()
    width = 4 if dtype == "F32" else 2
    bits = np.unpackbits(np.frombuffer(TEXT * 400, np.uint8), bitorder=order)  # type: ignore[call-overload]  # the stub wants a literal
    low = raw[::width]
    low[3 : 3 + len(bits)] = low[3 : 3 + len(bits)] & 0xFE | bits
    raw[::width] = low
    hidden = found(raw.tobytes(), dtype)
    assert hidden
    assert hidden.kind == "text in the lowest bits"


def test_machine_code_in_the_lowest_bytes_is_structure() -> None:
    data = bytearray(weights(3).tobytes())
    rng = np.random.default_rng(3)
    # The profile of x86-64 code: a quarter zeros, a few frequent prefixes, the rest anything.
    code = rng.choice([0, 0x48, 0xFF, 0x89], 40_000).astype(np.uint8)
    rest = rng.random(40_000) < 0.5
    code[rest] = rng.integers(0, 256, int(rest.sum()), dtype=np.uint8)
    data[0 : 4 * len(code) : 4] = code.tobytes()
    hidden = found(bytes(data), "F32")
    assert hidden
    assert hidden.kind == "structure in the lowest bytes"


def test_encrypted_payloads_are_not_claimed_to_be_seen() -> None:
    data = bytearray(weights(4).tobytes())
    noise = np.random.default_rng(4).integers(0, 256, ELEMENTS, dtype=np.uint8)
    data[::4] = noise.tobytes()
    assert found(bytes(data), "F32") is None
