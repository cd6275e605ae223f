"""A choice among lettered options, read from the first token's log-probabilities.

One token gives accuracy, Brier score and confidence at once, where sampling gives one letter
(Hendrycks et al., MMLU, arXiv:2009.03300; Kadavath et al., arXiv:2207.05221, section 2, for
letters as calibrated answers). It works for a base model as for a chat model.

An endpoint lists the likeliest tokens only. The probabilities of all forms of a letter
(`B`, ` B`, `(B`, `b`) are added up and normalised over the options. A letter that isn't
listed has a probability between 0 and that of the last token listed; it gets that upper end,
so the confidence in what is listed is never overstated. When no letter is listed, the model
chose nothing.
"""

import math
from collections.abc import Mapping, Sequence

_DRESS = " \t\n\"'`*_.,:;()[]\N{LOWER ONE EIGHTH BLOCK}\N{LATIN CAPITAL LETTER G WITH DOT ABOVE}"


def probabilities(
    first: Sequence[tuple[str, float]], letters: Sequence[str]
) -> Mapping[str, float] | None:
    """Letter → probability, summing to 1; None when no letter is among the alternatives.

    Args:
        first: Alternatives of the first token, (text, natural log-probability).
        letters: Capital letters of the options.
    """
    mass = dict.fromkeys(letters, 0.0)
    for token, log_probability in first:
        letter = token.strip(_DRESS).upper()
        if letter in mass:
            mass[letter] += math.exp(log_probability)
    if not any(mass.values()):
        return None
    bound = math.exp(min(log_probability for _, log_probability in first))
    filled = {letter: p or bound for letter, p in mass.items()}
    total = math.fsum(filled.values())
    return {letter: p / total for letter, p in filled.items()}


def brier(p: Mapping[str, float], right: str) -> float:
    """Half the squared distance from what is so: 0 (certain and right) to 1.

    Source: Brier, Monthly Weather Review 78 (1950), 1-3, halved to stay within 0 to 1.
    """
    return sum((value - (letter == right)) ** 2 for letter, value in p.items()) / 2
