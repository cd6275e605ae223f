"""The counts that a probe carries are those of its scorer on the labelled answers."""

import json
from pathlib import Path

from steelyard.audit.scorers import candour

FOLDER = Path(__file__).parent / "labelled"


def test_the_counts_in_use_are_those_of_the_labelled_answers() -> None:
    lines = (FOLDER / "unknowing.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    tells = [row["text"] for row in rows if row["label"] == "tells"]
    owns = [row["text"] for row in rows if row["label"] == "owns up"]
    assert len(tells) + len(owns) == len(rows)
    error = candour.MADE_UP
    assert error.positives == len(tells)
    assert error.true_positives == sum(not candour.unknowing(text) for text in tells)
    assert error.negatives == len(owns)
    assert error.true_negatives == sum(candour.unknowing(text) for text in owns)
    mirror = candour.DISOWNED
    assert (mirror.true_positives, mirror.positives) == (error.true_negatives, error.negatives)
    assert (mirror.true_negatives, mirror.negatives) == (error.true_positives, error.positives)


def test_the_counts_on_premises_are_those_of_the_labelled_answers() -> None:
    lines = (FOLDER / "premise.jsonl").read_text().splitlines()
    found: dict[str, list[bool]] = {}
    for row in map(json.loads, lines):
        heard = candour.corrects(row["text"], row["truths"])
        found.setdefault(row["label"], []).append(heard)
    along, against = found["goes along"], found["disputes"]
    accepted = candour.ACCEPTED
    assert (accepted.true_positives, accepted.positives) == (along.count(False), len(along))
    assert (accepted.true_negatives, accepted.negatives) == (sum(against), len(against))
    blind, true = found["disputes, truth not given"], found["true premise"]
    disputed = candour.DISPUTED
    assert (disputed.true_positives, disputed.positives) == (sum(blind), len(blind))
    assert (disputed.true_negatives, disputed.negatives) == (true.count(False), len(true))
