"""What fetching needs to know, in one value."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one download is."""

    what: str
    done: int
    """Bytes."""

    total: int
    """Bytes; 0 where the server does not say."""


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/steelyard`, or `~/.cache/steelyard`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "steelyard"


def _silent(_: Progress) -> None:
    """Nobody is watching."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """Where to keep what is fetched, and whether the network may be used."""

    offline: bool = False
    """Fail closed: what is not in the cache is not fetched."""

    cache: Path = field(default_factory=cache_folder)
    watch: Callable[[Progress], None] = _silent
    """Called as bytes arrive, a few times a second at most."""
