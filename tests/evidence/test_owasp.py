import pytest

from steelyard.errors import InputError
from steelyard.evidence import owasp


def test_every_entry_has_exactly_one_counterpart_and_comes_back() -> None:
    both: tuple[tuple[owasp.Edition, owasp.Edition], ...] = (("2026", "2025"), ("2025", "2026"))
    for edition, other in both:
        names = [owasp.identifier(edition, entry) for entry in owasp.TITLES[edition]]
        there = [owasp.crosswalk(name, other) for name in names]
        assert len(set(there)) == 10
        assert [owasp.crosswalk(name, edition) for name in there] == names


def test_the_same_number_means_another_risk_in_another_edition() -> None:
    assert owasp.title("owasp-llm:2026:LLM06") == "Unbounded Consumption"
    assert owasp.title("owasp-llm:2025:LLM06") == "Excessive Agency"
    assert owasp.crosswalk("owasp-llm:2026:LLM08", "2025") == "owasp-llm:2025:LLM07"


@pytest.mark.parametrize(
    "name", ["LLM06", "owasp-llm:2024:LLM01", "owasp-llm:2026:LLM11", "owasp-llm:2026", ""]
)
def test_a_name_without_a_known_edition_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="owasp-llm:2026:LLM01"):
        owasp.title(name)
