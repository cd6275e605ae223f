"""Make `.venv` with pip in it, on a machine that may lack `ensurepip`.

Debian splits `ensurepip` out of Python (package python3-venv). Where it is missing, the
environment is made without pip, and pip's own wheel, pinned by SHA-256, installs itself.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import urllib.request
import venv
from pathlib import Path

PIP = (
    (
        "https://files.pythonhosted.org/packages/07/25/"
        "ee8c38ae72d66b844ce8eb9711ba905dba21ca1a8a0c960057c41cd23337/pip-26.3-py3-none-any.whl"
    ),
    "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13",
)


def main(folder: str) -> None:
    """Make the environment in `folder` and bring its pip up to the pinned one."""
    home = Path(folder)
    try:
        import ensurepip  # noqa: F401 (asking whether it is there)
    except ImportError:
        venv.create(home, with_pip=False, clear=True)
        _pip_from_wheel(home)
    else:
        venv.create(home, with_pip=True, clear=True)


def _pip_from_wheel(home: Path) -> None:
    address, expected = PIP
    with urllib.request.urlopen(address) as answer:  # noqa: S310 (https, and pinned)
        wheel = answer.read()
    if hashlib.sha256(wheel).hexdigest() != expected:
        sys.exit(f"{address} is not the file that this project pinned")
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / address.rpartition("/")[2]
        path.write_bytes(wheel)
        subprocess.run(  # noqa: S603
            [home / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-index", path],
            env=os.environ | {"PYTHONPATH": str(path)},
            check=True,
        )


if __name__ == "__main__":
    main(sys.argv[1])
