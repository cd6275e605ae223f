"""Regular expressions that take exponential time on some text (CWE-1333)."""

import re
from dataclasses import dataclass, field

PIECE = re.compile(
    r"(?P<open>\((?:\?(?:[:=!>|]|<[=!]|P?<\w+>|[a-z-]*:))?)|(?P<close>\))|(?P<bar>\|)"
    r"|(?P<atom>\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|\\[pPx]\{[^}]*\}|\\.|.)",
    re.DOTALL,
)
TIMES = re.compile(r"(?P<what>[*+?]|\{(?P<least>\d*)(?P<open>,?)(?P<most>\d*)\})(?P<how>[?+]?)")
MOST = 4_000
"""Characters of a pattern that are looked at."""


@dataclass(slots=True)
class Branch:
    """One alternative of a group: how its pieces repeat."""

    endless: int = 0
    fixed: int = 0


@dataclass(slots=True)
class Group:
    """What stands between two parentheses."""

    atomic: bool = False
    branches: list[Branch] = field(default_factory=lambda: [Branch()])

    def is_loose(self) -> bool:
        """Whether a branch is one endless repetition, so a match can be cut at any place."""
        return not self.atomic and any(
            branch.endless > 0 and not branch.fixed for branch in self.branches
        )


def explodes(pattern: str) -> bool:
    """Whether a group that is itself an endless repetition is repeated endlessly: `(a+)+`.

    This is the commonest form (OWASP "Regular expression Denial of Service", "Evil Regex"),
    not all: `(a|a)*` is not told.
    """
    open_groups, at, pattern = [Group()], 0, pattern[:MOST]
    while piece := PIECE.match(pattern, at):
        at = piece.end()
        loose = False
        if piece["open"]:
            open_groups.append(Group(atomic=piece["open"] == "(?>"))
            continue
        if piece["bar"]:
            open_groups[-1].branches.append(Branch())
            continue
        if piece["close"] and len(open_groups) > 1:
            loose = open_groups.pop().is_loose()
        times = TIMES.match(pattern, at)
        at = times.end() if times else at
        endless = times is not None and _is_endless(times)
        if endless and loose:
            return True
        branch = open_groups[-1].branches[-1]
        branch.endless += endless or (loose and times is None)
        branch.fixed += not endless and not loose and not _is_optional(times)
    return False


def _is_endless(times: re.Match[str]) -> bool:
    """Without an upper bound, and giving back what it took."""
    bounded = times["what"] == "?" or (times["what"][0] == "{" and not _is_open(times))
    return not bounded and times["how"] != "+"


def _is_open(times: re.Match[str]) -> bool:
    return bool(times["open"]) and not times["most"]


def _is_optional(times: re.Match[str] | None) -> bool:
    return times is not None and (times["what"] in ("?", "*") or times["least"] == "0")
