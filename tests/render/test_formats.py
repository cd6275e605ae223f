"""Every format, on the same two statements: golden copies, and what each promises."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt

from steelyard import plugins
from steelyard.errors import InputError
from steelyard.evidence.predicates.comparison import (
    Comparison,
    FileChange,
    TensorChange,
    TextChange,
)
from steelyard.evidence.statement import Statement, about
from tests.render.samples import DIGEST, audit_statement, hostile, inspection_statement

GOLDEN = Path(__file__).parent.parent / "golden" / "render"
EVIL = "x|y](javascript:alert(1)) <img src=x> `code` \u202e\x1b[31m\x00 ]]> --- \n# heading"
EXTENSIONS = {
    "html": "html",
    "markdown": "md",
    "card": "card.md",
    "json": "json",
    "junit": "xml",
    "sarif": "sarif",
    "terminal": "txt",
}
AUDIT = ("html", "markdown", "card", "json", "junit", "terminal")
INSPECTION = ("html", "markdown", "json", "junit", "sarif", "terminal")
COMPARISON = ("html", "markdown", "json", "terminal")


def render(name: str, statement: Statement) -> str:
    made: str = plugins.load("formats", name)(statement)
    return made


def comparison_statement() -> Statement:
    from steelyard.evidence.predicates.audit import Tool

    return about(
        "tuned",
        {"sha256": DIGEST},
        "comparison",
        Comparison(
            tool=Tool(version="0.1.0"),
            before="base",
            before_digest={"sha256": "0" * 64},
            kind="low-rank-update",
            sentence="A LoRA of rank 8 was merged into the attention of layers 0 to 3.",
            reasons=("8 of 8 changed tensors differ by a matrix of rank 8",),
            files=(FileChange(path="tokenizer.json", change="changed"),),
            texts=(
                TextChange(
                    path="chat_template.jinja", words="A system line was added.", notable=True
                ),
            ),
            tensors=tuple(
                TensorChange(
                    name=f"model.layers.{layer}.self_attn.{role}.weight",
                    kind="low-rank",
                    before="BF16 [576, 576]",
                    after="BF16 [576, 576]",
                    relative=0.01 * (layer + 1),
                    rank=8,
                    layer=layer,
                    role=f"self_attn.{role}",
                )
                for role in ("q_proj", "v_proj")
                for layer in range(4)
            ),
            same=264,
        ),
    )


CASES = [
    *(("audit", name, audit_statement) for name in AUDIT),
    *(("inspection", name, inspection_statement) for name in INSPECTION),
    *(("comparison", name, comparison_statement) for name in COMPARISON),
]


@pytest.mark.parametrize(("kind", "name", "make"), CASES, ids=lambda part: str(part)[:20])
def test_it_looks_as_it_did_when_someone_last_looked(
    kind: str,
    name: str,
    make: Callable[[], Statement],
    pytestconfig: pytest.Config,
) -> None:
    made = render(name, make())
    golden = GOLDEN / f"{kind}.{EXTENSIONS[name]}"
    if pytestconfig.getoption("--update-golden"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(made, encoding="utf-8")
    assert made == golden.read_text(encoding="utf-8"), "if the change is meant: --update-golden"


@pytest.mark.parametrize("name", AUDIT)
def test_hostile_text_leaves_no_control_characters(name: str) -> None:
    made = render(name, hostile(EVIL))
    if name != "json":  # evidence is kept as it is; JSON escapes controls itself
        assert not set("\u202e\x1b\x00") & set(made)


@pytest.mark.parametrize("name", ["markdown", "card"])
def test_markdown_keeps_hostile_text_as_text(name: str) -> None:
    clean = _rendered(render(name, audit_statement()))
    made = _rendered(render(name, hostile(EVIL)))
    for tag in ("<img", "<a ", "<h1", "<script"):
        assert tag not in made
    assert made.count("<h2") == clean.count("<h2")
    assert made.count("<table") == clean.count("<table")


def _rendered(markdown: str) -> str:
    body = markdown.split("\n---\n", 1)[-1]
    page: str = MarkdownIt("commonmark", {"html": True}).enable("table").render(body)
    return page


def test_a_card_begins_with_metadata_that_yaml_reads_as_json_strings() -> None:
    made = render("card", hostile('a"b: {c}\n---\nlicense: mit'))
    front = made.split("\n---\n")[0]
    assert front.startswith("---\nmodel-index:\n- name: ")
    assert "\nlicense" not in front
    name = front.split("- name: ")[1].splitlines()[0]
    assert json.loads(name) == 'a"b: {c} --- license: mit'


def test_a_card_needs_an_audit() -> None:
    with pytest.raises(InputError, match="takes evidence of an audit"):
        render("card", inspection_statement())


def test_junit_has_a_case_a_gate_and_calls_undecided_an_error() -> None:
    suite = ET.fromstring(render("junit", audit_statement()))[0]  # noqa: S314 (our own output)
    assert suite.attrib["tests"] == str(len(suite.findall("testcase"))) == "6"
    assert (suite.attrib["failures"], suite.attrib["errors"]) == ("2", "2")
    kinds = {case.attrib["name"]: [child.tag for child in case] for case in suite.iter("testcase")}
    assert kinds["over_refusal <= 0.1"] == kinds["plausible <= 0.01"] == ["error"]
    assert kinds["asr <= 0.05"] == ["failure"]
    assert kinds["accuracy >= 0.5"] == []


def test_junit_stays_xml_whatever_a_model_says() -> None:
    suite = ET.fromstring(render("junit", hostile(EVIL)))  # noqa: S314 (our own output)
    assert "‹U+0000›" in (suite[0].find("properties/property") or suite[0][0][0]).attrib["value"]


def test_sarif_places_findings_and_admits_what_was_not_looked_at() -> None:
    (run,) = json.loads(render("sarif", inspection_statement()))["runs"]
    first, second = run["results"]
    assert (first["level"], second["level"]) == ("error", "note")
    assert run["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == first["ruleId"]
    location = second["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "my%20notes/README.md"
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert notes[0]["message"]["text"].startswith("weights.7z was not looked at")


def test_json_is_the_statement_that_is_signed() -> None:
    statement = audit_statement()
    assert render("json", statement).encode() == statement.encode() + b"\n"


def test_a_comparison_passes_no_test() -> None:
    with pytest.raises(InputError, match="passes no test"):
        render("junit", comparison_statement())


def test_the_card_verb_writes_a_section_and_overwrites_nothing(tmp_path: Path) -> None:
    evidence = tmp_path / "statement.json"
    evidence.write_bytes(audit_statement().encode())
    out = tmp_path / "CARD.md"
    command = [sys.executable, "-m", "steelyard", "card", str(evidence), "--out", str(out)]
    assert subprocess.run(command, check=False).returncode == 0
    assert "model-index:" in out.read_text()
    again = subprocess.run(command, check=False, capture_output=True, text=True)
    assert again.returncode == 2
    assert "--force overwrites it" in again.stderr
