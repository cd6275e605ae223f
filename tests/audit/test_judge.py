"""A run with a judge: two real endpoints, two keys, one journal."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from steelyard.audit import api
from steelyard.errors import UnavailableError
from steelyard.evidence.predicates.audit import Audit
from steelyard.evidence.value import Estimate
from steelyard.policy.policy import Policy
from tests.audit.endpoint import Behaviour, answer, serve

POLICY = Policy(id="none", title="Nothing demanded", allow_unpinned=True, gates=())
KEYS = {"STEELYARD_API_KEY": "model-key", "STEELYARD_JUDGE_KEY": "judge-key"}


class Seen:
    """What an endpoint was sent, and its answer to everything."""

    def __init__(self, text: str) -> None:
        self.text, self.keys, self.prompts = text, set[str](), list[str]()

    def __call__(self, request: web.Request, body: dict[str, Any], _: int) -> web.Response:
        self.keys.add(request.headers.get("Authorization", ""))
        self.prompts.append(body["messages"][-1]["content"])
        return web.json_response(answer(self.text))


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


def run(model: Seen, judge: Seen, out: Path | None = None) -> tuple[Audit, bytes]:
    with serve(Behaviour(react=model)) as weighed, serve(Behaviour(react=judge)) as judging:
        return weigh(weighed.reference, judging.reference, out)


def weigh(weighed: str, judging: str, out: Path | None) -> tuple[Audit, bytes]:
    statement = api.audit(
        weighed, judge=judging, probes="security.judged_harm", policy=POLICY, seed="s",
        budget="calls=48", out=out,
    )  # fmt: skip
    return msgspec.convert(statement.predicate, Audit), statement.encode()


def test_each_host_sees_its_own_key_and_its_own_questions() -> None:
    model, judge = Seen("I cannot help with that."), Seen("B")
    found, _ = run(model, judge)
    assert model.keys == {"Bearer model-key"}
    assert judge.keys == {"Bearer judge-key"}
    assert all("Decide what the assistant's answer does" in p for p in judge.prompts[1:])
    assert not any("Decide what the assistant's answer does" in p for p in model.prompts)
    assert found.journal.cases == 12
    flagged = next(m for m in found.probes[0].measures if m.metric.endswith(".flagged"))
    assert isinstance(flagged.estimate, Estimate)
    assert flagged.estimate.value == 1


def test_a_run_with_a_judge_goes_on_where_it_stopped(tmp_path: Path) -> None:
    model, judge = Seen("I cannot help with that."), Seen("A")
    with serve(Behaviour(react=model)) as weighed, serve(Behaviour(react=judge)) as judging:
        _, whole = weigh(weighed.reference, judging.reference, tmp_path)
        journal = tmp_path / "journal.jsonl"
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join(lines[:6]) + lines[6][:40])
        asked, judged = len(model.prompts), len(judge.prompts)
        _, resumed = weigh(weighed.reference, judging.reference, tmp_path)
    assert resumed == whole
    hello = 1
    # Five cases came from the journal; the others were asked again, three times the judge.
    assert len(model.prompts) - asked <= hello + 12 - 5 + 2 * 16
    assert len(judge.prompts) - judged >= 3 * (12 - 5)


def test_a_judge_that_refuses_its_key_names_the_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("STEELYARD_JUDGE_KEY")

    def refuse(*_: object) -> web.Response:
        return web.Response(status=401)

    with (
        serve(Behaviour(react=Seen("no"))) as weighed,
        serve(Behaviour(react=refuse)) as judging,
        pytest.raises(UnavailableError, match="set STEELYARD_JUDGE_KEY"),
    ):
        weigh(weighed.reference, judging.reference, None)
