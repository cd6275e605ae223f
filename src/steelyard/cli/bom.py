"""Write a bill of materials: what the model's files are, and what they say of themselves.

steelyard bom MODEL                               CycloneDX 1.7 ML-BOM
steelyard bom MODEL --format spdx                 SPDX 3.0.1, AI profile
steelyard bom MODEL --sign --out bom.json         the same, as signed evidence

It lists what was found, never what was only claimed elsewhere: files with digests, formats
and tensors; architectures, licences, base models and datasets as the files declare them.
The same files give the same bytes on every machine; --created, or SOURCE_DATE_EPOCH, puts a
time in.
"""

import argparse
import json
import os
from datetime import UTC, datetime
from pathlib import Path

from steelyard.cli import key as key_verb
from steelyard.cli import outputs, subject
from steelyard.errors import InputError
from steelyard.evidence import envelope
from steelyard.evidence.statement import Statement, about
from steelyard.render import cyclonedx, spdx
from steelyard.weights.inspect import inspect
from steelyard.weights.settings import Settings

FORMATS = {
    "cyclonedx": (cyclonedx.render, "https://cyclonedx.org/bom"),
    "spdx": (spdx.render, "https://spdx.dev/Document"),
}
"""Name → how it is written, and its in-toto predicate type.

From: github.com/in-toto/attestation, spec/predicates/.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("model", help="file, folder, hf:…, pypi:…, s3:…")
    parser.add_argument("--format", choices=tuple(FORMATS), default="cyclonedx")
    parser.add_argument("--created", help="time to write into it, e.g. 2026-11-24T12:00:00Z")
    parser.add_argument("--out", type=outputs.place, help="write there instead of standard output")
    parser.add_argument("--sign", action="store_true", help="as an envelope, with your own key")
    parser.add_argument("--key", type=Path, help="private key (PEM) to sign with")
    parser.add_argument("--offline", action="store_true", help="fetch nothing")
    parser.add_argument(
        "--no-sandbox", action="store_true", help="read in this process, unconfined"
    )


def run(arguments: argparse.Namespace) -> int:
    """Inspect and write."""
    created = moment(arguments.created, os.environ.get("SOURCE_DATE_EPOCH"))
    local = subject.files(arguments.model, offline=arguments.offline)
    found = inspect(local.path, Settings(sandbox=not arguments.no_sandbox, statistics=False))
    inspected = about(local.name, {"sha256": found.digest}, "inspection", found)
    render, kind = FORMATS[arguments.format]
    text = render(inspected, created)
    if arguments.sign or arguments.key:
        statement = Statement(
            subject=inspected.subject, predicate_type=kind, predicate=json.loads(text)
        )
        signer = key_verb.signer(arguments.key)
        text = envelope.seal(statement.encode(), signer).decode()
    if arguments.out:
        outputs.save(arguments.out, text)
    else:
        print(text, end="" if text.endswith("\n") else "\n")
    return 0


def moment(given: str | None, epoch: str | None) -> datetime | None:
    """The time to write: as given, else SOURCE_DATE_EPOCH, else none.

    Raises:
        InputError: not a time with a zone, or not a count of seconds.
    """
    try:
        if given:
            found = datetime.fromisoformat(given)
        elif epoch:
            found = datetime.fromtimestamp(int(epoch), UTC)
        else:
            return None
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f"not a time: {given or epoch!r} (2026-11-24T12:00:00Z)") from error
    if found.tzinfo is None:
        raise InputError(f"{given}: say the time zone too, e.g. {given}Z")
    return found
