"""Killed at any moment, the same command comes to the same evidence, asking nothing twice."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from steelyard.audit import api
from steelyard.errors import InputError, UnavailableError
from steelyard.policy.policy import Policy
from tests.audit.endpoint import Behaviour, Endpoint, serve
from tests.audit.test_runner import COIN, POLICY, weigh

SCRIPT = """
import sys
from steelyard.audit import api
from tests.audit.test_runner import COIN, POLICY
found = api.audit(sys.argv[1], probes=COIN, policy=POLICY, seed="s", out=sys.argv[2],
                  budget="calls=300", concurrency=6)
sys.stdout.write(found.encode().decode())
"""
ROOT = Path(__file__).parents[2]


def command(endpoint: Endpoint, out: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-c", SCRIPT, endpoint.reference, str(out)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, env=environment, text=True)


def behaviour() -> Behaviour:
    return Behaviour(rate=0.04, latency=lambda _: random.random() / 25)


@pytest.mark.slow
def test_killed_at_ten_random_moments_the_evidence_is_that_of_an_undisturbed_run(
    tmp_path: Path,
) -> None:
    with serve(behaviour()) as endpoint:
        expected, _ = command(endpoint, tmp_path / "undisturbed").communicate(timeout=120)
        assert expected.startswith("{")
        endpoint.behaviour.asked.clear()
        kills = 0
        while kills < 10:
            process = command(endpoint, tmp_path / "killed")
            journal = tmp_path / "killed" / api.JOURNAL
            before = journal.stat().st_size if journal.exists() else 0
            while process.poll() is None and (
                not journal.exists() or journal.stat().st_size <= before
            ):
                time.sleep(0.01)
            time.sleep(random.random() / 10)
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
        assert kills == 10, "the run ended before it had been killed ten times"
        found, _ = command(endpoint, tmp_path / "killed").communicate(timeout=120)
        recorded = (tmp_path / "killed" / api.JOURNAL).read_text().count('{"case"')
    assert found == expected
    # In flight when killed: asked, and their answers died with the process.
    again = {p: n for p, n in Counter(endpoint.tosses).items() if n > 1}
    assert sum(n - 1 for n in again.values()) <= kills * 6
    assert len(set(endpoint.tosses)) >= recorded


def test_what_is_in_the_journal_is_never_asked_again(tmp_path: Path) -> None:
    with serve(behaviour()) as endpoint:
        weigh(endpoint, out=tmp_path, budget="calls=30")
        first = len(endpoint.tosses)
        weigh(endpoint, out=tmp_path, budget="calls=30")
        assert len(endpoint.tosses) == first
        weigh(endpoint, out=tmp_path, budget="calls=60")
        assert max(Counter(endpoint.tosses).values()) == 1


def test_without_a_seed_the_folder_keeps_the_one_that_was_drawn(tmp_path: Path) -> None:
    with serve(behaviour()) as endpoint:
        first = weigh(endpoint, out=tmp_path, budget="calls=30", seed="")
        assert weigh(endpoint, out=tmp_path, budget="calls=30", seed="") == first


def test_another_seed_or_policy_does_not_resume(tmp_path: Path) -> None:
    with serve(behaviour()) as endpoint:
        weigh(endpoint, out=tmp_path, budget="calls=30")
        with pytest.raises(InputError, match="another seed"):
            weigh(endpoint, out=tmp_path, budget="calls=30", seed="another")
        policy = Policy(id="q", title="", allow_unpinned=True, gates=POLICY.gates)
        with pytest.raises(InputError, match="policy was"):
            weigh(endpoint, out=tmp_path, budget="calls=30", policy=policy)


def test_an_endpoint_that_dies_stops_the_run_and_the_journal_can_go_on(tmp_path: Path) -> None:
    from aiohttp import web

    with serve(behaviour()) as endpoint:
        expected = weigh(endpoint, out=tmp_path / "a", budget="calls=80")
        dead = False

        def dies(_r: web.Request, _b: object, count: int) -> web.Response | None:
            return web.Response(status=400, text="boom") if dead and count > begin + 30 else None

        endpoint.behaviour.react = dies
        begin, dead = endpoint.count, True
        with pytest.raises(UnavailableError, match=r"in a row failed.*400: boom"):
            weigh(endpoint, out=tmp_path / "b", budget="calls=80")
        assert '"error"' not in (tmp_path / "b" / api.JOURNAL).read_text()
        dead = False
        assert weigh(endpoint, out=tmp_path / "b", budget="calls=80") == expected


def test_a_case_that_alone_fails_is_missing_and_held_against_both_verdicts() -> None:
    from aiohttp import web

    from tests.audit.test_runner import read

    def refuses(_r: web.Request, body: dict[str, object], _c: int) -> web.Response | None:
        hit = "Toss 3-" in str(body) or "Toss 39-" in str(body)
        return web.Response(status=400, text="too long") if hit else None

    with serve(Behaviour(rate=0.05, react=refuses)) as endpoint:
        found = read(weigh(endpoint, budget="calls=40"))
    assert found.probes[0].missing == 2
    assert found.probes[0].cases == 40
    assert any("without an answer" in text for text in found.limitations)


assert COIN  # used by SCRIPT
