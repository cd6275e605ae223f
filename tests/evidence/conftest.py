import pytest

from steelyard.evidence import signing
from steelyard.evidence.keys import ALGORITHMS
from steelyard.evidence.statement import Statement, Subject, predicate_type


@pytest.fixture(scope="session", params=ALGORITHMS)
def signer(request: pytest.FixtureRequest) -> signing.Signer:
    return signing.generate(request.param)


@pytest.fixture(scope="session")
def statement() -> Statement:
    return Statement(
        subject=(Subject(name="model", digest={"sha256": "ab" * 32}),),
        predicate_type=predicate_type("audit"),
        predicate={"figure": 0.25, "words": "größer als"},
    )
