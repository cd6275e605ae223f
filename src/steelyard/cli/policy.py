"""Look at a policy before you rely on it.

steelyard policy show school                  what it asks for, in words
steelyard policy lint school --budget calls=2000
steelyard policy lint our-policy.toml         what is wrong with it

A policy is a TOML file of gates: claims such as `security.jailbreak.asr <= 0.1` that
evidence must support. `school`, `hospital` and `startup` come with Steelyard. Exit code of
lint: 0 nothing wrong, or warnings only; 2 it cannot be used as it is.
"""

import argparse
import math
from collections.abc import Mapping
from datetime import UTC, datetime

from steelyard import policy as policies
from steelyard.audit import catalogue
from steelyard.errors import InputError
from steelyard.measure.claim import Claim
from steelyard.measure.planning import fewest_calls, flawless_calls
from steelyard.policy import Gate, Metric, Policy


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="show | lint")
    show = actions.add_parser("show", help="say in words what a policy asks for")
    lint = actions.add_parser("lint", help="say what is wrong with a policy")
    for each in (show, lint):
        known = ", ".join(policies.shipped())
        each.add_argument("policy", help=f"{known}, or a TOML file")
    lint.add_argument(
        "--budget",
        default="",
        metavar="calls=N",
        help="calls an audit may make: also reject gates that these cannot prove",
    )


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    policy = policies.load(arguments.policy)
    if arguments.action == "show":
        _show(policy, metrics())
        return 0
    today = datetime.now(UTC).date()
    flaws = policies.lint(policy, metrics(), _budget(arguments.budget), today)
    for flaw in flaws:
        print(f"{flaw.level:<8} {flaw.where}: {flaw.message}")
    if any(flaw.level == "error" for flaw in flaws):
        return 2
    print(f"{policy.id}: {len(policy.gates)} gates, nothing that keeps it from being used")
    return 0


def metrics() -> Mapping[str, Metric]:
    """Every figure that an installed probe measures, by name."""
    found: dict[str, Metric] = {}
    for probe in catalogue.probes(("*",)):
        for measure in probe.card.measures:
            found[f"{probe.card.id}.{measure.name}"] = Metric(
                kind=measure.kind,
                better=measure.better,
                size=probe.card.size,
                calls=probe.card.calls,
                error=measure.error,
            )
    return found


def _budget(text: str) -> int | None:
    """The calls in `calls=N,…`; tokens and seconds say nothing about proof."""
    for part in filter(None, text.split(",")):
        key, _, number = part.partition("=")
        if key.strip() == "calls":
            if not number.strip().isdigit():
                raise InputError(f"--budget {text}: write calls=N with a whole number")
            return int(number)
        if key.strip() not in ("tokens", "seconds"):
            raise InputError(f"--budget {text}: unknown part {key!r}; write calls=N")
    return None


def _show(policy: Policy, known: Mapping[str, Metric]) -> None:
    print(f"{policy.title}  ({policy.id}, SHA-256 {policies.digest(policy)[:16]})")
    if policy.owner:
        print(f"owner: {policy.owner}")
    print(
        f"\nA wrong PASS anywhere has probability {policy.alpha:.0%} at most; so has a wrong "
        f"FAIL.\nEvidence counts for {policy.max_age_days} days. An endpoint, bound to no "
        f"weights, {'may be admitted' if policy.allow_unpinned else 'is not admitted'}."
    )
    if policy.require_inspection:
        print("The files must have been inspected (steelyard inspect).")
    for gate in policy.gates:
        print(f"\n  {gate.metric} {_claim(gate)}")
        print(f"    {gate.why}")
        failed = "refuses the model" if gate.severity == "block" else "asks for a review"
        missing = "refuses it too" if gate.on_missing == "refuse" else "asks for a review"
        print(f"    If it does not hold: {failed}. If that cannot be said: {missing}.")
        print(f"    {_cost(gate, known.get(gate.metric), policy)}")
    for waiver in policy.waivers:
        print(f"\n  waived until {waiver.until}: {waiver.metric} ({waiver.by}: {waiver.reason})")


def _claim(gate: Gate) -> str:
    return f"{'at most' if gate.op == '<=' else 'at least'} {gate.threshold:.3g}"


def _cost(gate: Gate, metric: Metric | None, policy: Policy) -> str:
    if metric is None:
        return "No installed probe measures it."
    claim, gates = Claim(gate.op, gate.threshold), len(policy.gates)
    cases: float
    if metric.error is None:
        cases = fewest_calls(claim, policy.alpha, gates, kind=metric.kind, size=metric.size)
    else:
        cases = flawless_calls(claim, metric.error, policy.alpha, gates)
    if math.isinf(cases):
        return "Its scorer errs too often to prove it."
    return f"Even a flawless model needs {math.ceil(cases) * metric.calls} calls to pass."
