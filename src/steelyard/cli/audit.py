"""Weigh a model: performance, robustness, truthfulness, security; sign what was found.

steelyard audit                                     the embedded model, by the policy `school`
steelyard audit model.gguf --policy hospital        a file on this machine
steelyard audit hf:org/name@revision#file.gguf      a file from the hub
steelyard audit https://host/v1#model               an OpenAI-compatible endpoint; its key
                                                    comes from STEELYARD_API_KEY
steelyard audit m.gguf --probes 'security.*,truthfulness.invented' --budget calls=500
steelyard audit m.gguf --ad-hoc                     then try it yourself, and judge what it says

Every gate of the policy ends as PASS or FAIL with at most its stated error, or, when the
budget ends first, as INCONCLUSIVE. Cases are drawn from a seed that is committed before the
run and published in the evidence: the same seed asks the same cases.

The folder --out gets evidence.json (signed), statement.json, report.html, report.md,
junit.xml and journal.jsonl (every question and answer). Interrupted, by Ctrl-C or by a power
cut, the same command with the same --out goes on where it stopped and asks nothing twice; a
finished one is not asked again. The budget may be raised between the two.

exit codes: 0 admit · 1 refuse · 2 usage · 3 review or inconclusive · 4 could not be evaluated
"""

import argparse
import os
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.audit import api
from steelyard.audit.settings import AuditSettings, Budget
from steelyard.cli import outputs
from steelyard.errors import InputError, UnavailableError
from steelyard.evidence.predicates.audit import Verdict
from steelyard.evidence.statement import Statement
from steelyard.policy import source
from steelyard.policy.policy import Policy
from steelyard.policy.verdict import Evidence, judge

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.evidence.signing import Signer

CODES: dict[Verdict, int] = {"admit": 0, "refuse": 1, "review": 3}
INTERRUPTED = 130
TIMEOUT = 120.0
CONCURRENCY = "requests in flight; default: 16 for an endpoint, 4 for a model run here"
BUDGET = (
    "when to stop; default: calls=500 for a model run here, calls=2000 for an endpoint. "
    "calls and tokens stop at the same case every time; seconds is wall clock and doesn't"
)
VALUES = (
    ("--policy", "NAME|FILE", api.POLICY, "school, hospital, startup, or a TOML file"),
    ("--probes", "GLOBS", "", "comma-separated, `-` takes away; default: all but self-tests"),
    (
        "--budget",
        "calls=N,tokens=N,seconds=S",
        "",
        BUDGET,
    ),
    ("--seed", "TEXT", "", "default: 128 random bits, published afterwards"),
    ("--judge", "URL#MODEL", "", "another model, for probes that need a judgement"),
)
SWITCHES = (
    ("--offline", "refuse every connection that leaves this machine"),
    ("--ad-hoc", "afterwards, ask it yourself and judge; kept apart from the figures"),
    ("--json", "print the statement, and nothing else, on standard output"),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add("model", nargs="?", default="", help="what to weigh; without it, the embedded model")
    for flag, metavar, default, text in VALUES:
        add(flag, metavar=metavar, default=default, help=text)
    add("--concurrency", type=int, default=0, metavar="N", help=CONCURRENCY)
    add("--timeout", type=float, default=TIMEOUT, metavar="S", help="seconds for one attempt")
    add("--out", type=outputs.place, metavar="DIR", help="folder; default: evidence/<model>-<time>")
    add("--key", type=Path, metavar="FILE", help="sign with this key instead of your own")
    for flag, text in SWITCHES:
        add(flag, action="store_true", help=text)


def run(arguments: argparse.Namespace) -> int:
    """Audit, show, sign, write; the exit code says the verdict."""
    settings = AuditSettings(
        reference=arguments.model,
        probes=tuple(filter(None, arguments.probes.split(","))),
        seed=arguments.seed,
        budget=Budget.parse(arguments.budget) if arguments.budget else None,
        concurrency=arguments.concurrency,
        out=arguments.out or _folder(arguments.model),
        judge=arguments.judge,
        offline=arguments.offline,
        timeout=arguments.timeout,
    )
    if settings.out is None:
        raise InputError("--out is empty")
    policy = source.load(arguments.policy)
    signs = _signer(arguments.key)
    try:
        statement = _weigh(settings, policy, arguments)
        return _finish(statement, policy, arguments, (settings.out, signs))
    except KeyboardInterrupt:
        _say(_how_to_go_on(settings.out, "interrupted"))
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except OSError as error:
        what = f"{error.filename or settings.out}: {error.strerror}"
        raise UnavailableError(f"{what}\n{_how_to_go_on(settings.out, 'stopped')}") from error
    except UnavailableError as error:
        if (settings.out / api.JOURNAL).exists():
            raise type(error)(f"{error}\n{_how_to_go_on(settings.out, 'stopped')}") from error
        raise


def _weigh(settings: AuditSettings, policy: Policy, arguments: argparse.Namespace) -> Statement:
    from steelyard.cli import adhoc, live

    with live.watch(sys.stderr) as observer:
        watching = api.Watching(
            observer=observer, afterwards=adhoc.session if arguments.ad_hoc else None
        )
        return api.run(settings, policy, watching)


def _signer(path: Path | None) -> "Callable[[], Signer]":
    """The key that will sign, tried before an hour of asking; one of one's own is made after."""
    from steelyard.cli import key
    from steelyard.evidence import keyring

    own = keyring.default()
    if path is not None or own.private.exists():
        found = key.signer(path)
        return lambda: found
    near = next(each for each in own.private.parents if each.exists())
    if not os.access(near, os.W_OK):
        raise InputError(f"{near}: a signing key cannot be made there; name one with --key")

    def made() -> "Signer":
        new = key.signer(None)
        _say(f"made a signing key for you: {own.private}")
        return new

    return made


def _finish(
    statement: Statement,
    policy: Policy,
    arguments: argparse.Namespace,
    place: "tuple[Path, Callable[[], Signer]]",
) -> int:
    from steelyard.cli import verdict

    out, signs = place
    signed_by = outputs.write(statement, out, signs())
    found = outputs.predicate(statement)
    # The statement knows no clock; waivers and the policy's review date need one.
    now = datetime.now(UTC)
    fresh = Evidence(name="evidence.json", statement=statement, made=now)
    today = judge(policy, (fresh,), now).verdict
    if arguments.json:
        sys.stdout.write(statement.encode().decode() + "\n")
    else:
        verdict.show(found)
        if today != found.verdict:
            print(f"Today, with its waivers and review date, the policy says: {today.upper()}")
        print(f"{out / 'report.html'}  read this first")
        print(f"{out / 'evidence.json'}  signed by {signed_by}")
    return CODES[today]


def _folder(model: str) -> Path:
    name = re.sub(r"[^A-Za-z0-9.]+", "-", model.rpartition("/")[2] or "embedded").strip("-.")
    return Path("evidence") / f"{name[:40] or 'model'}-{time.strftime('%Y%m%d-%H%M%S')}"


def _how_to_go_on(out: Path, what: str) -> str:
    if not (out / api.JOURNAL).exists():
        return f"{what} before the first call; nothing was written"
    return f"{what}. The journal is kept: the same command with --out {out} goes on from there"


def _say(text: str) -> None:
    print(f"steelyard: {text}", file=sys.stderr)
