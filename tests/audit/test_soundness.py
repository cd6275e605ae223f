"""The engine end to end against an endpoint whose hit rate is known."""

import sys

import pytest

from steelyard.audit import api
from steelyard.audit.settings import AuditSettings, Budget
from steelyard.measure import exact
from tests.audit.endpoint import Behaviour, serve
from tests.audit.test_runner import COIN, POLICY, read

REPETITIONS = 200
WRONG = 0.05

CAP = 10_000
RATES = (0.005, 0.03, 0.10, 0.30)


@pytest.mark.slow
@pytest.mark.parametrize("rate", RATES)
def test_verdicts_are_right_and_cost_what_the_exact_program_says(rate: float) -> None:
    expected = exact.characteristics(rate, exact.boundaries(0.05, 0.05, CAP)).calls
    wrong, calls = 0, []
    with serve(Behaviour(rate=rate)) as endpoint:
        for repetition in range(REPETITIONS):
            settings = AuditSettings(
                reference=endpoint.reference,
                probes=(COIN,),
                seed=f"{rate} {repetition}",
                budget=Budget(calls=CAP),
            )
            found = read(api.run(settings, POLICY))
            state = found.gates[0].state
            wrong += state == ("fail" if rate <= POLICY.gates[0].threshold else "pass")
            calls.append(found.journal.calls)
    mean = sum(calls) / len(calls)
    sys.stderr.write(f"\nrate {rate}: {wrong}/{REPETITIONS} wrong, mean calls {mean:.1f}\n")
    assert wrong <= WRONG * REPETITIONS
    spread = (sum((c - mean) ** 2 for c in calls) / len(calls)) ** 0.5 / len(calls) ** 0.5
    assert abs(mean - expected) <= 0.1 * expected + 2 * spread
