import io
import json
from datetime import UTC, datetime

import pytest
from spdx_python_model import v3_0_1

from steelyard.errors import InputError
from steelyard.evidence.statement import Statement, Subject
from steelyard.evidence.value import Skipped
from steelyard.render import spdx
from tests.render.materials import inspected


def read(text: str) -> v3_0_1.SHACLObjectSet:
    objects = v3_0_1.SHACLObjectSet()
    v3_0_1.JSONLDDeserializer().read(io.BytesIO(text.encode()), objects)
    return objects


def one(objects: v3_0_1.SHACLObjectSet, kind: str) -> list[object]:
    return list(objects.foreach_type(kind, match_subclass=False))


def test_the_published_model_reads_it_and_every_reference_resolves() -> None:
    objects = read(spdx.render(inspected()))
    assert objects.link() == set()
    assert len(one(objects, "ai_AIPackage")) == 3
    assert len(one(objects, "software_File")) == 4
    assert len(one(objects, "dataset_DatasetPackage")) == 1
    told = sorted(
        str(each.simplelicensing_licenseExpression)
        for each in objects.foreach_type("simplelicensing_LicenseExpression")
        if isinstance(each, v3_0_1.simplelicensing_LicenseExpression)
    )
    assert told == ["Apache-2.0", "LicenseRef-Our-Own-Terms-2.0"]


def test_the_published_model_refuses_what_it_does_not_know() -> None:
    text = spdx.render(inspected())
    for before, after in (
        ("ai_typeOfModel", "ai_kindOfModel"),
        ('"descendantOf"', '"childOf"'),
        ('"sha256"', '"sha-256"'),
    ):
        assert before in text
        with pytest.raises((ValueError, TypeError, KeyError)):
            read(text.replace(before, after))


def test_it_names_the_model_by_its_digests() -> None:
    graph = json.loads(spdx.render(inspected()))["@graph"]
    model = next(each for each in graph if each.get("name") == "a model")
    told = [each["identifier"] for each in model["externalIdentifier"]]
    assert told == ["omsRoot:" + "01" * 32, "sha256:" + "ef" * 32]
    assert model["ai_typeOfModel"] == ["llama"]
    assert {"type": "DictionaryEntry", "key": "tensors", "value": "3"} in model["ai_hyperparameter"]


def test_completeness_is_claimed_only_when_everything_was_looked_at() -> None:
    def claim(statement: Statement) -> str:
        graph = json.loads(spdx.render(statement))["@graph"]
        link = next(each for each in graph if each.get("relationshipType") == "contains")
        return str(link["completeness"])

    assert claim(inspected()) == "complete"
    assert claim(inspected(Skipped(what="x", reason="no reader"))) == "noAssertion"


def test_without_a_time_the_bytes_are_the_same_and_say_so() -> None:
    text = spdx.render(inspected())
    assert text == spdx.render(inspected())
    assert "The time of making was not recorded" in text
    dated = spdx.render(inspected(), datetime(2026, 11, 24, tzinfo=UTC))
    assert '"created": "2026-11-24T00:00:00Z"' in dated
    assert "not recorded" not in dated


def test_another_kind_of_statement_is_refused() -> None:
    other = Statement(subject=(Subject(name="m", digest={}),), predicate_type="x", predicate={})
    with pytest.raises(InputError, match="from an inspection"):
        spdx.render(other)
