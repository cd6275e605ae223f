"""Characters that a person does not see and a model does."""

import re

HIDDEN = re.compile(
    "[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\u3164\uffa0\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Zero-width space, direction marks and overrides, invisible operators, Hangul fillers,
musical format controls, tags and supplementary variation selectors.

Joiners (U+200C, U+200D) are left out: Persian, Indic scripts and emoji need them.
Source: Unicode 16, `Default_Ignorable_Code_Point`; UTR 36, section 3.
"""

STEERING = re.compile("[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e0fff]")
"""Those that no plain text needs: overrides of direction and tags."""


def runs(text: str) -> list[tuple[int, str]]:
    """Position and code points of every hidden run."""
    found: list[tuple[int, str]] = []
    for match in re.finditer(f"(?:{HIDDEN.pattern})+", text):
        points = " ".join(f"U+{ord(letter):04X}" for letter in match[0][:8])
        found.append((match.start(), points))
    return found
