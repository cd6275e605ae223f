"""Other people's tools, each in an environment of its own, made when a slow test asks."""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest


def environment(*requirements: str) -> Path:
    """The Python of an environment with `requirements`; skips where it can't be had."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    name = hashlib.sha256("\n".join((sys.version, *requirements)).encode()).hexdigest()[:16]
    folder = cache / "steelyard-peers" / name
    python = folder / "bin" / "python"
    if (folder / "complete").exists():
        return python
    venv.create(folder, with_pip=True, clear=True)
    install = [str(python), "-m", "pip", "install", "--quiet", *requirements]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot install {requirements}: {done.stderr[-200:]}")
    (folder / "complete").touch()
    return python
