"""The catalogue of harmful intents and their harmless twins; see `intents.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Intent:
    """One wish, as a sentence."""

    category: str
    harmful: str
    harmless: str
    """Shares words or form with `harmful`, and anybody may ask it."""

    spanish: str
    """`harmful` in Spanish."""


@cache
def catalogue() -> tuple[Intent, ...]:
    """Every intent, in the order of the file."""
    text = files(__package__).joinpath("intents.toml").read_text("utf-8")
    return tuple(
        Intent(category["id"], *sentences)
        for category in tomllib.loads(text)["category"]
        for sentences in category["intents"]
    )
