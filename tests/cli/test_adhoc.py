"""A person's own questions, answered by a model that nobody vouches for."""

import asyncio
import io

import pytest

from steelyard.audit.probe import Reply, Request
from steelyard.audit.target import Target
from steelyard.cli.adhoc import session


class Hostile(Target):
    async def ask(self, request: Request) -> Reply:
        return Reply(text=f"\x1b]0;owned\x07{request.messages[0].content}\u202e")


def test_an_answer_cannot_steer_the_terminal_and_is_kept_as_it_came(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("hello\nflaw\n\n\n"))
    (tried,) = asyncio.run(session(Hostile()))
    told = capsys.readouterr().err
    assert "\x1b" not in told
    assert "‹U+001B›]0;owned‹U+0007›hello‹U+202E›" in told
    assert tried.answer == "\x1b]0;owned\x07hello\u202e"
    assert tried.judgement == "flaw"
