import numpy as np
import pytest

from steelyard.weights.statistics import Statistics, layout

RNG = np.random.default_rng(7)


def figures(dtype: str, data: bytes, pieces: int = 3) -> Statistics:
    found = layout(dtype)
    assert found is not None
    accumulator = found.start()
    step = max(len(data) // pieces // found.unit, 1) * found.unit
    for start in range(0, len(data), step):
        accumulator.add(data[start : start + step])
    return accumulator.result()


@pytest.mark.parametrize("dtype", ["F64", "F32", "F16"])
def test_floats_are_what_numpy_says(dtype: str) -> None:
    kind = {"F64": np.float64, "F32": np.float32, "F16": np.float16}[dtype]
    values = (RNG.standard_normal(5000) * 0.05 + 0.01).astype(kind)
    values[::100] = 0
    told = figures(dtype, values.tobytes())
    wide = values.astype(np.float64)
    assert (told.elements, told.zeros, told.nan, told.infinite) == (5000, 50, 0, 0)
    assert (told.low, told.high) == (wide.min(), wide.max())
    assert told.mean == pytest.approx(wide.mean(), rel=1e-4)
    assert told.deviation == pytest.approx(wide.std(), rel=1e-4)


@pytest.mark.parametrize("dtype", ["F64", "F32", "F16"])
def test_what_is_not_finite_is_counted_and_kept_out_of_the_mean(dtype: str) -> None:
    kind = {"F64": np.float64, "F32": np.float32, "F16": np.float16}[dtype]
    values = np.array([1, np.nan, 3, np.inf, -np.inf, np.nan], kind)
    told = figures(dtype, values.tobytes(), pieces=2)
    assert (told.nan, told.infinite, told.mean, told.deviation) == (2, 2, 2.0, 1.0)


def test_huge_finite_floats_are_not_called_infinite() -> None:
    told = figures("F32", np.array([3e38, -3e38], np.float32).tobytes())
    assert (told.nan, told.infinite, told.mean) == (0, 0, 0.0)


def test_brain_floats_are_the_upper_half_of_a_float() -> None:
    values = RNG.standard_normal(1000).astype(np.float32)
    upper = (values.view(np.uint32) >> 16).astype(np.uint16)
    exact = (upper.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    told = figures("BF16", upper.tobytes())
    assert told.mean == pytest.approx(exact.mean(), abs=1e-12)
    assert told.deviation == pytest.approx(exact.std(), abs=1e-12)


def test_eight_bit_floats_follow_the_specification() -> None:
    # OCP 8-bit floating point specification 1.0, table 1: largest normal 448 and 57344
    assert figures("F8_E4M3", bytes([0x7E, 0xFE])).high == 448
    assert figures("F8_E5M2", bytes([0x7B])).high == 57344
    assert figures("F8_E4M3", bytes([0x7F, 0xFF])).nan == 2
    assert figures("F8_E5M2", bytes([0x7C, 0x7D])).infinite == 1
    assert figures("F8_E4M3", bytes([0x01])).low == 2**-9


@pytest.mark.parametrize("dtype", ["I64", "I32", "I16", "I8", "U8"])
def test_integers_are_signed_or_not_as_their_name_says(dtype: str) -> None:
    kind = {"I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1", "U8": "<u1"}[dtype]
    values = np.array([0, 1, 100, 127], kind)
    lowest = 0 if dtype == "U8" else -100
    values[0] = lowest
    told = figures(dtype, values.tobytes())
    assert (told.low, told.high) == (lowest, 127)


@pytest.mark.parametrize(
    "name", ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]
)
def test_a_nan_scale_of_a_quantised_block_is_seen_where_the_library_sees_it(name: str) -> None:
    gguf = pytest.importorskip("gguf")
    kind = gguf.GGMLQuantizationType[name]
    _, size = gguf.GGML_QUANT_SIZES[kind]
    found = layout(name)
    assert found is not None
    assert found.unit == size
    assert figures(name, bytes(size * 4)).dead
    seen = set()
    for offset in range(0, size, 2):
        block = bytearray(size)
        block[offset : offset + 2] = np.array([np.nan], np.float16).tobytes()
        with np.errstate(all="ignore"):
            values = gguf.quants.dequantize(np.frombuffer(block, np.uint8), kind)
        lost = bool(np.isnan(values).any())
        seen |= {offset} if lost else set()
        assert figures(name, bytes(block)).nan == int(lost), offset
    assert seen


def test_a_tensor_of_zeros_is_dead_and_one_of_minus_zeros_too() -> None:
    assert figures("F16", np.array([0.0, -0.0], np.float16).tobytes()).dead
    assert not figures("F32", np.array([0.0, 1e-40], np.float32).tobytes()).dead


def test_an_unknown_type_has_no_layout() -> None:
    assert layout("IQ9_Z") is None
