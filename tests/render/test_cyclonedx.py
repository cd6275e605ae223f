import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from steelyard.errors import InputError
from steelyard.evidence.statement import Statement, Subject
from steelyard.evidence.value import Skipped
from steelyard.render import cyclonedx
from tests.render.materials import inspected


def written(statement: Statement) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(cyclonedx.render(statement))
    return document


def test_it_is_valid_by_the_official_schema() -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_7)
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    for text in (cyclonedx.render(inspected()), cyclonedx.render(inspected(), moment)):
        assert validator.validate_str(text) is None
    broken = cyclonedx.render(inspected()).replace('"file"', '"folder"')
    assert validator.validate_str(broken) is not None


def test_the_model_card_holds_what_the_files_declare() -> None:
    model = written(inspected())["metadata"]["component"]
    card = model["modelCard"]
    assert card["modelParameters"] == {
        "task": "text-generation",
        "modelArchitecture": "llama",
        "datasets": [{"type": "dataset", "name": "org/data set"}],
    }
    assert {"name": "steelyard:parameters", "value": "4096"} in card["properties"]
    assert {"name": "steelyard:tensors", "value": "3"} in card["properties"]
    assert {"name": "steelyard:digest:sha256", "value": "ef" * 32} in model["properties"]
    assert {"name": "steelyard:findings:high", "value": "1"} in model["properties"]
    assert [each["name"] for each in model["pedigree"]["ancestors"]] == ["org/base", "org/other"]


def test_a_licence_is_an_spdx_one_only_when_it_is_exactly_that() -> None:
    licences = written(inspected())["metadata"]["component"]["licenses"]
    assert licences == [
        {"license": {"name": "Our Own Terms 2.0", "acknowledgement": "declared"}},
        {"license": {"id": "Apache-2.0", "acknowledgement": "declared"}},
    ]


def test_every_file_stands_there_with_its_digest_and_a_stable_reference() -> None:
    document = written(inspected())
    files = [each for each in document["components"] if each["type"] == "file"]
    assert [each["bom-ref"] for each in files] == [
        "file:LICENSE.json",
        "file:README.md",
        "file:config.json",
        "file:sub dir/größe.safetensors",
    ]
    assert files[1]["hashes"] == [{"alg": "SHA-256", "content": "cd" * 32}]
    depends = document["dependencies"][0]
    assert depends["ref"] == "model"
    assert "file:README.md" in depends["dependsOn"]
    assert "base:org/base" in depends["dependsOn"]


def test_the_same_statement_gives_the_same_bytes_and_another_another_serial_number() -> None:
    assert cyclonedx.render(inspected()) == cyclonedx.render(inspected())
    assert "timestamp" not in cyclonedx.render(inspected())
    first, second = written(inspected()), written(inspected(name="another"))
    assert first["serialNumber"] != second["serialNumber"]


def test_what_could_not_be_looked_at_makes_it_incomplete() -> None:
    assert written(inspected())["compositions"][0]["aggregate"] == "complete"
    partly = written(inspected(Skipped(what="x", reason="no reader")))
    assert partly["compositions"][0]["aggregate"] == "incomplete"


def test_another_kind_of_statement_is_refused() -> None:
    other = Statement(subject=(Subject(name="m", digest={}),), predicate_type="x", predicate={})
    with pytest.raises(InputError, match="from an inspection"):
        cyclonedx.render(other)
