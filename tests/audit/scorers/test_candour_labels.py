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
