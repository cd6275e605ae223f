"""A server in a child process of its own, that cannot outlive the audit."""

import asyncio
import os
import socket
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, Self

from steelyard.errors import UnavailableError

LAST_WORDS = 4096
"""Bytes of the child's log that are looked through for the reason of its death."""


def free_port() -> int:
    """A loopback TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Child:
    """A process, its log, and the pipe whose closing ends it."""

    def __init__(self, process: asyncio.subprocess.Process, log: IO[bytes]) -> None:
        """Use `start`."""
        self.process = process
        self._log = log

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        given: bytes = b"",
        extra: Mapping[str, str] | None = None,
        *,
        quiet: bool = False,
    ) -> Self:
        """Run `command` in a session of its own, so that Ctrl-C reaches the audit alone.

        `given` is written to its standard input, which stays open; `extra` joins its
        environment; `quiet` sends its standard output to the log.

        Raises:
            UnavailableError: the program can't be started.
        """
        log = tempfile.TemporaryFile(prefix="steelyard-child-")  # noqa: SIM115 (closed in `stop`)
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=log if quiet else asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **(extra or {})},
            )
        except OSError as error:
            log.close()
            raise UnavailableError(f"cannot start {command[0]}: {error.strerror}") from error
        child = cls(process, log)
        if given and process.stdin is not None:
            process.stdin.write(given)
            await process.stdin.drain()
        return child

    @property
    def dead(self) -> bool:
        """Whether the process has ended."""
        return self.process.returncode is not None

    def last_words(self) -> str:
        """The first line near the end of its log that names an error, else its last line."""
        size = os.fstat(self._log.fileno()).st_size
        data = os.pread(self._log.fileno(), LAST_WORDS, max(0, size - LAST_WORDS))
        lines = [line.strip() for line in data.decode("utf-8", "replace").splitlines()]
        lines = [line for line in lines if line]
        telling = [line for line in lines if " E " in line or "rror" in line]
        line = telling[0] if telling else (lines or [""])[-1]
        return line.rpartition(" E ")[2].strip()[:300]

    async def stop(self) -> None:
        """End it: close its input, then insist."""
        if not self.dead:
            if self.process.stdin is not None:
                self.process.stdin.close()
            try:
                await asyncio.wait_for(self.process.wait(), 1.0)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        self._log.close()
