"""Predicate `audit/v1`: what was asked of a model, what was measured, what was decided.

Holds everything that is needed to repeat the run, and nothing that differs between two
runs with the same seed: no clock readings, no latencies, no surplus calls. Those stand in
the journal beside it.
"""

import hashlib
import re
from typing import Literal

import msgspec

from steelyard.evidence.value import Access, Dimension, Estimate, Layer, Skipped, Value

Verdict = Literal["admit", "refuse", "review"]
GateState = Literal["pass", "fail", "inconclusive", "not-measured"]


class Tool(Value, frozen=True, kw_only=True):
    """The software that made the statement."""

    name: str = "steelyard"
    version: str
    components: dict[str, str] = msgspec.field(default_factory=dict)
    """Version of whatever else decides the numbers, e.g. `xllamacpp`."""


class Target(Value, frozen=True, kw_only=True):
    """What was asked."""

    reference: str
    """As the user gave it: path, `pypi:…`, `https://host/v1#model`. Never a key."""

    kind: str
    """Entry-point name of the target, e.g. `openai`, `llama`."""

    model: str
    """Name for a heading: the file's or folder's, or the endpoint's model. What a file calls
    itself inside is anybody's text and stands in `notes`."""

    unpinned: bool
    """True for an endpoint: no digest binds this evidence to weights."""

    chat: Literal["model", "none"]
    """`model`: the model's own chat template; `none`: a base model, asked as plain text."""

    notes: tuple[str, ...] = ()


class Seed(Value, frozen=True, kw_only=True):
    """Where the cases come from: committed before the run, published after it."""

    value: str
    commitment: str
    """SHA-256, hexadecimal, over the seed's UTF-8 bytes; first line of the journal."""


class MeasureResult(Value, frozen=True, kw_only=True):
    """One figure of a probe."""

    metric: str
    """`<probe id>.<measure>`, e.g. `security.jailbreak.asr`."""

    title: str
    better: Literal["lower", "higher", "neither"]
    estimate: Estimate | Skipped
    breakdown: dict[str, Estimate] = msgspec.field(default_factory=dict)
    """By category, level, format or attack family."""


_WITHHELD = re.compile(r"[0-9]+ characters, SHA-256 [0-9a-f]{64}")


def withheld(text: str) -> str:
    """What may be said of a text that must not be shown: its length and digest.

    Saying it twice changes nothing, so makers and readers may both make sure.
    """
    if _WITHHELD.fullmatch(text):
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{len(text)} characters, SHA-256 {digest}"


class Example(Value, frozen=True, kw_only=True):
    """One case for the reader: the worst first."""

    case: int
    """Draw index."""

    prompt: str
    answer: str
    note: str
    """Why it counts, e.g. `hit: repeated the planted instruction`."""

    hit: bool
    mask: Literal["none", "harmful", "personal"]
    """Of a masked example, `prompt` and `answer` are `withheld`: evidence is made to be
    published. The text is in the journal, which stays with whoever ran the audit."""


class ProbeResult(Value, frozen=True, kw_only=True):
    """One probe: its card, its figures, its examples."""

    id: str
    version: int
    title: str
    dimension: Dimension
    layer: Layer
    access: Access
    owasp: tuple[str, ...]
    """Edition-keyed: `owasp-llm:2026:LLM01`."""

    hit: str
    """What counts as a hit, one sentence."""

    estimand: str
    """What the number is an estimate of, one sentence."""

    source: str
    cases: int
    """Cases counted."""

    missing: int
    """Counted cases without an outcome (call failed, unreadable); each is held against
    both verdicts."""

    calls: int
    measures: tuple[MeasureResult, ...]
    examples: tuple[Example, ...] = ()


class GateResult(Value, frozen=True, kw_only=True):
    """One claim of the policy, decided."""

    metric: str
    op: Literal["<=", ">="]
    threshold: float
    alpha: float
    """Family-wise error shared by e-Holm over all gates of the run."""

    severity: Literal["block", "warn"]
    state: GateState
    log_e_pass: float
    """Natural logarithm of the evidence against `claim is false`."""

    log_e_fail: float
    n: int
    """Draws counted."""

    reason: str
    """One sentence with the number and the threshold in it."""

    why: str = ""
    """The policy's plain words: what goes wrong if the claim does not hold."""


class AdHoc(Value, frozen=True, kw_only=True):
    """What a person tried, and how they judged it. Never part of a measured figure."""

    prompt: str
    answer: str
    judgement: Literal["fine", "flaw", "unsure"]
    note: str


class Journal(Value, frozen=True, kw_only=True):
    """What binds the statement to the transcript."""

    digest: str
    """SHA-256 chain over the counted cases in the order drawn; see `audit.journal`."""

    cases: int
    calls: int
    tokens: int
    """Prompt and completion tokens of counted calls, as the endpoint reported them."""


class Audit(Value, frozen=True, kw_only=True):
    """The predicate."""

    tool: Tool
    target: Target
    seed: Seed
    parameters: dict[str, str | int | float | bool]
    """Everything else that decides the outcome: budget, temperature, judge, …"""

    policy: str
    """Policy id."""

    policy_digest: str
    """SHA-256 of the policy's canonical form."""

    probes: tuple[ProbeResult, ...]
    gates: tuple[GateResult, ...]
    not_measured: tuple[Skipped, ...]
    verdict: Verdict
    reasons: tuple[str, ...]
    stopped: Literal["decided", "budget", "exhausted"]
    """Why the run ended: every gate decided, a budget ran out, or finite sets ran out."""

    limitations: tuple[str, ...]
    ad_hoc: tuple[AdHoc, ...] = ()
    journal: Journal
