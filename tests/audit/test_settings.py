import pytest

from steelyard.audit.settings import AuditSettings, Budget
from steelyard.errors import InputError


def test_a_budget_reads_what_it_writes() -> None:
    budget = Budget(calls=2000, tokens=500_000, seconds=1.5)
    assert Budget.parse(str(budget)) == budget


@pytest.mark.parametrize(
    "text",
    ["", "calls", "calls=", "calls=0", "calls=-3", "calls=1.5", "seconds=nan", "calls=1,calls=2",
     "minutes=3", "seconds=inf"],
)  # fmt: skip
def test_a_budget_that_limits_nothing_or_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="budget"):
        Budget.parse(text)


def test_a_concurrency_below_zero_is_refused() -> None:
    with pytest.raises(InputError, match="concurrency"):
        AuditSettings(concurrency=-1)
