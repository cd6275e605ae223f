import hashlib
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from steelyard.weights import stream
from steelyard.weights.stream import Counted, Span, over

RNG = np.random.default_rng(11)


def test_the_digest_is_that_of_the_whole_file(tmp_path: Path) -> None:
    data = RNG.bytes(stream.CHUNK * 2 + 12345)
    (tmp_path / "x").write_bytes(data)
    told = over(tmp_path / "x")
    assert (told.size, told.sha256) == (len(data), hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("shift", [0, 1, 3])
def test_a_tensor_cut_by_chunks_counts_as_if_it_were_whole(
    tmp_path: Path, shift: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "CHUNK", 1001)  # never a multiple of the unit
    values = RNG.standard_normal(4000).astype(np.float32)
    (tmp_path / "x").write_bytes(b"h" * shift + values.tobytes() + b"tail")
    span = Span(name="w", dtype="F32", start=shift, end=shift + values.nbytes)
    told = over(tmp_path / "x", [span]).counted[0].statistics
    assert told
    assert told.elements == 4000
    assert (told.low, told.high) == (values.min(), values.max())
    assert told.mean == pytest.approx(float(values.mean()), abs=1e-6)


def test_many_overlapping_and_unordered_spans_each_get_their_own(tmp_path: Path) -> None:
    values = np.arange(100, dtype=np.int32)
    (tmp_path / "x").write_bytes(values.tobytes())
    spans = [
        Span(name="late", dtype="I32", start=200, end=400),
        Span(name="all", dtype="I32", start=0, end=400),
        Span(name="early", dtype="I32", start=0, end=200),
    ]
    late, whole, early = (each.statistics for each in over(tmp_path / "x", spans).counted)
    assert late
    assert whole
    assert early
    assert (early.high, late.low, whole.mean) == (49, 50, 49.5)


@pytest.mark.parametrize(
    "span",
    [
        Span(name="leaves the file", dtype="F32", start=0, end=404),
        Span(name="is upside down", dtype="F32", start=8, end=4),
        Span(name="starts before the file", dtype="F32", start=-4, end=4),
        Span(name="cuts an element", dtype="F32", start=0, end=7),
        Span(name="has no known type", dtype="X9", start=0, end=8),
        Span(name="is empty", dtype="F32", start=4, end=4),
    ],
    ids=lambda span: span.name,
)
def test_a_span_that_cannot_be_counted_gives_none(tmp_path: Path, span: Span) -> None:
    (tmp_path / "x").write_bytes(bytes(400))
    assert over(tmp_path / "x", [span]).counted == (Counted(),)


def test_a_small_file_is_read_into_a_small_buffer(tmp_path: Path) -> None:
    path = tmp_path / "small"
    path.write_bytes(b"few")
    tracemalloc.start()
    try:
        over(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20
