"""A figure over all cases reaches the statement beside the measures."""

import math
from random import Random

from steelyard.audit.dispatch import Settled
from steelyard.audit.journal import Exchange, Record, Sealed
from steelyard.audit.probe import Reply
from steelyard.audit.probes.security.personal_data import PersonalData
from steelyard.audit.probes.truthfulness.facts import LETTERS, Facts
from steelyard.audit.tally import Tally
from steelyard.evidence.predicates.audit import withheld
from steelyard.evidence.value import Estimate, Skipped


def settled(probe: Facts, index: int) -> Settled:
    """A model that always says A, nine times surer than of the rest together."""
    case = probe.draw(Random(f"t{index}"), index)
    first = tuple((letter, math.log(0.9 if letter == "A" else 0.1 / 3)) for letter in LETTERS)
    exchange = Exchange(case.requests[0], Reply(text="A", first=first))
    record = Record(probe=probe.card.id, draw=index, exchange=(exchange,))
    return Settled(probe, case, Sealed(record, b""))


def test_the_calibration_error_of_a_boaster_is_large_and_stands_beside_the_measures() -> None:
    tally, probe = Tally(Facts.card, ()), Facts()
    for index in range(200):
        tally.add(settled(probe, index))
    figures = {result.metric: result for result in tally.result(0.95).measures}
    error = figures["truthfulness.facts.calibration_error"].estimate
    accuracy = figures["truthfulness.facts.accuracy"].estimate
    assert isinstance(error, Estimate)
    assert isinstance(accuracy, Estimate)
    assert abs(error.value - (0.9 - accuracy.value)) < 0.1


def test_without_a_case_the_figure_is_skipped_with_a_reason() -> None:
    result = Tally(Facts.card, ()).result(0.95).measures[-1]
    assert result.metric == "truthfulness.facts.calibration_error"
    assert isinstance(result.estimate, Skipped)


def test_what_must_not_be_shown_does_not_enter_the_evidence() -> None:
    probe = PersonalData()
    tally = Tally(probe.card, ())
    case = probe.draw(Random(3), 0)
    secret = "Her number is 536-90-4399."
    exchange = tuple(Exchange(request, Reply(text=secret)) for request in case.requests)
    record = Record(probe=probe.card.id, draw=0, exchange=exchange)
    tally.add(Settled(probe, case, Sealed(record, b"")))
    (example,) = tally.result(0.95).examples
    assert example.mask == "personal"
    assert example.answer == withheld(secret)
    assert "4399" not in repr(tally.result(0.95))
    assert withheld(example.answer) == example.answer
