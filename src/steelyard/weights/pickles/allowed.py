"""What is known of a name: `allow.toml`, read once and looked up exactly."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

Standing = Literal["safe", "value", "review", "class", "denied", "unlisted"]
"""safe: may be called with the arguments that `takes` names. value: may be referred to.
review: a known function or class, to be named. class: a class of a known library, to be
named, and made without running `__init__`. denied: known to be able to run code or to reach
files, or of the standard library and not reviewed. unlisted: nothing is known."""

_CLASS_NAME = re.compile(r"_*[A-Z]\w*(\.[A-Z]\w*)*")


@dataclass(frozen=True)
class Known:
    """What the list says of a name."""

    standing: Standing
    takes: str = ""
    why: str = ""


@dataclass(frozen=True)
class Allowed:
    """The list."""

    exact: dict[str, Known]
    classes: dict[str, str]
    """Packages whose classes are known, with the reason."""

    denied: dict[str, str]
    """Modules and names that are not to be reached, with the reason."""

    stdlib: frozenset[str]

    def look_up(self, module: str, name: str) -> Known:
        """Say what is known of `module.name`."""
        module = _one_spelling(module)
        full = f"{module}.{name}"
        if "." not in name and full in self.exact:
            return self.exact[full]
        for part in _prefixes(full):
            if part in self.denied:
                return Known("denied", why=self.denied[part])
        top = module.partition(".")[0]
        if top in self.stdlib:
            return Known("denied", why="standard library, and not on the list of harmless names")
        if looks_like_class(name) and "__" not in name:
            for part in _prefixes(module):
                if part in self.classes:
                    return Known("class", why=self.classes[part])
        return Known("unlisted")

    def familiar(self, module: str, name: str) -> bool:
        """Whether a name to be reviewed is of a known library, or of the loading script itself."""
        standing = self.look_up(module, name).standing
        top = module.partition(".")[0]
        return standing in {"review", "class"} or (
            standing == "unlisted" and (module == "__main__" or top in self.classes)
        )


def looks_like_class(name: str) -> bool:
    """Whether every part of `name` is spelled as classes are."""
    return _CLASS_NAME.fullmatch(name) is not None


def _one_spelling(module: str) -> str:
    """NumPy 2 moved `numpy.core` to `numpy._core`; both load in either."""
    if module == "numpy._core" or module.startswith("numpy._core."):
        return "numpy.core" + module[len("numpy._core") :]
    return module


def _prefixes(dotted: str) -> list[str]:
    """Give `a.b.c`, `a.b`, `a`."""
    parts = dotted.split(".")
    return [".".join(parts[:size]) for size in range(len(parts), 0, -1)]


@cache
def allowed() -> Allowed:
    """Read the list that comes with the package."""
    text = files("steelyard.weights.pickles").joinpath("allow.toml").read_text("utf-8")
    data = tomllib.loads(text)
    exact = {name: Known("safe", *row) for name, row in data["safe"].items()}
    exact |= {name: Known("value", why=why) for name, why in data["value"].items()}
    exact |= {name: Known("review", "anything", why) for name, why in data["review"].items()}
    return Allowed(exact, data["class"], data["denied"], frozenset(data["stdlib"]["names"]))
