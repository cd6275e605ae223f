"""The audit from Python: `steelyard.audit("model.gguf", policy="school")`."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from steelyard.audit import catalogue, events
from steelyard.audit.compose import Frame, compose, lacking
from steelyard.audit.dispatch import Panel
from steelyard.audit.journal import Header, Journal
from steelyard.audit.probe import Need, Probe
from steelyard.audit.runner import Plan, Runner
from steelyard.audit.seed import Seed, fresh
from steelyard.audit.settings import ENDPOINT_CALLS, LOCAL_CALLS, AuditSettings, Budget
from steelyard.audit.target import Target
from steelyard.audit.targets import choice
from steelyard.errors import InputError, UnavailableError
from steelyard.evidence.predicates import audit as predicate
from steelyard.evidence.statement import Statement, Subject, about
from steelyard.policy import source as policies
from steelyard.policy.policy import Policy

JOURNAL = "journal.jsonl"
SEED = "seed"
"""File that keeps an unpublished seed, so that a killed run can go on."""

POLICY = "school"
"""The built-in that is used when none is named."""

Afterwards = Callable[[Target], Awaitable[tuple[predicate.AdHoc, ...]]]
"""What a person does with the model after the measured part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """Who watches a run, and what follows it."""

    observer: events.Observer = events.silent
    afterwards: Afterwards | None = None


def audit(  # noqa: PLR0913 (the public face: each option has a name and a default)
    reference: str = "",
    *,
    probes: str | Sequence[str] = (),
    policy: str | Policy = POLICY,
    seed: str = "",
    budget: str | Budget | None = None,
    concurrency: int = 0,
    out: Path | str | None = None,
    judge: str = "",
    offline: bool = False,
) -> Statement:
    """Weigh a model and return the unsigned statement.

    May be called where an event loop runs already (a notebook); it then works in a thread of
    its own and blocks the caller.

    Args:
        reference: Path, `pypi:…`, `hf:org/name@revision`, `https://host/v1#model`; empty for
            the embedded model.
        probes: Globs over probe ids, e.g. `security.*`; empty for all.
        policy: A built-in's name, a TOML file, or a policy.
        seed: Empty for a random one, which the statement publishes.
        budget: `calls=2000,tokens=…,seconds=…`; see `AuditSettings.budget` for the default.
        concurrency: Requests in flight; 0 for a default that suits the target.
        out: Folder for the journal. The same call resumes there. None keeps no journal.
        judge: `URL#model` for the probes that need one.
        offline: Refuse every connection that leaves this machine.

    Raises:
        InputError: something that was given cannot be used.
        UnavailableError: the model could not be evaluated.
    """
    settings = AuditSettings(
        reference=reference,
        probes=tuple(probes.split(",")) if isinstance(probes, str) else tuple(probes),
        seed=seed,
        budget=Budget.parse(budget) if isinstance(budget, str) else budget,
        concurrency=concurrency,
        out=Path(out) if out is not None else None,
        judge=judge,
        offline=offline,
    )
    return run(settings, policies.load(policy) if isinstance(policy, str) else policy)


def run(settings: AuditSettings, policy: Policy, watching: Watching | None = None) -> Statement:
    """The audit, blocking; see `audit`."""
    work = weigh(settings, policy, watching or Watching())
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    return _in_a_thread(work)


async def weigh(settings: AuditSettings, policy: Policy, watching: Watching) -> Statement:
    """The audit, as a coroutine."""
    chosen = catalogue.probes(settings.probes)
    catalogue.check(policy, chosen)
    needs = frozenset[Need]().union(*(probe.card.needs for probe in chosen))
    async with AsyncExitStack() as stack:
        subject = choice.choose(settings, needs)
        judge = choice.judge(settings) if settings.judge else None
        target = await stack.enter_async_context(subject.target)
        if judge is not None:
            await stack.enter_async_context(judge)
        return await _Session(settings, policy, watching, chosen, judge).run(target, subject)


