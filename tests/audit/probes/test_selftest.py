from random import Random

import pytest

from steelyard.audit.probe import Reply
from steelyard.audit.probes.selftest.coin import Coin


@pytest.mark.parametrize(
    ("answer", "values"),
    [
        ("heads", {"heads": 1.0}),
        ("Heads.", {"heads": 1.0}),
        ("**Tails**", {"heads": 0.0}),
        ("It landed on tails!", {"heads": 0.0}),
        ("heads or tails", {}),
        ("headset", {}),
        ("", {}),
    ],
)
def test_the_endpoint_alone_decides_the_hit(answer: str, values: dict[str, float]) -> None:
    case = Coin().draw(Random(1), 0)
    assert dict(Coin().score(case, [Reply(text=answer)]).values) == values


def test_every_toss_is_another_request() -> None:
    rng = Random(1)
    tosses = {Coin().draw(rng, index).requests[0].messages[0].content for index in range(1000)}
    assert len(tosses) == 1000


def test_the_same_seed_tosses_the_same_coin() -> None:
    assert Coin().draw(Random("seed"), 7) == Coin().draw(Random("seed"), 7)
