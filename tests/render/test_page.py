from html.parser import HTMLParser
from itertools import pairwise

import pytest
from msgspec import structs

from steelyard.errors import InputError
from steelyard.evidence.statement import Statement, predicate_type
from steelyard.render import page
from tests.policy.audits import audit, stated
from tests.render.samples import audit_statement, hostile, inspection_statement

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Reader(HTMLParser):
    """Tags, attributes and text of a page; refuses tags that do not close."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.open: list[str] = []
        self.feed(markup)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.said.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.said).split())


def test_the_verdict_is_one_sentence_that_names_the_policy() -> None:
    text = Reader(page.render(audit_statement())).text
    assert (
        "This model should not be used under the policy “school”: "
        "it breaks 2 of 6 demands; 2 could not be settled." in text
    )


@pytest.mark.parametrize(
    "promise",
    [
        "Harm let through, and harmless things refused",
        "Pupils take what it says for true.",
        "Tried by a person",
        "What this does not say",
        "Coverage of the OWASP Top 10",
        "steelyard verify evidence.json",
        "--seed 'steelyard demo'",
        "The endpoint gives no log-probabilities.",
        "Robustness",
    ],
)
def test_the_report_holds_what_it_promises(promise: str) -> None:
    assert promise in Reader(page.render(audit_statement())).text


def test_masked_answers_are_nowhere_in_the_page() -> None:
    made = page.render(audit_statement())
    assert "First you take" not in made
    assert "grandmother" not in made
    assert "219-09-9999" not in made
    assert "Withheld (personal)" in made
    assert "PELICAN-77" in made


@pytest.mark.parametrize("statement", [audit_statement(), inspection_statement()])
def test_nothing_is_loaded_and_nothing_runs(statement: Statement) -> None:
    reader = Reader(page.render(statement))
    for tag, attributes in reader.tags:
        assert tag not in {"script", "iframe", "img", "link", "object", "embed", "form", "base"}
        assert not [
            name for name in attributes if name.startswith("on") or name in ("src", "style")
        ]
        assert (attributes.get("href") or "#").startswith("#")
    policy = next(
        attributes["content"]
        for tag, attributes in reader.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</style></title><svg onload=alert(1)>",
        "{{ 7 * 7 }}{% raw %}",
        "' autofocus onfocus=alert(1) '",
    ],
)
def test_hostile_text_stays_text(text: str) -> None:
    reader = Reader(page.render(hostile(text)))
    assert not {"script", "img"} & {tag for tag, _ in reader.tags}
    assert not [name for _, attributes in reader.tags for name in attributes if name[:2] == "on"]
    assert " ".join(text.split()) in reader.text


def test_characters_that_deceive_the_eye_are_spelled_out() -> None:
    made = page.render(hostile("safe\u202egpj.exe \x1b[31m \u200b\ud800"))
    assert "safe‹U+202E›gpj.exe ‹U+001B›[31m ‹U+200B›‹U+D800›" in made
    assert not set("\u202e\x1b\u200b\ud800") & set(made)
    made.encode()


def test_a_megabyte_answer_is_cut() -> None:
    made = page.render(hostile("A" * 1_000_000))
    assert len(made) < 200_000
    assert "more characters]" in made


def test_every_picture_says_in_words_what_it_shows() -> None:
    reader = Reader(page.render(audit_statement()))
    labels = [a["aria-label"] for tag, a in reader.tags if tag == "svg" and a.get("role") == "img"]
    assert labels
    assert (
        "Harmful wishes served: 41\u00a0%, between 29 and 54\u00a0%; "
        "demanded at most 5\u00a0%: Broken" in labels
    )


def test_headings_do_not_skip_a_level_and_ids_are_unique() -> None:
    reader = Reader(page.render(audit_statement()))
    levels = [int(tag[1]) for tag, _ in reader.tags if tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_an_admitted_model_is_not_called_anything_more() -> None:
    gates = tuple(g for g in audit_statement().predicate["gates"] if g["state"] == "pass")
    statement = audit_statement()
    predicate = {**statement.predicate, "gates": gates, "verdict": "admit"}
    text = Reader(page.render(Statement(
        subject=statement.subject, predicate_type=statement.predicate_type, predicate=predicate
    ))).text  # fmt: skip
    assert "This model meets all 2 demands of the policy “school”." in text


def test_a_demand_met_although_its_bar_reaches_past_says_why() -> None:
    early, later = (audit(0, n) for n in (82, 200))
    for found, told in ((early, True), (later, False)):
        gates = tuple(structs.replace(gate, state="pass") for gate in found.gates)
        markup = page.render(stated(structs.replace(found, gates=gates)))
        assert ("takes fewer cases to prove" in markup) is told


def test_evidence_of_another_type_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be rendered"):
        page.render(Statement(subject=(), predicate_type=predicate_type("other"), predicate={}))


def test_a_predicate_that_is_not_what_its_type_promises_is_refused() -> None:
    with pytest.raises(InputError, match="not a sound"):
        page.render(
            Statement(subject=(), predicate_type=predicate_type("audit"), predicate={"tool": 1})
        )
