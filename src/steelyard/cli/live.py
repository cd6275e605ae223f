"""An audit as it happens: a table that narrows on a terminal, plain lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from steelyard.audit import events
from steelyard.cli.verdict import STYLES, interval, number
from steelyard.evidence.value import Estimate

if TYPE_CHECKING:
    from rich.table import Table

WIDTH = 32
"""Characters of an interval's picture."""

QUIET = 10.0
"""Seconds between two plain lines about progress."""


@contextmanager
def watch(stream: TextIO) -> Iterator[events.Observer]:
    """An observer that shows the run on `stream`."""
    if not stream.isatty():
        yield Lines(stream)
        return
    from rich.console import Console
    from rich.live import Live

    board, console = Board(), Console(file=stream)
    with Live(console=console, get_renderable=board.table, transient=True) as live:

        def observer(event: events.Event) -> None:
            board(event)
            if isinstance(event, events.Stopped):
                live.stop()  # what follows writes on the terminal itself

        yield observer


class Lines:
    """One line a decision, and a sign of life."""

    def __init__(self, stream: TextIO) -> None:
        """Nothing is said before the run starts."""
        self._stream = stream
        self._spoke = time.monotonic()

    def __call__(self, event: events.Event) -> None:
        """Say what is worth a line."""
        match event:
            case events.Started():
                resumed = f", {event.resumed} cases from the journal" if event.resumed else ""
                self._say(
                    f"asking {event.model}: {len(event.probes)} probes, {len(event.gates)} gates, "
                    f"seed committed as {event.commitment[:16]}…{resumed}"
                )
            case events.GateDecided():
                gate = event.gate
                self._say(
                    f"{event.state.upper():<5} {gate.metric} {gate.op} {number(gate.threshold)}: "
                    f"{interval(event.estimate)}, {event.estimate.n} cases"
                )
            case events.Counted() if time.monotonic() - self._spoke > QUIET:
                self._say(f"{event.calls} calls counted, now {event.probe}")
            case events.Stopped():
                self._say(f"stopped: {event.why}, {event.calls} calls")
            case _:
                pass

    def _say(self, text: str) -> None:
        self._spoke = time.monotonic()
        self._stream.write(f"{text}\n")
        self._stream.flush()


class Board:
    """The state behind the live table."""

    def __init__(self) -> None:
        """Empty until the run starts."""
        self._started = events.Started(
            model="starting…", commitment="", probes=(), gates=(), calls=0, resumed=0
        )
        self._estimates: dict[int, Estimate] = {}
        self._states: dict[int, str] = {}
        self._calls = 0
        self._now = ""
        self._began = time.monotonic()

    def __call__(self, event: events.Event) -> None:
        """Take note; the table is drawn a few times a second, not at each event."""
        match event:
            case events.Started():
                self._started = event
            case events.GateMoved():
                self._estimates[event.gate.key] = event.estimate
            case events.GateDecided():
                self._estimates[event.gate.key] = event.estimate
                self._states[event.gate.key] = event.state
            case events.Counted():
                self._calls, self._now = event.calls, event.probe
            case _:
                pass

    def table(self) -> "Table":
        """What to draw now."""
        from rich.markup import escape
        from rich.table import Table

        start, took = self._started, time.monotonic() - self._began
        budget = f" of {start.calls}" if start.calls else ""
        table = Table(
            title=f"{escape(start.model)}  {self._calls}{budget} calls  {took:.0f} s",
            caption=f"{escape(self._now)}  seed committed as {start.commitment[:16]}",
            title_justify="left",
            caption_justify="left",
        )
        for column in ("gate", "claim", "interval", "", "cases"):
            table.add_column(column, no_wrap=column != "gate")
        for gate in start.gates:
            estimate = self._estimates.get(gate.key)
            state = self._states.get(gate.key, "")
            style = STYLES.get(state, "cyan")
            value = number(estimate.value, estimate.unit) if estimate else ""
            table.add_row(
                escape(gate.metric),
                f"{gate.op} {number(gate.threshold)}",
                f"[{style}]{picture(estimate, gate.threshold)}[/]",
                f"[{style}]{state or value}[/]",
                str(estimate.n) if estimate else "",
            )
        return table


def picture(estimate: Estimate | None, threshold: float) -> str:
    """The interval on a line from the least to the most possible, `┃` at the threshold."""
    least = -1.0 if estimate is not None and estimate.unit == "points" else 0.0
    line = ["·"] * WIDTH

    def at(value: float) -> int:
        return min(WIDTH - 1, max(0, int((value - least) / (1 - least) * WIDTH)))

    if estimate is not None:
        for place in range(at(estimate.low), at(estimate.high) + 1):
            line[place] = "━"
        line[at(estimate.value)] = "●"
    line[at(threshold)] = "┃"
    return "".join(line)
