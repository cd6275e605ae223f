"""What a process gives up for good before it reads hostile bytes. Linux, through libc.

Each layer stands alone: where the kernel lacks one, the others still hold, and the answer
of `confine` says which do. Sources: landlock(7); seccomp(2), "Use of SECCOMP_SET_MODE_FILTER";
user_namespaces(7); setrlimit(2).
"""

import contextlib
import ctypes
import os
import platform
import resource
import struct
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
CLONE_NEWUSER, CLONE_NEWNET = 0x1000_0000, 0x4000_0000
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
LANDLOCK_VERSION, LANDLOCK_PATH_BENEATH = 1, 1
READ_FILE, READ_DIR = 1 << 2, 1 << 3
BITS = {1: 13, 2: 14, 3: 15, 4: 15}
"""Landlock ABI → file rights that it knows; 16 from ABI 5 on. From: linux/landlock.h."""

MOST_FILES = 128

FORBIDDEN: dict[str, tuple[int, tuple[int, ...]]] = {
    # socket, connect, bind, listen, accept, sendto, sendmsg, execve, execveat, ptrace,
    # process_vm_readv, process_vm_writev, io_uring_setup, kill, tkill, mount, bpf.
    "x86_64": (
        0xC000003E,
        (41, 42, 49, 50, 43, 44, 46, 59, 322, 101, 310, 311, 425, 62, 200, 165, 321),
    ),
    "aarch64": (
        0xC00000B7,
        (198, 203, 200, 201, 202, 206, 211, 221, 281, 117, 270, 271, 425, 129, 130, 40, 280),
    ),
}
"""Machine → its audit architecture, and system calls that answer EPERM."""


class _Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("program", ctypes.c_void_p)]


def confine(readable: Sequence[Path], memory: int) -> str:
    """Give up everything but reading `readable` and this Python's own files.

    Args:
        readable: Files and folders.
        memory: Bytes of address space.

    Returns:
        The layers that hold, e.g. `namespace+landlock+seccomp+rlimits`.
    """
    layers = ["rlimits"]
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, MOST_FILES),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))
    if sys.platform != "linux":
        return f"rlimits only: no sandbox for {sys.platform}"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0:
        layers.append("namespace")
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if _landlock(libc, readable):
        layers.append("landlock")
    if _seccomp(libc):
        layers.append("seccomp")
    return "+".join(sorted(layers))


def _landlock(libc: ctypes.CDLL, readable: Sequence[Path]) -> bool:
    version = libc.syscall(LANDLOCK_CREATE, None, ctypes.c_size_t(0), LANDLOCK_VERSION)
    if version < 1:
        return False
    handled = (1 << BITS.get(version, 16)) - 1
    network = 3 if version >= 4 else 0  # noqa: PLR2004 (ABI 4 knows TCP)
    attribute = struct.pack("QQ", handled, network)[: 16 if network else 8]
    size = ctypes.c_size_t(len(attribute))
    rules = libc.syscall(LANDLOCK_CREATE, attribute, size, 0)
    if rules < 0:
        return False
    for path in (*readable, *_own()):
        _allow(libc, rules, path)
    held = libc.syscall(LANDLOCK_RESTRICT, rules, 0) == 0
    os.close(rules)
    return bool(held)


def _allow(libc: ctypes.CDLL, rules: int, path: Path) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    rights = READ_FILE | READ_DIR if path.is_dir() else READ_FILE
    attribute = struct.pack("=Qi", rights, opened)
    libc.syscall(LANDLOCK_ADD, rules, LANDLOCK_PATH_BENEATH, attribute, 0)
    os.close(opened)


def _own() -> Iterator[Path]:
    """Where this Python's modules and libraries lie: imports may still come."""
    places = {*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix, *sys.path}
    places |= {"/usr/lib", "/usr/lib64", "/lib", "/lib64", str(Path(__file__).parents[2])}
    yield from (Path(place) for place in sorted(places) if place and Path(place).is_dir())


def _seccomp(libc: ctypes.CDLL) -> bool:
    """A filter that answers EPERM to what a reader never needs."""
    if platform.machine() not in FORBIDDEN:
        return False
    architecture, calls = FORBIDDEN[platform.machine()]
    load, equal, at_least, answer = 0x20, 0x15, 0x35, 0x06
    refuse, allow, kill = 0x0005_0001, 0x7FFF_0000, 0x8000_0000
    lines = [
        (load, 0, 0, 4),
        (equal, 1, 0, architecture),
        (answer, 0, 0, kill),
        (load, 0, 0, 0),
        (at_least, len(calls), 0, 0x4000_0000),
        *((equal, len(calls) - index, 0, call) for index, call in enumerate(calls)),
        (answer, 0, 0, allow),
        (answer, 0, 0, refuse),
    ]
    # A jump counts from the next line: the last but one allows, the last refuses.
    lines[4] = (at_least, len(calls) + 1, 0, 0x4000_0000)
    program = b"".join(struct.pack("HBBI", *line) for line in lines)
    kept = ctypes.create_string_buffer(program, len(program))
    whole = _Filter(len(lines), ctypes.cast(kept, ctypes.c_void_p))
    done = libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(whole), 0, 0)
    return bool(done == 0)
