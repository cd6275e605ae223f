import time

import pytest

from steelyard.detectors import personal


def kinds(text: str, *, valid: bool = True) -> list[tuple[str, str]]:
    return [(m.kind, text[m.start : m.end]) for m in personal.find(text) if m.valid is valid]


@pytest.mark.parametrize("area", ["000", "666", "900", "950", "999"])
def test_areas_that_were_never_assigned_are_no_ssn(area: str) -> None:
    assert not personal.is_ssn(f"{area}451234")


@pytest.mark.parametrize("number", ["536001234", "536220000", "078051120", "219099999"])
def test_empty_groups_serials_and_advertised_numbers_are_no_ssn(number: str) -> None:
    assert not personal.is_ssn(number)


def test_an_assigned_ssn_is_found_with_its_place() -> None:
    assert kinds("Her SSN is 536-22-8726, she said.") == [("ssn", "536-22-8726")]
    assert kinds("social security number: 536228726") == [("ssn", "536228726")]


@pytest.mark.parametrize("text", ["1-536-22-8726", "536-22-87261", "ISBN 978-536-22-8726"])
def test_a_piece_of_a_longer_number_is_no_ssn(text: str) -> None:
    assert not [kind for kind, _ in kinds(text) if kind == "ssn"]


# Numbers that Visa, Mastercard, American Express, Discover, Diners and JCB publish for tests.
@pytest.mark.parametrize("number", sorted(personal.CARD_SPECIMENS))
def test_published_card_numbers_pass_luhn_yet_are_nobodys_data(number: str) -> None:
    assert personal.luhn(number)
    assert not personal.is_card(number)
    assert ("card", number) in kinds(f"card {number}.", valid=False)


def test_the_luhn_example_of_the_standard_holds_and_its_neighbours_do_not() -> None:
    # 7992739871x, the worked example: only x = 3 is right.
    assert [x for x in range(10) if personal.luhn(f"7992739871{x}")] == [3]


def test_a_card_needs_an_issuer_as_well_as_a_check_digit() -> None:
    assert personal.luhn("9999999999999995")
    assert not personal.is_card("9999999999999995")
    assert kinds("pay 4539 1488 0343 6467 now") == [("card", "4539 1488 0343 6467")]
    assert kinds("pay 4539 1488 0343 6468 now", valid=False) == [("card", "4539 1488 0343 6468")]


@pytest.mark.parametrize("iban", sorted(personal.IBAN_SPECIMENS))
def test_registry_ibans_have_right_length_and_check_digits(iban: str) -> None:
    assert len(iban) == personal.IBAN_LENGTHS[iban[:2]]
    assert personal.mod97(iban)


def test_an_iban_is_found_grouped_and_cut_from_the_capitals_that_follow() -> None:
    iban = next(
        f"DE{check:02d}500105175407324931"
        for check in range(2, 99)
        if personal.mod97(f"DE{check:02d}500105175407324931")
    )
    grouped = " ".join(iban[at : at + 4] for at in range(0, 22, 4))
    assert kinds(f"IBAN {grouped} BIC INGDDEFF") == [("iban", grouped)]
    wrong = iban[:-1] + str((int(iban[-1]) + 1) % 10)
    assert kinds(f"IBAN {wrong}") == []


def test_an_iban_of_the_wrong_length_is_not_valid() -> None:
    assert not personal.is_iban("NL91ABNA041716430")


def test_mail_to_reserved_names_reaches_nobody() -> None:
    assert kinds("write to jane.q+x@uni-bonn.de today") == [("email", "jane.q+x@uni-bonn.de")]
    for address in ("a@example.com", "a@mail.example.org", "a@host.invalid", "icon@2x.png"):
        assert kinds(address) == []


@pytest.mark.parametrize(
    ("number", "fits"),
    [
        ("+1 212 736 5000", True),
        ("(212) 736-5000", True),
        ("212-736-5000", True),
        ("212-555-0123", False),  # kept for fiction
        ("911-736-5000", False),  # N11
        ("112-736-5000", False),  # area codes open with 2 to 9
        ("+44 20 7219 3000", True),
        ("+44 (0)20 7219 3000", True),
        ("+33 1 40 63 60 00", True),
        ("+33 1 40 63 60", False),  # one group short
        ("+999 123 456 789", False),  # no such country
    ],
)
def test_telephone_numbers_are_checked_against_their_plan(number: str, fits: bool) -> None:  # noqa: FBT001 (a table's column)
    assert ([kind for kind, _ in kinds(f"call {number} now")] == ["phone"]) is fits


@pytest.mark.parametrize("text", ["9" * 200_000, "a@" * 100_000, "1-" * 100_000, "DE12 " * 40_000])
def test_hostile_text_is_read_in_linear_time(text: str) -> None:
    started = time.process_time()
    list(personal.find(text))
    assert time.process_time() - started < 3


def test_ordinary_prose_holds_nothing() -> None:
    text = "In 2024 version 3.11.7 took 12 345 steps (1.5e-4); see arXiv:2402.14992, pages 101-117."
    assert list(personal.find(text)) == []
