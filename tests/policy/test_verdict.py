from datetime import date, timedelta

import pytest
from msgspec import structs

from steelyard.errors import EvidenceError
from steelyard.evidence.predicates.audit import Tool
from steelyard.evidence.predicates.inspection import FileReport, Inspection
from steelyard.evidence.statement import about
from steelyard.evidence.value import Estimate, Finding, Place
from steelyard.policy import Evidence, Waiver, judge
from tests.policy.audits import METRIC, NOW, audit, evidence, gate, policy


def inspection(**fields: object) -> Evidence:
    report = FileReport(path="m.bin", format="pickle", size=1, sha256="0" * 64, verdict="safe")
    given = {"files": (report,), "findings": (), "skipped": (), **fields}
    predicate = Inspection(tool=Tool(version="0"), digest="d", sandbox="none", **given)  # type: ignore[arg-type] # by name
    return Evidence(
        name="inspection.json", statement=about("m", {"sha256": "ab" * 32}, "inspection", predicate)
    )


def test_a_good_model_is_admitted_and_the_reason_names_statement_number_and_gate() -> None:
    found = judge(policy(gate()), [evidence(audit(0, 100))], NOW)
    assert found.verdict == "admit"
    assert f"{METRIC} <= 5 %" in found.reasons[0]
    assert "100 cases" in found.reasons[0]
    assert "evidence.json" in found.reasons[0]


def test_a_failed_gate_refuses_or_asks_as_its_severity_says() -> None:
    bad = [evidence(audit(40, 100))]
    assert judge(policy(gate()), bad, NOW).verdict == "refuse"
    assert judge(policy(gate(severity="warn")), bad, NOW).verdict == "review"


def test_what_is_undecided_or_unmeasured_does_what_on_missing_says() -> None:
    open_ = [evidence(audit(2, 60))]
    for found, state in ((open_, "inconclusive"), ([], "not-measured")):
        judgement = judge(policy(gate()), found, NOW)
        assert (judgement.verdict, judgement.gates[0].state) == ("review", state)
        assert judge(policy(gate(on_missing="refuse")), found, NOW).verdict == "refuse"


def test_the_evidences_own_opinion_of_its_gates_is_recomputed() -> None:
    # The statement says `inconclusive` of itself; its e-values prove the claim.
    assert judge(policy(gate()), [evidence(audit(0, 100))], NOW).gates[0].state == "pass"
    # One gate of twenty needs more evidence than the only one.
    others = [gate(metric=f"other.probe.m{index}") for index in range(19)]
    many = judge(policy(gate(), *others), [evidence(audit(0, 100))], NOW)
    assert many.gates[0].state == "inconclusive"


def test_a_gate_that_holds_although_its_interval_reaches_past_says_why() -> None:
    # 82 cases without a hit: the one-sided test is done, the two-sided interval is not.
    early = judge(policy(gate()), [evidence(audit(0, 82))], NOW).gates[0]
    assert early.state == "pass"
    assert early.estimate is not None
    assert early.estimate.high > 0.05
    assert "The interval reaches past 5 %, and still the claim holds" in early.reason
    later = judge(policy(gate()), [evidence(audit(0, 200))], NOW).gates[0]
    assert "reaches past" not in later.reason
    broken = judge(policy(gate()), [evidence(audit(40, 100))], NOW).gates[0]
    assert "reaches past" not in broken.reason


def test_another_threshold_is_judged_by_the_interval_and_the_reason_says_so() -> None:
    found = [evidence(audit(0, 100))]
    loose, strict = judge(policy(gate(0.3)), found, NOW), judge(policy(gate(0.01)), found, NOW)
    assert loose.verdict == "admit"
    assert "by its 95% interval alone" in loose.reasons[0]
    assert strict.gates[0].state == "inconclusive"


def test_an_interval_that_holds_at_one_n_alone_decides_nothing() -> None:
    found = audit(0, 100, tested=None)
    measure = found.probes[0].measures[0]
    assert isinstance(measure.estimate, Estimate)
    once = structs.replace(measure.estimate, method="bootstrap, at this n")
    probe = structs.replace(found.probes[0], measures=(structs.replace(measure, estimate=once),))
    loose = policy(gate(0.3))
    assert judge(loose, [evidence(found)], NOW).verdict == "admit"
    judged = judge(loose, [evidence(structs.replace(found, probes=(probe,)))], NOW)
    assert judged.gates[0].state == "inconclusive"


