"""Judge a model by a policy, from evidence alone: no model is asked anything.

steelyard check model.gguf --policy school --evidence evidence/
steelyard check hf:org/name@main --policy our.toml --evidence evidence/ --key auditor.pub
steelyard check --policy startup --evidence evidence/       the embedded model

The model is hashed, the evidence about exactly that digest is found and its signatures are
verified, and the policy is applied. A file that has not changed since it was last hashed here
is not hashed again: --no-cache hashes all of them.

Exit code: 0 admit, 1 refuse, 2 usage, 3 review, 4 could not be evaluated (no evidence about
this model, or some that does not verify).
"""

import argparse
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from steelyard import policy as policies
from steelyard.errors import EvidenceError, UnavailableError
from steelyard.evidence import keyring, store
from steelyard.evidence.keys import PublicKey
from steelyard.evidence.remembered import Digests
from steelyard.evidence.verify import verify
from steelyard.policy import Evidence, Judgement, Policy
from steelyard.render.text import shown
from steelyard.subjects import FetchSettings, fetch, parse
from steelyard.subjects.reference import Endpoint

CODES = {"admit": 0, "refuse": 1, "review": 3}
MARKS = {
    "pass": "holds",
    "fail": "FAILS",
    "inconclusive": "open",
    "not-measured": "not measured",
    "stale": "too old",
    "waived": "waived",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "model", nargs="?", default="", help="path, hf:…, pypi:…, s3:… or https://host/v1#model"
    )
    known = ", ".join(policies.shipped())
    parser.add_argument("--policy", required=True, help=f"{known}, or a TOML file")
    parser.add_argument("--evidence", required=True, type=Path, metavar="DIR")
    parser.add_argument(
        "--key", type=Path, action="append", default=[], metavar="PUB", help="a key you trust"
    )
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="hash every file, changed or not",
    )
    parser.add_argument("--offline", action="store_true", help="fetch nothing")
    parser.add_argument("--json", action="store_true", help="the judgement as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Judge, print, and return the exit code of the verdict."""
    policy = policies.load(arguments.policy)
    reference = parse(arguments.model)
    keys = (*(keyring.read(path) for path in arguments.key), *keyring.default().public_keys())
    if isinstance(reference, Endpoint):
        name, digest = str(reference), ""
        found = _about_endpoint(arguments.evidence, name)
    else:
        fetched = FetchSettings(offline=arguments.offline)
        local = fetch(reference, fetched)
        if not arguments.no_cache:
            local = replace(local, memory=Digests(fetched.cache / "digests"))
        name, digest = local.name, local.manifest.digest()
        found = store.find(arguments.evidence, digest)
    evidence = [_verified(each, keys) for each in found]
    if not evidence:
        raise UnavailableError(_nothing(arguments.evidence, name, digest))
    judgement = policies.judge(policy, evidence, datetime.now(UTC))
    if arguments.json:
        print(json.dumps(_plain(judgement, policy, digest), indent=2, ensure_ascii=False))
    else:
        _print(judgement, policy, f"{name}  sha256 {digest or 'none: an endpoint'}")
    return CODES[judgement.verdict]


def _verified(item: store.Stored | store.Damaged, keys: tuple[PublicKey, ...]) -> Evidence:
    """The evidence in a file whose signature verifies; anything else ends the check.

    Raises:
        UnavailableError: not readable, changed, or not signed by a trusted key.
    """
    if isinstance(item, store.Damaged):
        raise UnavailableError(f"{item.path} does not verify: {item.reason}")
    try:
        statement = verify(item.data, keys).statement
    except EvidenceError as error:
        raise UnavailableError(f"{item.path} does not verify: {error}") from error
    except UnavailableError as error:
        hint = "If you trust the signer: --key KEY.pub, or steelyard key trust KEY.pub"
        raise UnavailableError(f"{item.path}: {error}. {hint}") from error
    # Nothing signed tells the time; a file's date is the best there is, and notes say so.
    made = datetime.fromtimestamp(item.path.stat().st_mtime, UTC)
    doubt = f"taken to be of {made:%Y-%m-%d}, the file's date, which anyone can set"
    return Evidence(name=item.path.name, statement=statement, made=made, doubt=doubt)


def _about_endpoint(folder: Path, name: str) -> list[store.Stored | store.Damaged]:
    """Unpinned evidence about the endpoint, and whatever cannot be read."""
    return [
        each
        for each in store.everything(folder)
        if isinstance(each, store.Damaged)
        or (
            not any(subject.digest for subject in each.statement.subject)
            and _asked(each.statement.predicate) == name
        )
    ]


def _asked(predicate: dict[str, Any]) -> str:
    target = predicate.get("target")
    return str(target.get("reference", "")) if isinstance(target, dict) else ""


def _nothing(folder: Path, name: str, digest: str) -> str:
    others = {
        f"{subject.name} (sha256 {subject.digest.get('sha256', 'none')[:16]}…)"
        for each in store.everything(folder)
        if isinstance(each, store.Stored)
        for subject in each.statement.subject[:1]
    }
    about = f"it is about {', '.join(sorted(others))}" if others else "there is no evidence at all"
    what = f"{name} (sha256 {digest[:16]}…)" if digest else name
    return (
        f"{folder}: no evidence about {what}; {about}. "
        f"Make some: steelyard audit MODEL --out {folder}"
    )


def _plain(judgement: Judgement, policy: Policy, digest: str) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(judgement)
    return {
        "digest": digest,
        "policy": policy.id,
        "policyDigest": policies.digest(policy),
        **plain,
    }


def _print(judgement: Judgement, policy: Policy, subject: str) -> None:
    print(shown(f"{judgement.verdict.upper()}  by policy {policy.id} ({policy.title})"))
    print(shown(f"{subject}\n"))
    for gate in judgement.gates:
        print(shown(f"  {MARKS[gate.state]:<13} {gate.reason}"))
        if gate.state not in ("pass", "waived"):
            print(shown(f"  {'':<13} {gate.why}"))
    told = {gate.reason for gate in judgement.gates}
    for reason in judgement.reasons:
        if reason not in told:
            print(shown(f"  {'!':<13} {reason}"))
    for note in judgement.notes:
        print(shown(f"note: {note}"), file=sys.stderr)
