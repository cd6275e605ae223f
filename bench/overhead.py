"""What an engine costs beside the model: start-up, CPU a sample, and throughput.

Against an endpoint that answers in 20 ms, 32 requests in flight. Throughput is measured at the
endpoint, from the first call to the last answer, so that start-up doesn't count twice; CPU a
sample is the slope between a short and a long run. Steelyard does its whole job meanwhile:
draws, e-processes, journal, hash chain, reports, signature.
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.environments import QUIET
from bench.peers import PEERS, Job, Peer

LATENCY, AT_ONCE, ROUNDS = 0.02, 32, 3
SHORT, LONG = 64, 2000
PEER_LONG = 256
"""garak has about so many prompts of one kind."""


@dataclass(frozen=True, slots=True)
class Run:
    first: float
    """Seconds from the command to the first call."""

    rate: float
    """Answers a second, from the first call to the last answer."""

    cpu: float
    """Seconds, user and system, children included."""

    count: int


@contextlib.contextmanager
def dummy() -> Iterator[str]:
    words = [sys.executable, "-m", "bench.dummy", str(LATENCY)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101 (it was asked for one line up)
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


def once(peer: Peer, host: str, count: int) -> Run | None:
    with tempfile.TemporaryDirectory() as folder:
        command = peer(Job(f"{host}/v1", count, AT_ONCE, Path(folder)))
        if command is None:
            return None
        stats(host)
        begun = time.time()
        environment = {**os.environ, **QUIET, **command.environment}
        environment["PYTHONPATH"] = str(Path(__file__).parent.parent)
        # With this set, every start would compile every module again.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        child = subprocess.Popen(
            command.words, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _, _, used = os.wait4(child.pid, 0)
        child.returncode = 0
    seen = stats(host)
    if not seen["count"]:
        return None
    span = max(seen["last"] - seen["first"], 1e-6)
    return Run(
        first=seen["first"] - begun,
        rate=seen["count"] / span,
        cpu=used.ru_utime + used.ru_stime,
        count=int(seen["count"]),
    )


def stats(host: str) -> dict[str, float]:
    with urllib.request.urlopen(f"{host}/stats") as answer:  # noqa: S310 (our own, on loopback)
        return dict(json.loads(answer.read()))


def main() -> None:
    print(f"endpoint {LATENCY * 1000:.0f} ms, {AT_ONCE} in flight, median of {ROUNDS} rounds")
    print(f"  {'':<20}{'first call s':>13}{'CPU ms/sample':>15}{'throughput':>12}{'calls':>8}")
    with dummy() as host:
        _compare(host, ("bare aiohttp loop", "steelyard"), LONG, ROUNDS)
        print(f"  peers, {PEER_LONG} calls; throughput beside a bare loop of as many")
        _compare(host, tuple(PEERS), PEER_LONG, 1)


def _compare(host: str, names: tuple[str, ...], count: int, rounds: int) -> None:
    runs: dict[str, list[tuple[Run, Run]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            short, long = once(PEERS[name], host, SHORT), once(PEERS[name], host, count)
            if short is not None and long is not None:
                runs[name].append((short, long))
    floor = statistics.median(long.rate for _, long in runs[names[0]])
    for name, pairs in runs.items():
        if not pairs:
            print(f"  {name:<20} did not ask: not installed, or it failed")
            continue
        first = statistics.median(run.first for pair in pairs for run in pair)
        slope = statistics.median(
            (b.cpu - a.cpu) / max(1, b.count - a.count) * 1000 for a, b in pairs
        )
        rate = statistics.median(long.rate for _, long in pairs) / floor
        shown = f"{slope:.2f}" if slope > 0 else "in the noise"
        print(f"  {name:<20}{first:>13.2f}{shown:>15}{rate:>12.2f}{pairs[0][1].count:>8}",
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
