"""Whole processes, timed in turn so that a machine's drift hits every row alike."""

import os
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.environments import QUIET


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    command: list[str | Path]


@dataclass(frozen=True, slots=True)
class Cost:
    wall: float
    """Seconds."""

    cpu: float
    """Seconds, user and system, children included."""

    peak: float
    """MiB of the largest process."""

    status: int
    """Exit code; negative for a signal. 2 is usage: such a row timed nothing."""


def timed(command: list[str | Path]) -> Cost:
    begun = time.perf_counter()
    child = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=QUIET
    )
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begun
    return Cost(
        wall=wall,
        cpu=used.ru_utime + used.ru_stime,
        peak=used.ru_maxrss / 1024,
        status=child.returncode,
    )


def table(title: str, rows: list[Row], rounds: int) -> None:
    """Ratios to the first row, median of `rounds`."""
    costs: dict[str, list[Cost]] = {row.name: [] for row in rows}
    for row in rows:
        timed(row.command)  # not counted: bytecode and page cache are warm for all alike
    for _ in range(rounds):
        for row in rows:
            costs[row.name].append(timed(row.command))
    print(f"\n{title}: ratio to the first row in the same run, median of {rounds}")
    print(f"  {'':<34}{'wall':>8}{'CPU':>8}{'peak MiB':>10}{'exit':>6}")
    floor = costs[rows[0].name]
    for name, seen in costs.items():
        wall = middle(seen, "wall") / middle(floor, "wall")
        cpu = middle(seen, "cpu") / middle(floor, "cpu")
        print(
            f"  {name:<34}{wall:>8.2f}{cpu:>8.2f}{middle(seen, 'peak'):>10.0f}{seen[-1].status:>6}",
            flush=True,
        )


def middle(seen: list[Cost], field: str) -> float:
    return statistics.median(getattr(cost, field) for cost in seen)
