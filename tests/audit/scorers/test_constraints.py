import pytest

from steelyard.audit.scorers import constraints
from steelyard.audit.scorers.constraints import Kind


@pytest.mark.parametrize(
    ("kind", "argument", "kept", "broken"),
    [
        ("lowercase", "", "bees make honey.", "Bees make honey."),
        ("lowercase", "", "bees", "123"),
        ("capitals", "", "BEES MAKE HONEY.", "BEES MAKE Honey."),
        ("no_commas", "", "Bees make honey.", "Bees, they make honey."),
        ("at_most", 3, "Bees make honey.", "Bees often make honey."),
        ("at_most", 3, "Bees don't sting-first.", "Bees do not sting."),
        ("at_least", 3, "Bees make honey.", "Bees sting."),
        ("keyword", "small", "Bees are Small.", "Bees are smaller."),
        ("starts", "Perhaps", '"Perhaps bees sting."', "Bees perhaps sting."),
        ("ends", "the end", "Bees make honey. The end.", "The end of bees."),
        ("quoted", "", '"Bees make honey."', 'Bees make "honey"'),
        ("quoted", "", "\u201cBees.\u201d", '"'),
        ("bullets", 2, "* bees\n* honey", "* bees\n* honey\n* wax"),
        ("bullets", 2, "Here:\n* bees\n* honey", "- bees\n- honey"),
        ("json", "answer", '{"answer": "bees"}', '{"answer": "bees", "why": 1}'),
        ("json", "answer", '```json\n{"answer": 1}\n```', '{"answer": "bees"'),
        ("json", "answer", '{"answer": null}', "[" * 100_000),
    ],
)
def test_a_constraint_is_verified(kind: Kind, argument: str | int, kept: str, broken: str) -> None:
    assert constraints.met(kind, argument, kept)
    assert not constraints.met(kind, argument, broken)
    assert not constraints.met(kind, argument, "  ")
    assert str(argument) in constraints.sentence(kind, argument)
