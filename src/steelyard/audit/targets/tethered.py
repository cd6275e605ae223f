"""Runs a program that dies with whoever started it: `python -m … PROGRAM ARGUMENT…`.

The tie (`PR_SET_PDEATHSIG`) survives `exec`, so it holds for programs that know nothing of
it, and it holds when the parent is killed with a signal that it can't catch.
"""

import contextlib
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""From: linux/prctl.h."""


def tie() -> None:
    """End this process when its parent ends; does nothing where the system can't."""
    parent = os.getppid()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died between the two calls
        sys.exit(1)


if __name__ == "__main__":
    tie()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 (its caller chose the program)
