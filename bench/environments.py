"""Peers, each in an environment of its own under `bench/.envs`, made on first use.

Peers cannot share one environment: their pins exclude each other.
"""

import os
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).parent / ".envs"
UV = Path(sys.executable).parent / "uv"

SLOWING = {"PYTHONDONTWRITEBYTECODE"}
"""Set on some machines, it makes every process compile what nobody's installation compiles."""

QUIET = {name: value for name, value in os.environ.items() if name not in SLOWING} | {
    "PROMPTFOO_DISABLE_TELEMETRY": "1",
    "NO_ANALYTICS": "1",
    "AISBOM_NO_TELEMETRY": "1",
}
"""The environment variables for peers that would otherwise phone home."""


def environment(name: str, *packages: str) -> Path | None:
    """The `bin` folder of environment `name` with `packages`; None where it cannot be made."""
    folder = HOME / name
    ready = folder / "ready"
    wanted = "\n".join(packages)
    if ready.exists() and ready.read_text() == wanted:
        return folder / "bin"
    print(f"   (making an environment for {name})", flush=True)
    commands: tuple[list[str | Path], ...] = (
        [UV, "venv", "--quiet", "--clear", folder],
        [UV, "pip", "install", "--quiet", "--python", folder / "bin" / "python", *packages],
    )
    for command in commands:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            print(f"   {name} cannot be installed here: {done.stderr.strip()[-300:]}")
            return None
    ready.write_text(wanted)
    return folder / "bin"
