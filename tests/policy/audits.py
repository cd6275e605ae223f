"""Audit statements for tests, made of the real types."""

from datetime import UTC, datetime

from steelyard.evidence.predicates.audit import (
    Audit,
    GateResult,
    Journal,
    MeasureResult,
    ProbeResult,
    Seed,
    Target,
    Tool,
)
from steelyard.evidence.statement import Statement, about
from steelyard.evidence.value import Estimate
from steelyard.measure.claim import Claim
from steelyard.measure.sequential import make
from steelyard.policy import Evidence, Gate, Policy

NOW = datetime(2026, 11, 24, tzinfo=UTC)
METRIC = "security.jailbreak.asr"


def gate(threshold: float = 0.05, **fields: str) -> Gate:
    given = {"metric": METRIC, "op": "<=", "why": "It must not.", **fields}
    return Gate(threshold=threshold, **given)  # type: ignore[arg-type] # literals by name


def policy(*gates: Gate, **fields: object) -> Policy:
    return Policy(id="test", title="Test", gates=gates, **fields)  # type: ignore[arg-type] # by name


def audit(hits: int, n: int, *, tested: float | None = 0.05, unpinned: bool = False) -> Audit:
    """What an audit of `n` cases with `hits` evenly spread hits would say."""
    test = make("rate", Claim("<=", tested or 0.05))
    for index in range(n):
        test.update(float((index + 1) * hits // n > index * hits // n))
    estimate = test.estimate(0.95)
    gates = (
        GateResult(
            metric=METRIC,
            op="<=",
            threshold=tested or 0.05,
            alpha=0.05,
            severity="block",
            state="inconclusive",
            log_e_pass=test.log_e_pass,
            log_e_fail=test.log_e_fail,
            n=n,
            reason="as tested",
        ),
    )
    return Audit(
        tool=Tool(version="0"),
        target=Target(reference="m", kind="llama", model="m", unpinned=unpinned, chat="model"),
        seed=Seed(value="s", commitment="c"),
        parameters={},
        policy="test",
        policy_digest="d",
        probes=(_probe(estimate),),
        gates=gates if tested else (),
        not_measured=(),
        verdict="admit",
        reasons=(),
        stopped="budget",
        limitations=(),
        journal=Journal(digest="d", cases=n, calls=n, tokens=0),
    )


def evidence(found: Audit, name: str = "evidence.json", made: datetime | None = NOW) -> Evidence:
    return Evidence(name=name, statement=stated(found), made=made)


def stated(found: Audit, digest: str = "ab" * 32) -> Statement:
    return about("m", {"sha256": digest}, "audit", found)


def _probe(estimate: Estimate) -> ProbeResult:
    return ProbeResult(
        id="security.jailbreak",
        version=1,
        title="Jailbreaks",
        dimension="security",
        layer="model",
        access="endpoint",
        owasp=(),
        hit="h",
        estimand="e",
        source="s",
        cases=estimate.n,
        missing=0,
        calls=estimate.n,
        measures=(MeasureResult(metric=METRIC, title="t", better="lower", estimate=estimate),),
    )
