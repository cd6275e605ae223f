"""Capitals where none belong: everything in capitals, everything small, or at random.

Words in double quotes keep their case, because the answer may depend on it.

Source: the casing perturbations of HELM (Liang et al., arXiv:2211.09110, appendix D.2.2).
"""

from random import Random

from steelyard.audit.probes.robustness.paired import Paired, card


class Casing(Paired):
    """Wrong capitals."""

    card = card(
        "case", "Wrong capitals", "with wrong capitals", "HELM, arXiv:2211.09110, appendix D.2.2"
    )

    def spoil(self, rng: Random, text: str, keep: frozenset[str]) -> str:  # noqa: ARG002 (no word is changed)
        """All capitals, none, or each letter by a coin."""
        way = rng.choice((str.upper, str.lower, lambda part: _mixed(rng, part)))
        parts = text.split('"')
        parts[::2] = [way(part) for part in parts[::2]]
        return '"'.join(parts)


def _mixed(rng: Random, text: str) -> str:
    mixed = "".join(rng.choice((letter.upper(), letter.lower())) for letter in text)
    return text.swapcase() if mixed == text else mixed
