"""SPDX 3.0.1 with the AI and Dataset profiles, in JSON-LD, from an inspection statement.

Source: SPDX 3.0.1 model; serialisation in JSON-LD with the published context.
"""

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from steelyard.evidence.predicates.inspection import FileReport
from steelyard.evidence.statement import Statement
from steelyard.render import ingredients
from steelyard.render.ingredients import Ingredients, Licence

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
INFO = "_:creation"
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""`created` is mandatory; without a time given, this and a comment stand there."""

Element = dict[str, Any]


def render(statement: Statement, created: datetime | None = None) -> str:
    """The document. `created`: the moment to write into it, if any.

    Raises:
        InputError: not an inspection statement.
    """
    found = ingredients.of(statement)
    root = f"https://steelyard.dev/spdx/{hashlib.sha256(statement.encode()).hexdigest()}"
    elements = _Elements(root, found).all()
    document = {
        "@context": CONTEXT,
        "@graph": [
            _creation(root, found, created),
            *elements,
            {
                "type": "SpdxDocument",
                "spdxId": f"{root}/document",
                "creationInfo": INFO,
                "name": f"Bill of materials of {found.name}",
                "profileConformance": ["ai", "core", "dataset", "simpleLicensing", "software"],
                "rootElement": [f"{root}/model"],
                "element": sorted(element["spdxId"] for element in elements),
            },
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _creation(root: str, found: Ingredients, created: datetime | None) -> Element:
    moment = (created or NO_TIME).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    made: Element = {
        "type": "CreationInfo",
        "@id": INFO,
        "specVersion": "3.0.1",
        "created": moment,
        "createdBy": [f"{root}/steelyard"],
        "comment": f"Written by Steelyard {found.tool} from what static inspection found.",
    }
    if created is None:
        made["comment"] += (
            " The time of making was not recorded, so that the document is the same wherever "
            "it is made."
        )
    return made


class _Elements:
    """Makes the elements of one document, with identifiers below `root`."""

    def __init__(self, root: str, found: Ingredients) -> None:
        self._root = root
        self._found = found

    def all(self) -> list[Element]:
        found = self._found
        files = [self._file(report) for report in found.files]
        bases = [self._model(f"base/{quote(name, safe='')}", name) for name in found.bases]
        datasets = [self._dataset(name) for name in found.datasets]
        licences = [self._licence(licence) for licence in found.licences]
        agent = self._element("SoftwareAgent", "steelyard", name="Steelyard")
        links = [
            self._link("contains", files, complete=found.complete),
            self._link("descendantOf", bases),
            self._link("trainedOn", datasets),
            self._link("hasDeclaredLicense", licences),
        ]
        return [
            agent,
            self._whole(),
            *files,
            *bases,
            *datasets,
            *licences,
            *(link for link in links if link["to"]),
        ]

    def _element(self, kind: str, place: str, /, **more: Any) -> Element:
        return {"type": kind, "spdxId": f"{self._root}/{place}", "creationInfo": INFO, **more}

    def _model(self, place: str, name: str) -> Element:
        return self._element("ai_AIPackage", place, name=name, software_primaryPurpose="model")

    def _whole(self) -> Element:
        found = self._found
        model = self._model("model", found.name)
        if "sha256" in found.digests:
            model["externalIdentifier"] = [
                {
                    "type": "ExternalIdentifier",
                    "externalIdentifierType": "other",
                    "identifier": f"{name}:{value}",
                    "comment": "Digest of the manifest of all files, which binds their names"
                    if name == "sha256"
                    else "Another digest of the same files",
                }
                for name, value in found.digests.items()
            ]
        if found.architectures:
            model["ai_typeOfModel"] = list(found.architectures)
        if found.tasks:
            model["ai_informationAboutApplication"] = ", ".join(found.tasks)
        figures = {"parameters": str(found.parameters), "tensors": str(found.tensors)}
        if found.quantisations:
            figures["quantisation"] = ", ".join(found.quantisations)
        model["ai_hyperparameter"] = [
            {"type": "DictionaryEntry", "key": key, "value": value}
            for key, value in sorted(figures.items())
        ]
        return model

    def _file(self, report: FileReport) -> Element:
        told = [f"format {report.format}", f"load verdict {report.verdict}"]
        if report.tensors:
            told.append(f"{report.tensors} tensors with {report.parameters} elements")
        return self._element(
            "software_File",
            f"file/{quote(report.path, safe='/')}",
            name=report.path,
            verifiedUsing=[{"type": "Hash", "algorithm": "sha256", "hashValue": report.sha256}],
            comment="; ".join(told),
        )

    def _dataset(self, name: str) -> Element:
        return self._element(
            "dataset_DatasetPackage",
            f"dataset/{quote(name, safe='')}",
            name=name,
            dataset_datasetType=["noAssertion"],
            software_primaryPurpose="data",
        )

    def _licence(self, licence: Licence) -> Element:
        own = "LicenseRef-" + re.sub(r"[^A-Za-z0-9.-]+", "-", licence.declared)
        return self._element(
            "simplelicensing_LicenseExpression",
            f"licence/{quote(licence.declared, safe='')}",
            simplelicensing_licenseExpression=licence.spdx or own,
        )

    def _link(self, kind: str, to: list[Element], *, complete: bool = False) -> Element:
        return self._element(
            "Relationship",
            f"relationship/{kind}",
            relationshipType=kind,
            to=[element["spdxId"] for element in to],
            completeness="complete" if complete else "noAssertion",
            **{"from": f"{self._root}/model"},
        )
