import hashlib

from steelyard.audit.probe import Card, Measure
from steelyard.audit.seed import Seed, fresh


def card(version: int = 1, size: int = 0, name: str = "selftest.x") -> Card:
    return Card(
        id=name, version=version, title="", dimension="selftest", hit="", estimand="", source="",
        measures=(Measure(name="x", kind="rate", better="lower", title=""),), size=size,
    )  # fmt: skip


def test_a_case_depends_on_seed_probe_version_and_index_and_on_nothing_else() -> None:
    draws = {
        Seed(seed).draw(card(version, name=name), index).random()
        for seed in ("a", "b")
        for version in (1, 2)
        for name in ("selftest.x", "selftest.y")
        for index in (0, 1)
    }
    assert len(draws) == 16
    assert Seed("a").draw(card(), 7).random() == Seed("a").draw(card(), 7).random()


def test_the_commitment_is_what_sha256sum_says_of_the_seed() -> None:
    assert Seed("häuser").commitment == hashlib.sha256("häuser".encode()).hexdigest()


def test_a_finite_set_is_drawn_as_a_permutation_that_the_seed_decides() -> None:
    order = Seed("a").order(card(size=50))
    assert sorted(order) == list(range(50))
    assert order == Seed("a").order(card(size=50)) != Seed("b").order(card(size=50))


def test_two_fresh_seeds_differ() -> None:
    assert fresh() != fresh()
