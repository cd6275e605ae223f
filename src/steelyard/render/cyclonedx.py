"""CycloneDX 1.7 ML-BOM, in JSON, from an inspection statement.

Written directly: the official Python library has no `modelCard`. Paths are relative and
references stable, and no clock is read, so two machines write the same bytes.

Source: ECMA-424, 2nd edition (CycloneDX 1.7).
"""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from steelyard.evidence.predicates.inspection import FileReport
from steelyard.evidence.statement import Statement
from steelyard.render import ingredients
from steelyard.render.ingredients import Ingredients, Licence

SCHEMA = "http://cyclonedx.org/schema/bom-1.7.schema.json"
MODEL = "model"
"""The model's own reference in the document."""


def render(statement: Statement, created: datetime | None = None) -> str:
    """The document. `created`: the moment to write into it, if any.

    Raises:
        InputError: not an inspection statement.
    """
    found = ingredients.of(statement)
    references = [_file_reference(report) for report in found.files]
    bases = [f"base:{name}" for name in found.bases]
    metadata: dict[str, Any] = {
        "tools": {
            "components": [{"type": "application", "name": "steelyard", "version": found.tool}]
        },
        "component": _model(found),
    }
    if created is not None:
        metadata["timestamp"] = created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    aggregate = "complete" if found.complete else "incomplete"
    document = {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "serialNumber": f"urn:uuid:{_serial(statement)}",
        "version": 1,
        "metadata": metadata,
        "components": [
            *map(_file, found.files),
            *({**_base(name), "bom-ref": f"base:{name}"} for name in found.bases),
        ],
        "dependencies": [
            {"ref": MODEL, "dependsOn": sorted([*references, *bases])},
            *({"ref": reference} for reference in sorted([*references, *bases])),
        ],
        "compositions": [{"aggregate": aggregate, "assemblies": [MODEL]}],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _model(found: Ingredients) -> dict[str, Any]:
    properties = {f"steelyard:digest:{name}": value for name, value in found.digests.items()}
    properties |= {
        f"steelyard:findings:{severity}": str(count) for severity, count in found.findings.items()
    }
    model: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": MODEL,
        "name": found.name,
        "modelCard": _card(found),
        "properties": _properties(properties),
    }
    if found.licences:
        model["licenses"] = [_licence(licence) for licence in found.licences]
    if found.bases:
        model["pedigree"] = {"ancestors": [_base(name) for name in found.bases]}
    return model


def _card(found: Ingredients) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    if found.tasks:
        parameters["task"] = ", ".join(found.tasks)
    if found.architectures:
        parameters["modelArchitecture"] = ", ".join(found.architectures)
    if found.datasets:
        parameters["datasets"] = [{"type": "dataset", "name": name} for name in found.datasets]
    properties = {
        "steelyard:parameters": str(found.parameters),
        "steelyard:tensors": str(found.tensors),
    }
    if found.quantisations:
        properties["steelyard:quantisation"] = ", ".join(found.quantisations)
    card: dict[str, Any] = {"properties": _properties(properties)}
    if parameters:
        card["modelParameters"] = parameters
    return card


def _file(report: FileReport) -> dict[str, Any]:
    properties = {
        "steelyard:format": report.format,
        "steelyard:size": str(report.size),
        "steelyard:verdict": report.verdict,
    }
    if report.tensors:
        properties["steelyard:tensors"] = str(report.tensors)
        properties["steelyard:parameters"] = str(report.parameters)
    if report.callables:
        properties["steelyard:callables"] = ", ".join(report.callables)
    properties |= {f"steelyard:fact:{name}": value for name, value in report.facts.items()}
    return {
        "type": "file",
        "bom-ref": _file_reference(report),
        "name": report.path,
        "hashes": [{"alg": "SHA-256", "content": report.sha256}],
        "properties": _properties(properties),
    }


def _file_reference(report: FileReport) -> str:
    return f"file:{report.path}"


def _base(name: str) -> dict[str, Any]:
    return {"type": "machine-learning-model", "name": name}


def _licence(licence: Licence) -> dict[str, Any]:
    named = {"id": licence.spdx} if licence.spdx else {"name": licence.declared}
    return {"license": {**named, "acknowledgement": "declared"}}


def _properties(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in sorted(values.items())]


def _serial(statement: Statement) -> uuid.UUID:
    """A serial number of this content, not of this moment."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"steelyard:bom:{statement.encode().decode()}")
