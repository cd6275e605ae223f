"""The engine against a real endpoint on loopback."""

import random
from pathlib import Path
from typing import Any

import pytest

from steelyard.audit import api, events
from steelyard.audit.settings import AuditSettings, Budget
from steelyard.errors import InputError
from steelyard.evidence.encoding import canonical
from steelyard.evidence.predicates.audit import Audit
from steelyard.evidence.statement import Statement
from steelyard.policy.policy import Gate, Policy
from tests.audit.endpoint import Behaviour, Endpoint, fraction, serve

COIN = "selftest.coin"
POLICY = Policy(
    id="coin",
    title="A coin",
    allow_unpinned=True,
    gates=(Gate(metric="selftest.coin.heads", op="<=", threshold=0.05, why="heads are bad"),),
)


def weigh(endpoint: Endpoint, **options: Any) -> Statement:
    options = {"probes": COIN, "policy": POLICY, "seed": "fixed", **options}
    return api.audit(endpoint.reference, **options)


def read(statement: Statement) -> Audit:
    import msgspec

    return msgspec.convert(statement.predicate, Audit)


def body(statement: Statement) -> bytes:
    """Without the port, which differs from server to server."""
    plain = canonical(statement).decode()
    import re

    return re.sub(r"127\.0\.0\.1:\d+", "host", plain).encode()


@pytest.mark.parametrize(("rate", "verdict"), [(0.0, "admit"), (0.5, "refuse")])
def test_a_clear_rate_is_decided_the_right_way(rate: float, verdict: str) -> None:
    with serve(Behaviour(rate=rate)) as endpoint:
        found = read(weigh(endpoint))
    assert found.verdict == verdict
    assert found.stopped == "decided"


def test_nothing_but_the_seed_decides_the_statement() -> None:
    def slow_when_compliant(prompt: str) -> float:
        return 0.02 if fraction(prompt) < 0.1 else 0.0

    def noise(_: str) -> float:
        return random.random() / 200

    found = set()
    for latency, concurrency in ((lambda _: 0.0, 1), (slow_when_compliant, 16), (noise, 7)):
        with serve(Behaviour(rate=0.1, latency=latency)) as endpoint:
            found.add(body(weigh(endpoint, concurrency=concurrency)))
    assert len(found) == 1


def test_another_seed_asks_other_cases() -> None:
    with serve() as endpoint:
        weigh(endpoint, seed="a")
        first = set(endpoint.tosses)
        weigh(endpoint, seed="b")
        assert not first & (set(endpoint.tosses) - first)


def test_the_overshoot_is_bounded_and_not_counted(tmp_path: Path) -> None:
    with serve(Behaviour(rate=1.0, latency=lambda _: 0.005)) as endpoint:
        found = read(weigh(endpoint, concurrency=8, out=tmp_path))
        assert found.journal.cases == found.probes[0].cases < 10
        assert len(endpoint.tosses) <= found.journal.cases + 2 * 8


def test_many_requests_are_in_flight_and_never_more_than_asked_for() -> None:
    with serve(Behaviour(rate=0.05, latency=lambda _: 0.01)) as endpoint:
        weigh(endpoint, concurrency=8, budget="calls=100")
        assert endpoint.behaviour.most_at_once == 8


def test_a_budget_in_calls_ends_honestly_and_is_not_overspent() -> None:
    with serve(Behaviour(rate=0.05)) as endpoint:
        found = read(weigh(endpoint, budget="calls=40", concurrency=16))
        assert len(endpoint.tosses) == found.journal.calls == 40
    assert found.verdict == "review"
    assert found.stopped == "budget"
    assert found.gates[0].state == "inconclusive"
    assert "not decided" in found.gates[0].reason


def test_a_budget_in_tokens_stops_at_the_case_that_crosses_it() -> None:
    with serve(Behaviour(rate=0.05)) as endpoint:
        found = read(weigh(endpoint, budget="tokens=300"))
    assert found.journal.tokens == 308  # 22 a case
    assert found.journal.cases == 14


def test_a_budget_in_seconds_says_that_it_is_not_repeatable() -> None:
    with serve(Behaviour(rate=0.05, latency=lambda _: 0.01)) as endpoint:
        found = read(weigh(endpoint, budget="seconds=0.3"))
    assert found.stopped == "budget"
    assert any("seconds" in text for text in found.limitations)


def test_a_gate_on_a_probe_that_was_not_chosen_is_not_measured() -> None:
    other = Gate(metric="security.jailbreak.asr", op="<=", threshold=0.05, why="")
    policy = Policy(id="p", title="", allow_unpinned=True, gates=(*POLICY.gates, other))
    with serve(Behaviour(rate=0.0)) as endpoint:
        found = read(weigh(endpoint, policy=policy))
    assert found.probes[0].cases == 99  # two gates share the error, measured or not
    assert [gate.state for gate in found.gates] == ["pass", "not-measured"]
    assert found.verdict == "review"


def test_a_probe_without_a_gate_gets_its_share_of_cases() -> None:
    policy = Policy(id="p", title="", allow_unpinned=True, gates=())
    with serve() as endpoint:
        found = read(weigh(endpoint, policy=policy))
    assert found.probes[0].cases == 40
    assert found.stopped == "decided"


def test_a_watcher_sees_the_gate_narrow_and_be_decided() -> None:
    seen: list[events.Event] = []
    with serve(Behaviour(rate=0.0)) as endpoint:
        settings = AuditSettings(
            reference=endpoint.reference, probes=(COIN,), seed="x", budget=Budget(calls=500)
        )
        api.run(settings, POLICY, api.Watching(observer=seen.append))
    widths = [
        event.estimate.high - event.estimate.low
        for event in seen
        if isinstance(event, events.GateMoved)
    ]
    assert widths == sorted(widths, reverse=True)
    assert len(widths) > 5
    assert isinstance(seen[0], events.Started)
    assert isinstance(seen[-1], events.Stopped)
    assert sum(isinstance(event, events.Counted) for event in seen) == 82
    (decided,) = (event for event in seen if isinstance(event, events.GateDecided))
    assert decided.state == "pass"


async def _inside() -> Statement:
    with serve(Behaviour(rate=1.0)) as endpoint:
        return weigh(endpoint)


def test_it_works_where_an_event_loop_runs_already() -> None:
    import asyncio

    assert read(asyncio.run(_inside())).verdict == "refuse"


def test_a_base_model_is_asked_as_a_written_conversation_and_says_so() -> None:
    with serve(Behaviour(rate=1.0, chat=False)) as endpoint:
        found = read(weigh(endpoint))
        assert endpoint.tosses[0].startswith("User: Toss")
        assert endpoint.tosses[0].endswith("\nAssistant:")
    assert found.target.chat == "none"
    assert found.verdict == "refuse"


@pytest.mark.parametrize("metric", ["security.nothing.asr", "selftest.coin.tails"])
def test_a_policy_that_gates_on_an_unknown_metric_is_refused(metric: str) -> None:
    gate = Gate(metric=metric, op="<=", threshold=0.05, why="")
    policy = Policy(id="p", title="", allow_unpinned=True, gates=(gate,))
    with serve() as endpoint, pytest.raises(InputError, match=metric):
        weigh(endpoint, policy=policy)
