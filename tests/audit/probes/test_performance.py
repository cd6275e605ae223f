from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from steelyard.audit import items
from steelyard.audit.items import Item
from steelyard.audit.probe import Reply
from steelyard.audit.probes.performance.arithmetic import Arithmetic
from steelyard.audit.probes.performance.instructions import LEVELS, Instructions
from steelyard.audit.probes.performance.ladder import Ladder
from steelyard.audit.probes.performance.lists import Lists
from steelyard.audit.probes.performance.reading import Reading
from steelyard.audit.probes.performance.strings import Strings
from steelyard.audit.probes.performance.word_problems import WordProblems
from steelyard.audit.scorers import constraints

LADDERS: tuple[Ladder, ...] = (Arithmetic(), WordProblems(), Strings(), Lists(), Reading())
DRAWS = 2000


@pytest.fixture(params=LADDERS, ids=lambda probe: probe.card.id)
def ladder(request: pytest.FixtureRequest) -> Ladder:
    probe: Ladder = request.param
    return probe


def sentences(item: Item) -> list[str]:
    """The right answer as different people would write it."""
    answer = item.answer
    return [
        answer,
        f"**{answer}**",
        f"{answer}\n",
        f"The answer is {answer}.",
        f"The answer is: {answer}",
    ]


def test_a_draw_depends_on_the_seed_alone(ladder: Ladder) -> None:
    for index in range(50):
        assert ladder.draw(Random(f"s{index}"), index) == ladder.draw(Random(f"s{index}"), index)
    assert ladder.draw(Random("a"), 0) != ladder.draw(Random("b"), 0)


def test_every_right_answer_scores_one_in_any_dress(ladder: Ladder) -> None:
    rng = Random(3)
    for index in range(DRAWS):
        case = ladder.draw(rng, index)
        for text in sentences(Item(**case.facts)):
            assert ladder.score(case, [Reply(text=text)]).values == {"accuracy": 1.0}, text


def test_every_wrong_answer_scores_zero(ladder: Ladder) -> None:
    rng = Random(4)
    for index in range(DRAWS):
        case = ladder.draw(rng, index)
        item = Item(**case.facts)
        other = Item(**ladder.draw(rng, index).facts).answer
        wrong = ["", "I don't know.", "?", item.answer + "7"]
        wrong += [other] if other.casefold() != item.answer.casefold() else []
        for text in wrong:
            assert ladder.score(case, [Reply(text=text)]).values == {"accuracy": 0.0}, text


def test_levels_are_equally_likely(ladder: Ladder) -> None:
    rng = Random(5)
    seen = Counter(ladder.draw(rng, index).facts["level"] for index in range(DRAWS))
    levels = ladder.generator.levels
    assert sorted(seen) == list(range(1, levels + 1))
    assert min(seen.values()) > 0.8 * DRAWS / levels


def test_questions_of_the_upper_levels_hardly_repeat(ladder: Ladder) -> None:
    rng = Random(6)
    top = ladder.generator.levels
    texts = [ladder.generator.make(rng, top).prompt for _ in range(300)]
    assert len(set(texts)) > 0.75 * len(texts)


def test_no_item_is_among_the_worked_examples(ladder: Ladder) -> None:
    shown = {question for question, _ in ladder.generator.shots}
    rng = Random(8)
    assert not shown & {
        ladder.draw(rng, index).requests[0].messages[-1].content for index in range(DRAWS)
    }


def test_an_item_survives_the_journal(ladder: Ladder) -> None:
    case = ladder.draw(Random(1), 0)
    item = Item(**case.facts)
    assert items.right(replace(item), Reply(text=item.answer))
    assert item.facts() == dict(case.facts)


def test_reading_takes_no_answer_that_names_a_rival() -> None:
    case = Reading().draw(Random(2), 0)
    both = f"{case.facts['answer']} or {case.facts['rivals'][0]}"
    assert Reading().score(case, [Reply(text=both)]).values == {"accuracy": 0.0}


def kept(pairs: list[list[str | int]]) -> str:
    """An answer that keeps every constraint, made from the constraints."""
    told = {str(kind): argument for kind, argument in pairs}
    if "json" in told:
        return f'{{"{told["json"]}": 1}}'
    size = int(told.get("at_most", told.get("at_least", 8)))
    start, word, end = (str(told.get(key, "")) for key in ("starts", "keyword", "ends"))
    spare = size - len(f"{start} {word} {end}".split())
    words = [start, word, *(["bee"] * spare), end]
    text = " ".join(part for part in words if part)
    if "bullets" in told:
        wanted = int(told["bullets"])
        text = "* " + text.replace(" bee", "\n* bee", wanted - 1)
    if "quoted" in told:
        text = f'"{text}"'
    return text.upper() if "capitals" in told else text.lower()


def test_an_answer_that_keeps_every_constraint_exists_and_scores_one() -> None:
    rng = Random(7)
    kinds = set()
    for index in range(DRAWS):
        case = Instructions().draw(rng, index)
        pairs = case.facts["constraints"]
        kinds |= {kind for kind, _ in pairs}
        outcome = Instructions().score(case, [Reply(text=kept(pairs))])
        assert outcome.values == {"accuracy": 1.0, "constraints": 1.0}, (pairs, kept(pairs))
        empty = Instructions().score(case, [Reply(text="")])
        assert empty.values == {"accuracy": 0.0, "constraints": 0.0}
        assert 1 <= len(pairs) <= LEVELS
        told = case.requests[0].messages[-1].content
        assert all(constraints.sentence(kind, argument) in told for kind, argument in pairs)
    assert len(kinds) == 11
