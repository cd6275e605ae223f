"""List what an audit can ask, and what it costs.

steelyard probes                              the whole catalogue
steelyard probes 'security.*'                 part of it
steelyard probes truthfulness.facts --json    everything a probe declares about itself

`fewest` is the number of calls after which a flawless model passes a typical gate on the
probe's main figure, alone in its policy: at most 5 %, at least 80 %, or a change of at least
-10 points. A model that is not flawless needs more; `steelyard policy lint` counts for your
own policy. OWASP entries are of the 2026 edition, the 2025 entry in brackets: the numbers
changed meaning.
"""

import argparse
import math
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from steelyard.audit import catalogue
from steelyard.audit.probe import Card, Measure
from steelyard.evidence import owasp
from steelyard.measure.claim import Claim
from steelyard.measure.planning import fewest_calls
from steelyard.measure.sequential import make

ALPHA = 0.05


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "probes", nargs="*", metavar="GLOB", help="ids to list, e.g. 'security.*'; all by default"
    )
    parser.add_argument("--json", action="store_true", help="everything, for programs")


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    cards = [probe.card for probe in catalogue.probes(arguments.probes or ("*",))]
    if arguments.json:
        import msgspec

        listed = msgspec.json.encode([described(card) for card in cards])
        print(msgspec.json.format(listed).decode())
    else:
        _table(cards)
    return 0


def typical(measure: Measure) -> Claim | None:
    """The gate that `fewest` is about; None for a figure that is neither good nor bad."""
    match measure.better, measure.kind:
        case "neither", _:
            return None
        case "lower", "difference":
            return Claim("<=", 0.1)
        case "lower", _:
            return Claim("<=", 0.05)
        case _, "difference":
            return Claim(">=", -0.1)
        case _:
            return Claim(">=", 0.8)


def fewest(card: Card) -> int | None:
    """Calls until a flawless model passes the typical gate on the main figure."""
    main = card.measures[0]
    claim = typical(main)
    if claim is None:
        return None
    if main.kind == "difference":
        return card.calls * _unchanged(claim)
    size = card.size if main.kind == "rate" else 0
    return card.calls * fewest_calls(claim, ALPHA, kind=main.kind, size=size)


def _unchanged(claim: Claim) -> int:
    """Cases until a model that never changes passes: flawless is no change, not the best."""
    test = make("difference", claim)
    while test.log_e_pass < math.log(1 / ALPHA):
        test.update(0.0)
    return test.n


def described(card: Card) -> Mapping[str, Any]:
    """What a probe declares, and what it costs."""
    claim = typical(card.measures[0])
    return {
        "id": card.id,
        "version": card.version,
        "title": card.title,
        "dimension": card.dimension,
        "layer": card.layer,
        "access": card.access,
        "owasp": {
            name: {
                "title": owasp.title(name),
                "2025": owasp.crosswalk(name, "2025"),
                "2025_title": owasp.title(owasp.crosswalk(name, "2025")),
            }
            for name in card.owasp
        },
        "hit": card.hit,
        "estimand": card.estimand,
        "source": card.source,
        "measures": [
            {
                "metric": f"{card.id}.{measure.name}",
                "title": measure.title,
                "kind": measure.kind,
                "better": measure.better,
                "scorer_error": measure.error,
            }
            for measure in card.measures
        ],
        "aggregates": [f"{card.id}.{aggregate.name}" for aggregate in card.aggregates],
        "needs": sorted(card.needs),
        "size": card.size,
        "calls_per_case": card.calls,
        "typical_gate": f"{claim.op} {claim.threshold}" if claim else None,
        "fewest_calls": fewest(card),
    }


def _table(cards: Iterable[Card]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("id", "layer", "access"):
        table.add_column(heading, no_wrap=True)
    table.add_column("a hit", ratio=1, min_width=24)
    table.add_column("OWASP 2026 (2025)", no_wrap=True)
    for heading in ("calls a case", "fewest"):
        table.add_column(heading, justify="right")
    last = ""
    for card in cards:
        if card.dimension != last:
            table.add_section()
            last = card.dimension
        needs = f", {', '.join(sorted(card.needs))}" if card.needs else ""
        calls = fewest(card)
        table.add_row(
            card.id,
            card.layer,
            card.access + needs,
            card.hit,
            "\n".join(map(_both, card.owasp)),
            str(card.calls),
            "" if calls is None else str(calls),
        )
    width = None if sys.stdout.isatty() else 140
    Console(width=width, soft_wrap=False).print(table)


def _both(name: str) -> str:
    entry = name.rpartition(":")[2]
    return f"{entry} ({owasp.crosswalk(name, '2025').rpartition(':')[2]})"
