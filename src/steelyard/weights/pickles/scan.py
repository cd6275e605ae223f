"""Every pickle in some bytes: one, several in a row, torch's old format, and what follows them."""

from dataclasses import dataclass
from typing import Any

from steelyard.weights.pickles.cursor import BrokenStreamError, Bytes
from steelyard.weights.pickles.judge import Judge
from steelyard.weights.pickles.machine import BUDGET, Machine
from steelyard.weights.pickles.report import Report

DEEPEST = 8
"""Pickles within pickles."""

MOST_PICKLES = 100_000
"""In a row in one file."""

TORCH_MAGIC = 0x1950A86A20F9469CFC6C
TORCH_PICKLES = 5
"""Magic number, protocol, system, object, storage keys: then raw storages.

From: torch 2.13 `torch/serialization.py`, `_legacy_save`.
"""

_ZERO = 1 << 16


@dataclass(frozen=True)
class Scan:
    """Settings of one look, and how deep it is."""

    depth: int = 0
    budget: int = BUDGET

    def one(self, source: Bytes, start: int, report: Report) -> int:
        """Judge one pickle at `start` into `report` and give the offset after it.

        Raises:
            BrokenStreamError: it has no end, or is nested too deep.
        """
        if self.depth >= DEEPEST:
            raise BrokenStreamError(f"pickles are nested deeper than {DEEPEST}")
        judge = Judge(source, report, Scan(self.depth + 1, self.budget))
        return Machine(source, start, judge).run(self.budget)

    def all(self, source: Bytes) -> Report:
        """Judge everything in `source`."""
        report = Report()
        self.row(source, 0, report)
        return report

    def row(self, source: Bytes, start: int, report: Report) -> int:
        """Judge pickles one after the other and give the offset where they end."""
        at = start
        for count in range(MOST_PICKLES):
            # What follows a good pickle is believed to be one only if it ends, or calls something.
            found = Report() if count else report
            try:
                after = self.one(source, at, found)
            except BrokenStreamError as error:
                self._broken(source, at, (report, found), str(error))
                return at
            if count:
                report.add(found)
            at = after
            torch = count + 1 == TORCH_PICKLES and is_torch_magic(report.results[0])
            if torch or at >= source.size:
                return at
            if not _may_begin(source, at):
                self._trailing(source, at, report)
                return at
        report.note("pickle/broken-stream", f"more than {MOST_PICKLES} pickles in a row")
        return at

    def _broken(self, source: Bytes, at: int, reports: tuple[Report, Report], why: str) -> None:
        """Note a pickle without an end: the first one, or bytes after a good one."""
        report, found = reports
        if found.calls:
            if found is not report:
                report.add(found)
            report.note(
                "pickle/truncated-after-call", f"{why}; what was called before that has run"
            )
        elif found is report:
            report.note("pickle/broken-stream", why)
        else:
            self._trailing(source, at, report)

    def _trailing(self, source: Bytes, at: int, report: Report) -> None:
        """Note bytes after the last pickle, unless they are padding."""
        size = source.size - at
        if size <= _ZERO and not source.read(at, size).strip(b"\0\r\n"):
            return
        report.note("pickle/trailing-data", f"{size} bytes follow the pickle, from byte {at}")


def is_torch_magic(result: Any) -> bool:
    """Whether the first pickle of a file is torch's old mark."""
    return isinstance(result, int) and result == TORCH_MAGIC


def _may_begin(source: Bytes, at: int) -> bool:
    """Whether another pickle may begin here: anything but padding and an archive."""
    head = source.read(at, 4)
    return head[:1] != b"\0" and head != b"PK\x03\x04"
