"""Spaces too many, tabs, stray line breaks, none after a comma, blanks at both ends.

Source: the space perturbation of HELM (Liang et al., arXiv:2211.09110, appendix D.2.2), and
FormatSpread's separators (Sclar et al., arXiv:2310.11324), which show how much a model can
hang on them.
"""

import re
from random import Random

from steelyard.audit.probes.robustness.paired import Paired, card

GAPS = (" ", "  ", "   ", "\t", "\n", " \n ")
_PLAIN, *_ODD = GAPS


class Whitespace(Paired):
    """Odd spaces."""

    card = card(
        "whitespace", "Odd spaces", "with odd spaces", "HELM, arXiv:2211.09110; arXiv:2310.11324"
    )

    def spoil(self, rng: Random, text: str, keep: frozenset[str]) -> str:  # noqa: ARG002 (no word is changed)
        """Every gap drawn anew, half of them plain; one at each end."""
        spoilt = re.sub(r"\s+", lambda _: rng.choice((_PLAIN, rng.choice(_ODD))), text)
        spoilt = re.sub(r",\s", lambda gap: rng.choice((",", gap[0])), spoilt)
        return rng.choice(_ODD) + spoilt + rng.choice(_ODD)
