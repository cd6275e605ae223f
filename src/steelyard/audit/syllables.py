"""Words that mean nothing: pronounceable, from syllables, so that nothing is known of them."""

from random import Random

ONSETS = (
    *("b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z"),
    *("br", "dr", "fl", "gr", "kl", "pl", "sk", "st", "tr", "th"),
)
VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "io")
CODAS = ("", "", "n", "r", "l", "s", "m", "th", "nd", "rk")


def word(rng: Random, syllables: int) -> str:
    """A word of this many syllables, in small letters."""
    parts = [rng.choice(ONSETS) + rng.choice(VOWELS) for _ in range(syllables)]
    return "".join(parts) + rng.choice(CODAS)


def name(rng: Random) -> str:
    """A proper name of two or three syllables."""
    return word(rng, rng.randint(2, 3)).capitalize()