class _Session:
    """One audit of a target that has been entered."""

    def __init__(
        self,
        settings: AuditSettings,
        policy: Policy,
        watching: Watching,
        chosen: Sequence[Probe],
        judge: Target | None,
    ) -> None:
        self._settings, self._policy, self._watching = settings, policy, watching
        self._chosen, self._judge = chosen, judge
        self._digest = policies.digest(policy)

    async def run(self, target: Target, chosen: choice.Chosen) -> Statement:
        judging = frozenset[Need](("judge",) if self._judge is not None else ())
        offers = target.offers | judging
        lacks = [lacking(probe.card, offers) for probe in self._chosen]
        able = [p for p, lack in zip(self._chosen, lacks, strict=True) if lack is None]
        left_out = tuple(lack for lack in lacks if lack is not None)
        if not able:
            raise UnavailableError(
                f"none of the chosen probes can be asked here: {left_out[0].what}: "
                f"{left_out[0].reason}"
            )
        seed = _seed(self._settings)
        budget = self._settings.budget or _default_budget(target.record)
        header = self._header(seed, target, chosen.subject, able)
        with Journal(_journal_path(self._settings), header) as journal:
            _keep(self._settings, seed)
            panel = Panel(
                target=target,
                judge=self._judge,
                probes=tuple(able),
                orders=tuple(tuple(seed.order(p.card)) if p.card.size else () for p in able),
                seed=seed,
                journal=journal,
                concurrency=self._settings.concurrency or target.at_once,
            )
            plan = Plan(
                policy=self._policy,
                budget=budget,
                cases_without_gate=self._settings.cases_without_gate,
                confidence=self._settings.confidence,
            )
            counts = await Runner(panel, plan, self._watching.observer).run()
            journal.finish(counts.chain)
        frame = Frame(
            target=target.record,
            seed=seed,
            policy=self._policy,
            policy_digest=self._digest,
            parameters={**self._parameters(), "budget": str(budget)},
            left_out=left_out,
            components=dict(target.components),
        )
        found = compose(frame, counts, self._settings.confidence)
        if self._watching.afterwards is not None:
            tried = await self._watching.afterwards(target)
            found = msgspec.structs.replace(found, ad_hoc=tried)
        whole = about(chosen.subject.name, chosen.subject.digest, "audit", found)
        return msgspec.structs.replace(whole, subject=(*whole.subject, *chosen.files))

    def _parameters(self) -> dict[str, str | int | float | bool]:
        return {
            "cases_without_gate": self._settings.cases_without_gate,
            "confidence": self._settings.confidence,
            "judge": self._settings.judge,
        }

    def _header(
        self, seed: Seed, target: Target, subject: Subject, able: Sequence[Probe]
    ) -> Header:
        """What a resumed run must agree with.

        Not the budget, which may be raised: the evidence is sound at any stopping time.
        """
        binding: dict[str, Any] = {
            "reference": target.record.reference,
            "model": target.record.model,
            "chat": target.record.chat,
            "subject": subject.digest,
            "policy": self._digest,
            "probes": {probe.card.id: probe.card.version for probe in able},
            **self._parameters(),
        }
        return Header(commitment=seed.commitment, binding=binding)


def _default_budget(record: predicate.Target) -> Budget:
    return Budget(calls=ENDPOINT_CALLS if record.unpinned else LOCAL_CALLS)


def _journal_path(settings: AuditSettings) -> Path | None:
    return settings.out / JOURNAL if settings.out is not None else None


def _seed(settings: AuditSettings) -> Seed:
    """The seed that was given, else the one that the folder's unfinished run keeps."""
    if settings.seed:
        return Seed(settings.seed)
    if settings.out is not None and (settings.out / JOURNAL).exists():
        try:
            return Seed((settings.out / SEED).read_text(encoding="utf-8").strip())
        except OSError as error:
            raise InputError(
                f"{settings.out} holds a journal whose seed is not there; give its --seed, or "
                "another --out"
            ) from error
    return fresh()


def _keep(settings: AuditSettings, seed: Seed) -> None:
    """Write the seed beside the journal, for nobody but this user until it is published."""
    if settings.out is None:
        return
    path = settings.out / SEED
    if not path.exists():
        path.touch(mode=0o600)
    path.write_text(f"{seed.text}\n", encoding="utf-8")


def _in_a_thread(work: Any) -> Statement:
    found: list[Statement] = []
    failed: list[BaseException] = []

    def go() -> None:
        try:
            found.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001 (boundary of a thread: raised again below)
            failed.append(error)

    thread = threading.Thread(target=go, name="steelyard-audit")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]
