"""Signed evidence about an open-weight model, keyed by its digest.

    audit → evidence → policy → verdict

`steelyard.audit(...)` does from Python what `steelyard audit` does in a shell. Nothing is
imported until it is used: `import steelyard` takes a few milliseconds.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

__all__ = ["__version__", "audit"]


def __getattr__(name: str) -> Any:
    """Import the room behind a public name on first use."""
    if name == "audit":
        return import_module("steelyard.audit")
    raise AttributeError(f"module 'steelyard' has no attribute {name!r}")
