"""Typing errors: neighbouring keys, letters swapped, dropped, doubled.

One word in four, at least one, gets one error; words of three letters or fewer, numbers and
quoted words stay (an error there changes the question, not its spelling).

Source: the misspelling perturbation of HELM (Liang et al., arXiv:2211.09110, appendix D.2.2)
and the invariance tests of CheckList (Ribeiro et al., arXiv:2005.04118); keys next to each
other on a QWERTY keyboard.
"""

from collections.abc import Mapping
from random import Random
from types import MappingProxyType

from steelyard.audit.probes.robustness.paired import Paired, card, some_words

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_SPOILT_SHARE = 0.25


def _neighbours() -> Mapping[str, str]:
    near: dict[str, str] = {}
    for row, keys in enumerate(_ROWS):
        for at, key in enumerate(keys):
            above = _ROWS[row - 1][at : at + 2] if row else ""
            near[key] = keys[max(0, at - 1) : at] + keys[at + 1 : at + 2] + above
    return MappingProxyType(near)


NEIGHBOURS = _neighbours()
"""Key → keys beside it and above it."""


def misspell(rng: Random, word: str) -> str:
    """The word with one error, never in its first letter; it always differs."""
    at = rng.randrange(1, len(word) - 1)
    letter, after = word[at], word[at + 1]
    errors = [word[:at] + word[at + 1 :], word[:at] + letter + word[at:]]
    errors += [word[:at] + key + word[at + 1 :] for key in NEIGHBOURS[letter.lower()][:1]]
    if letter != after:
        errors.append(word[:at] + after + letter + word[at + 2 :])
    return rng.choice(errors)


class Typos(Paired):
    """Typing errors."""

    card = card(
        "typos", "Typing errors", "with typing errors", "HELM, arXiv:2211.09110; arXiv:2005.04118"
    )

    def spoil(self, rng: Random, text: str, keep: frozenset[str]) -> str:
        """One error in every fourth word."""
        for start, end in some_words(rng, text, _SPOILT_SHARE, keep):
            text = text[:start] + misspell(rng, text[start:end]) + text[end:]
        return text
