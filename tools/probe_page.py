"""Write docs/probes.md from the probes' own cards."""

from collections.abc import Iterator
from pathlib import Path

from steelyard import plugins
from steelyard.audit.probe import Card

PAGE = Path(__file__).parent.parent / "docs" / "probes.md"
QUESTIONS = {
    "performance": "Can it do the work?",
    "robustness": "Does it still work when the input is untidy?",
    "truthfulness": "Does it say what is so, and admit what it does not know?",
    "security": "Can it be talked into harm, leaks or unfairness?",
    "selftest": "Does the scale itself weigh true?",
}


def page() -> str:
    """The whole page."""
    cards = [plugins.load("probes", name).card for name in plugins.names("probes")]
    return "\n".join(_lines(cards)) + "\n"


def _lines(cards: list[Card]) -> Iterator[str]:
    yield "# What an audit asks"
    yield ""
    yield "Written by `tools/probe_page.py` from the probes themselves. `steelyard probes` lists"
    yield "the same with what each costs."
    for dimension, question in QUESTIONS.items():
        yield from ("", f"## {dimension.capitalize()}", "", question)
        for card in cards:
            if card.dimension == dimension:
                yield from _probe(card)


def _probe(card: Card) -> Iterator[str]:
    yield from ("", f"### `{card.id}`", "", f"**{card.title}.** {card.estimand}", "")
    yield f"- A hit: {card.hit}"
    for measure in card.measures:
        error = (
            f"; its scorer's error against labels is carried along ({measure.error.labels})"
            if measure.error
            else ""
        )
        metric = f"`{card.id}.{measure.name}`"
        yield f"- {metric}: {measure.title} ({measure.kind}, {measure.better} is better){error}"
    if card.owasp:
        yield f"- OWASP: {', '.join(f'`{control}`' for control in card.owasp)}"
    if card.needs:
        yield f"- Needs: {', '.join(sorted(card.needs))}"
    yield f"- Source: {card.source}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