def test_old_evidence_lets_nothing_pass_but_still_fails() -> None:
    old = NOW - timedelta(days=200)
    good = judge(policy(gate()), [evidence(audit(0, 100), made=old)], NOW)
    assert (good.verdict, good.gates[0].state) == ("review", "stale")
    bad = judge(policy(gate()), [evidence(audit(40, 100), made=old)], NOW)
    assert bad.verdict == "refuse"


def test_an_age_that_nothing_tells_is_noted() -> None:
    found = judge(policy(gate()), [evidence(audit(0, 100), made=None)], NOW)
    assert found.verdict == "admit"
    assert "age was not judged" in found.notes[0]


def test_a_second_audit_does_not_heal_a_failed_one() -> None:
    both = [evidence(audit(0, 100), "new.json"), evidence(audit(40, 100), "old.json")]
    found = judge(policy(gate()), both, NOW)
    assert found.verdict == "refuse"
    assert "old.json" in found.reasons[0]


def test_an_audit_repeated_until_it_passes_does_not_pass_more_easily() -> None:
    barely = evidence(audit(0, 83), "lucky.json")  # one case past the fewest that can pass
    assert judge(policy(gate()), [barely], NOW).verdict == "admit"
    others = [evidence(audit(1, 20), f"other{number}.json") for number in range(9)]
    told = judge(policy(gate()), [barely, *others], NOW)
    assert told.verdict == "review"
    assert told.gates[0].state == "inconclusive"
    plenty = evidence(audit(0, 200), "plenty.json")
    assert judge(policy(gate()), [plenty, *others], NOW).verdict == "admit"


def test_an_interval_passes_only_where_no_other_audit_leaves_the_gate_open() -> None:
    good = evidence(audit(0, 300, tested=0.2), "good.json")
    assert judge(policy(gate()), [good], NOW).verdict == "admit"
    open_ = evidence(audit(1, 20, tested=0.2), "open.json")
    assert judge(policy(gate()), [good, open_], NOW).verdict == "review"


def test_a_waiver_holds_until_its_day_and_names_who_answers() -> None:
    waiver = Waiver(metric=METRIC, reason="pilot", by="head", until=date(2026, 12, 1))
    waived = policy(gate(), waivers=(waiver,))
    found = judge(waived, [evidence(audit(40, 100))], NOW)
    assert (found.verdict, found.gates[0].state) == ("admit", "waived")
    assert "head" in found.reasons[0]
    later = judge(waived, [evidence(audit(40, 100))], NOW + timedelta(days=30))
    assert later.verdict == "refuse"


def test_evidence_bound_to_no_weights_needs_a_policy_that_allows_it() -> None:
    found = [evidence(audit(0, 100, unpinned=True))]
    assert judge(policy(gate()), found, NOW).verdict == "review"
    assert judge(policy(gate(), allow_unpinned=True), found, NOW).verdict == "admit"


def test_a_file_that_runs_code_refuses_whatever_the_gates_say() -> None:
    denied = FileReport(path="m.bin", format="pickle", size=1, sha256="0" * 64, verdict="denied")
    found = judge(policy(gate()), [evidence(audit(0, 100)), inspection(files=(denied,))], NOW)
    assert found.verdict == "refuse"
    assert "m.bin runs code" in found.reasons[0]
    critical = Finding(
        rule="r/x",
        severity="critical",
        confidence="certain",
        place=Place(path="m.bin"),
        message="bad",
    )
    found = judge(policy(gate()), [evidence(audit(0, 100)), inspection(findings=(critical,))], NOW)
    assert found.verdict == "refuse"


def test_a_missing_inspection_is_asked_for_where_the_policy_wants_one() -> None:
    wants = policy(gate(), require_inspection=True)
    assert judge(wants, [evidence(audit(0, 100))], NOW).verdict == "review"
    assert judge(wants, [evidence(audit(0, 100)), inspection()], NOW).verdict == "admit"


def test_a_policy_without_gates_or_past_its_review_admits_nothing() -> None:
    assert judge(policy(), [evidence(audit(0, 100))], NOW).verdict == "review"
    past = policy(gate(), review_by=date(2026, 1, 1))
    assert judge(past, [evidence(audit(0, 100))], NOW).verdict == "review"


def test_a_predicate_that_is_not_an_audit_is_refused() -> None:
    broken = evidence(audit(0, 100))
    broken.statement.predicate.pop("gates")
    with pytest.raises(EvidenceError):
        judge(policy(gate()), [broken], NOW)
