"""Personal data in text, told from numbers that merely look like it.

A find is `valid` only if the issuer's published rules allow it and it is not one of the
specimens that documentation and training corpora repeat (those are nobody's data).

Sources: SSN, Social Security Administration POMS RM 10201.035 (area not 000, 666, 9xx;
group not 00; serial not 0000) and SSA history pages for advertised numbers. Cards, ISO/IEC
7812-1 (Luhn, Annex B) and the issuers' published prefixes. IBAN, ISO 13616-1 (MOD 97-10 as
in ISO/IEC 7064) and the SWIFT registry's lengths. E-mail, RFC 5321 §4.5.3.1 for lengths,
RFC 2606 and RFC 6761 for names that reach nobody. Telephone, ITU-T E.164 and the North
American Numbering Plan (NXX-NXX-XXXX, no N11, 555-01XX kept for fiction).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from steelyard.detectors.match import Match

SSN_SPECIMENS = frozenset({"078051120", "219099999", "457555462", "123456789"})
"""Advertised with wallets and pamphlets, on billboards, and the number in every manual."""

CARD_SPECIMENS = frozenset(
    {
        "4111111111111111",
        "4012888888881881",
        "4242424242424242",
        "4000056655665556",
        "4222222222222",
        "5555555555554444",
        "5105105105105100",
        "5200828282828210",
        "2223003122003222",
        "378282246310005",
        "371449635398431",
        "6011111111111117",
        "6011000990139424",
        "30569309025904",
        "38520000023237",
        "3530111333300000",
        "3566002020360505",
        "4532015112830366",
        "4539578763621486",
        "4485275742308327",
    }
)
"""Test numbers that payment processors publish, and those of common tutorials."""

IBAN_SPECIMENS = frozenset(
    {
        "GB29NWBK60161331926819",
        "GB82WEST12345698765432",
        "GB33BUKB20201555555555",
        "DE89370400440532013000",
        "DE75512108001245126199",
        "FR1420041010050500013M02606",
        "FR7630006000011234567890189",
        "ES9121000418450200051332",
        "NL91ABNA0417164300",
        "BE68539007547034",
        "CH9300762011623852957",
        "IT60X0542811101000000123456",
        "AT611904300234573201",
        "SE4550000000058398257466",
        "NO9386011117947",
        "DK5000400440116243",
        "PL61109010140000071219812874",
    }
)
"""Examples of the SWIFT registry and of the Wikipedia article."""

IBAN_LENGTHS = {
    country: int(length)
    for length, countries in {
        "15": "NO",
        "16": "BE",
        "18": "DK FO FI GL NL SD FK",
        "19": "MK SI",
        "20": "AT BA EE XK LT LU KZ MN",
        "21": "CR HR LV LI CH",
        "22": "BH BG GE DE IE ME RS GB VA",
        "23": "GI IL AE TL IQ OM SO",
        "24": "AD CZ MD PK RO SA SK ES SE TN VG",
        "25": "PT ST LY",
        "26": "IS TR",
        "27": "FR GR IT MR MC SM BI DJ",
        "28": "AL AZ BY CY DO SV GT HU LB PL NI",
        "29": "BR EG PS QA UA",
        "30": "JO KW MU YE",
        "31": "MT SC",
        "32": "LC",
        "33": "RU",
    }.items()
    for country in countries.split()
}
"""Characters of an IBAN by country code."""

ISSUERS: tuple[tuple[int, int, int, int], ...] = (
    (4, 4, 13, 19),  # Visa
    (51, 55, 16, 16),  # Mastercard
    (2221, 2720, 16, 16),  # Mastercard, from 2017
    (34, 34, 15, 15),  # American Express
    (37, 37, 15, 15),
    (6011, 6011, 16, 19),  # Discover
    (644, 659, 16, 19),
    (300, 305, 14, 19),  # Diners Club
    (3095, 3095, 14, 19),
    (36, 36, 14, 19),
    (38, 39, 14, 19),
    (3528, 3589, 16, 19),  # JCB
    (62, 62, 16, 19),  # UnionPay
    (5018, 5018, 12, 19),  # Maestro
    (5020, 5020, 12, 19),
    (5038, 5038, 12, 19),
    (5893, 5893, 12, 19),
    (6304, 6304, 12, 19),
    (6759, 6763, 12, 19),
)
"""(first prefix, last prefix, fewest digits, most digits)."""

PLANS = {
    "1": (10, 10),
    "7": (10, 10),
    "20": (8, 10),
    "27": (9, 9),
    "30": (10, 10),
    "31": (9, 9),
    "32": (8, 9),
    "33": (9, 9),
    "34": (9, 9),
    "36": (8, 9),
    "39": (6, 11),
    "40": (9, 9),
    "41": (9, 9),
    "43": (7, 13),
    "44": (9, 10),
    "45": (8, 8),
    "46": (7, 10),
    "47": (8, 8),
    "48": (9, 9),
    "49": (7, 11),
    "52": (10, 10),
    "54": (10, 11),
    "55": (10, 11),
    "60": (8, 10),
    "61": (9, 9),
    "62": (8, 12),
    "63": (8, 10),
    "64": (8, 10),
    "65": (8, 8),
    "66": (8, 9),
    "81": (9, 10),
    "82": (8, 10),
    "84": (9, 10),
    "86": (10, 11),
    "90": (10, 10),
    "91": (10, 10),
    "92": (9, 10),
    "234": (8, 10),
    "254": (9, 9),
    "351": (9, 9),
    "353": (7, 9),
    "358": (6, 11),
    "370": (8, 8),
    "371": (8, 8),
    "372": (7, 8),
    "380": (9, 9),
    "420": (9, 9),
    "852": (8, 8),
    "966": (8, 9),
    "971": (8, 9),
    "972": (8, 9),
}
"""Country code → fewest and most national digits."""

RESERVED_DOMAINS = re.compile(
    r"(?:^|\.)(?:example\.(?:com|org|net|edu)|example|invalid|test|localhost|local"
    r"|domain\.com|email\.com|yourdomain\.com|company\.com|mail\.com)$"
)
"""RFC 2606 and 6761 names, and the placeholders that manuals use beside them."""


def is_ssn(digits: str) -> bool:
    """Whether nine digits may have been assigned as a US Social Security number."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return (
        len(digits) == 9  # noqa: PLR2004 (the length of the number is its definition)
        and area not in {"000", "666"}
        and area[0] != "9"
        and group != "00"
        and serial != "0000"
        and digits not in SSN_SPECIMENS
        and len(set(digits)) > 1
    )


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit (ISO/IEC 7812-1, Annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        weighted = int(digit) * (1 + place % 2)
        total += weighted - 9 * (weighted > 9)  # noqa: PLR2004 (sum of the digits of 10 to 18)
    return total % 10 == 0


def is_card(digits: str) -> bool:
    """Whether an issuer may have given out this card number."""
    issued = any(
        fewest <= len(digits) <= most and first <= int(digits[: len(str(first))]) <= last
        for first, last, fewest, most in ISSUERS
    )
    return issued and luhn(digits) and digits not in CARD_SPECIMENS and len(set(digits)) > 2  # noqa: PLR2004 (4000…0002 and its like are typed, not issued)


def mod97(iban: str) -> bool:
    """Whether the check digits of an IBAN without spaces hold (ISO/IEC 7064 MOD 97-10)."""
    return int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 == 1


def is_iban(iban: str) -> bool:
    """Whether a bank may have given out this IBAN (without spaces)."""
    return len(iban) == IBAN_LENGTHS.get(iban[:2], 0) and mod97(iban) and iban not in IBAN_SPECIMENS


def is_email(address: str) -> bool:
    """Whether mail to the address could reach somebody, as far as its form says."""
    local, _, domain = address.lower().rpartition("@")
    labels = domain.split(".")
    return (
        len(local) <= 64  # noqa: PLR2004 (RFC 5321 §4.5.3.1.1)
        and len(domain) <= 255  # noqa: PLR2004 (RFC 5321 §4.5.3.1.2)
        and ".." not in local
        and not RESERVED_DOMAINS.search(domain)
        and all(label and label[0] != "-" != label[-1] for label in labels)
        and labels[-1] not in {"png", "jpg", "gif", "svg", "py", "js", "json", "txt", "md"}
    )


def is_nanp(digits: str) -> bool:
    """Whether ten digits are a North American number that is not kept for fiction."""
    area, exchange, line = digits[:3], digits[3:6], digits[6:]
    return (
        len(digits) == 10  # noqa: PLR2004 (NPA-NXX-XXXX)
        and area[0] in "23456789"
        and exchange[0] in "23456789"
        and area[1:] != "11"
        and exchange[1:] != "11"
        and area != "555"
        and not (exchange == "555" and line.startswith("01"))
        and exchange + line != "5551234"
    )


def is_phone(number: str) -> bool:
    """Whether a number as written fits a plan: E.164 if it opens with `+`, else NANP."""
    digits = re.sub(r"\D", "", number)
    if not number.startswith("+"):
        return is_nanp(digits)
    for width in (1, 2, 3):
        if plan := PLANS.get(digits[:width]):
            national = digits[width:]
            if digits[0] == "1":
                return is_nanp(national)
            national = national.removeprefix("0")  # the "(0)" that people write
            return plan[0] <= len(national) <= plan[1] and len(set(national)) > 2  # noqa: PLR2004 (1212… is typed, not assigned)
    return False


@dataclass(frozen=True, slots=True)
class Kind:
    """A shape, and the rules that tell the real from the shaped."""

    name: str
    shape: re.Pattern[str]
    """Its last group is the candidate."""

    strip: str
    """Characters written inside it for people to read, removed before `check`."""

    check: Callable[[str], bool]

    needs: str = ""
    """A character of every such text; where there is none, nothing is searched."""


IBAN_SHAPE = r"(?<![A-Za-z0-9])([A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30})"

KINDS = (
    Kind("ssn", re.compile(r"(?<![\d.-])(\d{3}([- ])\d{2}\2\d{4})(?![\d-]|\.\d)"), "- ", is_ssn),
    Kind(
        "ssn",
        re.compile(r"(?i:\bssn|\bsocial security)[^\d\n]{0,24}(?<!\d)(\d{9})(?!\d)"),
        "",
        is_ssn,
    ),
    Kind("card", re.compile(r"(?<![\d.+-])(\d(?:[ -]?\d){11,18})(?![\d-]|\.\d)"), "- ", is_card),
    Kind("iban", re.compile(IBAN_SHAPE), "- ", is_iban),
    Kind(
        "email",
        re.compile(
            r"(?<![\w.+-])([A-Za-z0-9][\w.+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24})(?![\w@-])"
        ),
        "",
        is_email,
        needs="@",
    ),
    Kind(
        "phone",
        re.compile(r"(?<![\w+.])(\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d(?:[ .-]?\d){5,12})(?!\d)"),
        "",
        is_phone,
        needs="+",
    ),
    Kind(
        "phone",
        re.compile(
            r"(?<![\w.+-])(?:1[ .-])?(\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}([.-])\d{3}\2\d{4})(?![\w-])"
        ),
        "",
        is_phone,
    ),
)


def find(text: str) -> Iterator[Match]:
    """Every place that has the shape of personal data, in order of kind, then of place.

    Kinds: `ssn`, `card`, `iban`, `email`, `phone`. Linear in the length of the text. Names
    and postal addresses have no form that can be checked, and are not looked for.
    """
    for kind in KINDS:
        if kind.needs not in text:
            continue
        for found in kind.shape.finditer(text):
            candidate = found[1]
            if kind.name == "iban":
                candidate = trimmed(candidate)
            bare = candidate.translate(str.maketrans("", "", kind.strip))
            start = found.start(1)
            yield Match(kind.name, start, start + len(candidate), kind.check(bare))


def trimmed(candidate: str) -> str:
    """The candidate cut to its country's length: capitals that follow may not belong to it."""
    length = IBAN_LENGTHS.get(candidate[:2], 0)
    signs = 0
    for place, sign in enumerate(candidate, start=1):
        signs += sign.isalnum()
        if signs == length:
            return candidate[:place]
    return candidate
