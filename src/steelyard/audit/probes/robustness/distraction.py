"""A sentence that has nothing to do with the question.

Source: GSM-NoOp (Mirzadeh et al., arXiv:2410.05229, section 4.4) and GSM-IC (Shi et al.,
arXiv:2302.00093), which add a sentence with a number that changes nothing. Ours speaks of
something else altogether, so that no careful reader could take it for part of the question.
"""

from random import Random

from steelyard.audit.probes.robustness.paired import Paired, card

PEOPLE = ("My neighbour", "My cousin", "A friend of mine", "Our teacher", "The bus driver")
DEEDS = (
    "bought {n} postcards last summer",
    "walked {n} kilometres yesterday",
    "has a red umbrella",
    "painted the fence in {n} minutes",
    "likes to sing in the morning",
    "waited {n} minutes for the bus",
    "grows tomatoes on the roof",
    "wrote {n} letters in May",
)


class Distraction(Paired):
    """An irrelevant sentence."""

    card = card(
        "distraction",
        "Irrelevant sentences",
        "after an irrelevant sentence",
        "Mirzadeh et al. 2024, arXiv:2410.05229, 4.4; Shi et al. 2023, arXiv:2302.00093",
    )

    def spoil(self, rng: Random, text: str, keep: frozenset[str]) -> str:  # noqa: ARG002 (no word is changed)
        """The sentence stands in front, so that the question keeps the last word."""
        deed = rng.choice(DEEDS).format(n=rng.randint(2, 40))
        return f"{rng.choice(PEOPLE)} {deed}. {text}"
