"""From a reference to the target that asks it, and to the subject that evidence is about."""

from dataclasses import dataclass

from steelyard.audit.probe import Need
from steelyard.audit.settings import AuditSettings
from steelyard.audit.target import Target
from steelyard.evidence.predicates import audit as predicate
from steelyard.evidence.statement import Subject
from steelyard.subjects.reference import Endpoint, Reference, parse


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
        target = endpoint(settings.reference, settings, needs)
        return Chosen(target, Subject(name=str(reference), digest={}))
    return _local(reference, settings, needs)


def endpoint(text: str, settings: AuditSettings, needs: frozenset[Need]) -> Target:
    """A client for `URL#model`.

    Raises:
        InputError: not such an address.
        OfflineError: it leaves this machine, and that was forbidden.
    """
    from steelyard.audit.targets.openai import Connection, OpenAI, key_from_environment
    from steelyard.errors import InputError

    reference = parse(text)
    if not isinstance(reference, Endpoint):
        raise InputError(f"{text!r} is not an endpoint; write https://host/v1#model")
    connection = Connection(
        url=reference.url,
        model=reference.model,
        key=key_from_environment(),
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
