"""From a reference to the target that asks it, and to the subject that evidence is about."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from steelyard.audit.probe import Need
from steelyard.audit.settings import AuditSettings
from steelyard.audit.target import Target
from steelyard.errors import InputError
from steelyard.evidence.predicates import audit as predicate
from steelyard.evidence.statement import Subject
from steelyard.subjects.reference import Endpoint, Reference, parse

KEYS = ("STEELYARD_API_KEY", "OPENAI_API_KEY")
JUDGE_KEY = "STEELYARD_JUDGE_KEY"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is asked, and what that says something about."""

    target: Target
    subject: Subject
    files: tuple[Subject, ...] = ()
    """Every file of the model, so that a reader of the evidence can name one that changed."""


def choose(settings: AuditSettings, needs: frozenset[Need]) -> Chosen:
    """The target for `settings.reference`, fetched if need be and not yet started.

    Raises:
        InputError: the reference names nothing.
        OfflineError: it would leave this machine.
        UnavailableError: no weights there that an engine could open.
    """
    reference = parse(settings.reference)
    if isinstance(reference, Endpoint):
        target = _endpoint(reference, settings, needs, (KEYS[0], key_of(os.environ)))
        return Chosen(target, Subject(name=str(reference), digest={}))
    return _local(reference, settings, needs)


def judge(settings: AuditSettings) -> Target:
    """A client for the judge, `URL#model`, with a key of its own.

    Raises:
        InputError: not such an address.
        OfflineError: it leaves this machine, and that was forbidden.
    """
    reference = parse(settings.judge)
    if not isinstance(reference, Endpoint):
        raise InputError(f"{settings.judge!r} is not an endpoint; write https://host/v1#model")
    key = judge_key(reference, parse(settings.reference), os.environ)
    return _endpoint(reference, settings, frozenset(), (JUDGE_KEY, key))


def key_of(environment: Mapping[str, str]) -> str:
    """The endpoint's key: `STEELYARD_API_KEY`, else `OPENAI_API_KEY`, else empty."""
    return next((environment[name] for name in KEYS if environment.get(name)), "")


def judge_key(judging: Endpoint, weighed: Reference, environment: Mapping[str, str]) -> str:
    """The judge's key: `STEELYARD_JUDGE_KEY`, else the endpoint's, but never across hosts.

    Where another host is being weighed, the key in the environment is that host's, and the
    judge must not see it.
    """
    if own := environment.get(JUDGE_KEY):
        return own
    if isinstance(weighed, Endpoint) and _origin(weighed) != _origin(judging):
        return ""
    return key_of(environment)


def _origin(reference: Endpoint) -> tuple[str, str]:
    parts = urlsplit(reference.url)
    return parts.scheme, parts.netloc


def _endpoint(
    reference: Endpoint, settings: AuditSettings, needs: frozenset[Need], key: tuple[str, str]
) -> Target:
    from steelyard.audit.targets.openai import Connection, OpenAI

    connection = Connection(
        url=reference.url,
        model=reference.model,
        key=key[1],
        key_name=key[0],
        concurrency=settings.concurrency or Target.at_once,
        timeout=settings.timeout,
        offline=settings.offline,
        needs=needs,
    )
    record = predicate.Target(
        reference=str(reference), kind="openai", model=reference.model, unpinned=True, chat="model"
    )
    return OpenAI(connection, record)


def _local(reference: Reference, settings: AuditSettings, needs: frozenset[Need]) -> Chosen:
    from steelyard.subjects.local import loadable
    from steelyard.subjects.resolve import fetch
    from steelyard.subjects.settings import FetchSettings

    local = fetch(reference, FetchSettings(offline=settings.offline))
    weights = loadable(local)
    record = predicate.Target(
        reference=local.reference,
        kind="llama" if weights.format == "gguf" else "vllm",
        model=local.name,
        unpinned=False,
        chat="model",
        notes=(*local.notes, *weights.notes),
    )
    subject = Subject(name=local.name, digest={"sha256": local.manifest.digest()})
    target: Target
    if weights.format == "gguf":
        from steelyard.audit.targets.llama import Llama, servings
        from steelyard.audit.targets.spread import Spread

        planned = servings(weights.path.stat().st_size, settings.concurrency, needs)
        copies = [Llama(weights.path, record, serving) for serving in planned]
        target = copies[0] if len(copies) == 1 else Spread(copies)
    else:
        from steelyard.audit.targets.vllm import VLLM

        target = VLLM(weights.path, record, needs)
    files = tuple(
        Subject(name=entry.path, digest={"sha256": entry.sha256})
        for entry in local.manifest.entries
    )
    return Chosen(target, subject, files)
