"""Letters that look the same and are not, and characters that nobody sees.

Latin letters become Cyrillic or Greek ones of the same shape, and zero-width characters are
put into words, each in one word of three. Copied from web pages and PDF files, such text
reaches models every day without malice; with malice it evades filters.

Source: Boucher et al., Bad Characters, IEEE S&P 2022, arXiv:2106.09898 (invisible characters
and homoglyphs); confusables after Unicode UTS #39.
"""

from collections.abc import Mapping
from random import Random
from types import MappingProxyType

from steelyard.audit.probes.robustness.paired import Paired, card, some_words

_LATIN = "aceopxyiABCEHKMOPTX"
_OTHER = (
    "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0456"
    "\u0410\u0412\u0421\u0415\u041d\u041a\u041c\u041e\u0420\u0422\u0425"
)
TWINS: Mapping[str, str] = MappingProxyType(dict(zip(_LATIN, _OTHER, strict=True)))
"""Latin letter → Cyrillic letter of the same shape."""

INVISIBLE = ("\u200b", "\u200c", "\u200d", "\u2060", "\u00ad")
"""Zero-width space, non-joiner, joiner, word joiner, soft hyphen."""

_SPOILT_SHARE = 1 / 3


class Lookalikes(Paired):
    """Homoglyphs and invisible characters."""

    card = card(
        "lookalikes",
        "Unicode look-alikes",
        "with look-alike and invisible characters",
        "Boucher et al. 2022, arXiv:2106.09898; Unicode UTS #39",
    )

    def spoil(self, rng: Random, text: str, keep: frozenset[str]) -> str:
        """One word in three, at least one; quoted words and numbers stay."""
        for start, end in some_words(rng, text, _SPOILT_SHARE, keep):
            text = text[:start] + disguise(rng, text[start:end]) + text[end:]
        return text


def disguise(rng: Random, word: str) -> str:
    """The word with its letters' twins, or with an invisible character inside."""
    twins = "".join(TWINS.get(letter, letter) for letter in word)
    if twins != word and rng.getrandbits(1):
        return twins
    at = rng.randrange(1, len(word))
    return word[:at] + rng.choice(INVISIBLE) + word[at:]
