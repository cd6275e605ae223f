from datetime import date

import pytest

from steelyard.audit.settings import ENDPOINT_CALLS, LOCAL_CALLS
from steelyard.cli.policy import metrics
from steelyard.measure.error import ErrorCounts
from steelyard.policy import Metric, Waiver, lint, load, shipped
from tests.policy.audits import gate, policy

TODAY = date(2026, 11, 24)
POOR = ErrorCounts(true_positives=45, positives=50, true_negatives=45, negatives=50, labels="t")
KNOWN = {
    "security.jailbreak.asr": Metric(kind="rate", better="lower"),
    "security.jailbreak.over_refusal": Metric(kind="rate", better="lower"),
    "truthfulness.facts.accuracy": Metric(kind="rate", better="higher", size=40),
    "robustness.typos.change": Metric(kind="difference", better="higher", calls=2),
    "security.poor.asr": Metric(kind="rate", better="lower", error=POOR),
}
TWIN = gate(0.2, metric="security.jailbreak.over_refusal")


def said(flaws: object) -> str:
    return str(flaws)


def test_a_sound_policy_has_no_flaws() -> None:
    assert lint(policy(gate(), TWIN), KNOWN, 1000, TODAY) == ()


def test_a_gate_that_no_budget_can_prove_is_rejected() -> None:
    strict = policy(gate(0.01), TWIN)
    (flaw,) = [f for f in lint(strict, KNOWN, 50, TODAY) if f.level == "error"]
    assert "even a flawless model needs" in flaw.message
    assert lint(strict, KNOWN, None, TODAY) == ()


def test_gates_that_only_together_exceed_the_budget_are_warned_of() -> None:
    both = policy(gate(0.05), gate(0.9, metric="truthfulness.facts.accuracy", op=">="), TWIN)
    (flaw,) = lint(both, KNOWN, 130, TODAY)
    assert (flaw.level, flaw.where) == ("warning", "policy")


@pytest.mark.parametrize("metric", ["model.flops", "training.parameters.count", "params_b"])
def test_compute_and_size_are_not_behaviour(metric: str) -> None:
    assert "not what it does" in said(lint(policy(gate(metric=metric)), KNOWN, None, TODAY))


def test_an_unknown_metric_gets_the_nearest() -> None:
    flaws = lint(policy(gate(metric="security.jailbrake.asr")), KNOWN, None, TODAY)
    assert "did you mean security.jailbreak.asr" in said(flaws)


@pytest.mark.parametrize("threshold", [0.0, 1.0, 1.5])
def test_a_threshold_out_of_range_is_rejected(threshold: float) -> None:
    flaws = lint(policy(gate(threshold), TWIN), KNOWN, 1000, TODAY)
    assert flaws[0].level == "error"
    assert "strictly between" in flaws[0].message


def test_duplicates_contradictions_and_wrong_ways_round_are_named() -> None:
    twice = lint(policy(gate(), gate(), TWIN), KNOWN, None, TODAY)
    assert "stands twice" in said(twice)
    both = lint(policy(gate(0.1), gate(0.2, op=">="), TWIN), KNOWN, None, TODAY)
    assert "at once" in said(both)
    assert "wrong way round" in said(both)
    idle = lint(policy(gate(0.1), gate(0.2), TWIN), KNOWN, None, TODAY)
    assert "the weaker is idle" in said(idle)


def test_attack_success_without_over_refusal_is_warned_of() -> None:
    (flaw,) = lint(policy(gate()), KNOWN, None, TODAY)
    assert flaw.level == "warning"
    assert "refuses everything" in flaw.message


def test_a_scorer_that_errs_too_often_makes_a_gate_impossible() -> None:
    flaws = lint(policy(gate(metric="security.poor.asr")), KNOWN, None, TODAY)
    assert "can never pass" in said(flaws)


def test_dates_that_are_past_are_named() -> None:
    flaws = lint(policy(gate(), TWIN, review_by=date(2026, 1, 1)), KNOWN, None, TODAY)
    assert "review it" in said(flaws)
    ended = Waiver(metric="security.jailbreak.asr", reason="r", by="b", until=date(2026, 1, 1))
    stray = Waiver(metric="x.y.z", reason="r", by="b", until=date(2027, 1, 1))
    flaws = lint(policy(gate(), TWIN, waivers=(ended, stray)), KNOWN, None, TODAY)
    assert "remove it" in said(flaws)
    assert "doesn't have" in said(flaws)


def test_an_empty_policy_is_rejected() -> None:
    assert lint(policy(), KNOWN, None, TODAY)[0].level == "error"


@pytest.mark.parametrize("name", shipped())
def test_shipped_policies_can_be_met_by_what_is_installed(name: str) -> None:
    assert lint(load(name), metrics(), ENDPOINT_CALLS, TODAY) == ()


def test_the_default_policy_can_be_met_within_the_default_budget_on_this_machine() -> None:
    assert lint(load("school"), metrics(), LOCAL_CALLS, TODAY) == ()
