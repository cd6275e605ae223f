"""A person's own questions to the model that was just weighed, and what they make of it."""

import asyncio
import sys
from typing import Literal, get_args

from steelyard.audit.probe import Message, Request
from steelyard.audit.target import Target
from steelyard.errors import UnavailableError
from steelyard.evidence.predicates.audit import AdHoc
from steelyard.render.text import shown

Judgement = Literal["fine", "flaw", "unsure"]
LONGEST = 512
"""Tokens of an answer."""


async def session(target: Target) -> tuple[AdHoc, ...]:
    """Question, answer, judgement, note, until an empty line or the end of input."""
    _show("\nAd hoc: ask what you like; an empty line ends. It joins the evidence as a section")
    _show("of its own and changes no figure.\n")
    tried: list[AdHoc] = []
    while prompt := await _line("question> "):
        try:
            request = Request(messages=(Message("user", prompt),), max_tokens=LONGEST)
            answer = (await target.ask(request)).text
        except UnavailableError as error:
            _show(f"no answer: {error}")
            continue
        _show(f"\n{answer.strip() or '(empty)'}\n")
        judgement = await _judgement()
        note = await _line("note> ") or ""
        tried.append(AdHoc(prompt=prompt, answer=answer, judgement=judgement, note=note))
    return tuple(tried)


async def _judgement() -> Judgement:
    """One of the three, or its first letters; no answer means unsure."""
    while said := await _line("fine, flaw or unsure> "):
        match [word for word in get_args(Judgement) if word.startswith(said.lower())]:
            case [word]:
                return word  # type: ignore[no-any-return]  # get_args is untyped
            case _:
                _show("type fine, flaw or unsure (fi, fl, u)")
    return "unsure"


async def _line(ask: str) -> str | None:
    """The next line, stripped; None at the end of input."""
    sys.stderr.write(ask)
    sys.stderr.flush()
    line = await asyncio.to_thread(sys.stdin.readline)
    return line.strip() if line else None


def _show(text: str) -> None:
    # A model's answer may hold terminal escapes, by chance or by training.
    sys.stderr.write(f"{shown(text)}\n")
