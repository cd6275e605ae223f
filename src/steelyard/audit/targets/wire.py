"""The OpenAI protocol as bytes: requests out, replies in. Pure.

Source: github.com/openai/openai-openapi, `/chat/completions` and `/completions`. Servers
differ: llama.cpp answers `/completions` with log-probabilities in the chat shape, vLLM wants
`continue_final_message` to continue a prefill; both shapes are read and written here.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from steelyard.audit.probe import Reply, Request
from steelyard.errors import UnavailableError

SPEAKERS = {"system": "System", "user": "User", "assistant": "Assistant"}
NEXT_TURN = "\nUser:"
"""Where a base model would begin to write the other side too."""


class _Alternative(msgspec.Struct):
    token: str = ""
    logprob: float = 0.0


class _Token(msgspec.Struct):
    token: str = ""
    logprob: float = 0.0
    top_logprobs: list[_Alternative] | dict[str, float] | None = None


class _Logprobs(msgspec.Struct):
    content: list[_Token] | None = None
    """Chat shape."""

    top_logprobs: list[dict[str, float] | None] | None = None
    """Legacy completion shape."""


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message | None = None
    text: str | None = None
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = 0
    completion_tokens: int | None = 0


class _Answer(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None


_answer = msgspec.json.Decoder(_Answer).decode
_encode = msgspec.json.Encoder().encode


def chat(model: str, request: Request, *, continues: bool = False) -> bytes:
    """Body for `/chat/completions`; `continues` adds what vLLM needs to continue a prefill."""
    messages = [{"role": m.role, "content": m.content} for m in request.messages]
    body: dict[str, Any] = {"model": model, "messages": messages}
    if request.prefill:
        messages.append({"role": "assistant", "content": request.prefill})
        if continues:
            body |= {"continue_final_message": True, "add_generation_prompt": False}
    if request.top_logprobs:
        body |= {"logprobs": True, "top_logprobs": request.top_logprobs}
    return _encode(body | _sampling(request, request.stop))


def plain(model: str, request: Request) -> bytes:
    """Body for `/completions`: a base model, asked as a written conversation."""
    body: dict[str, Any] = {"model": model, "prompt": transcript(request)}
    if request.top_logprobs:
        body["logprobs"] = request.top_logprobs
    # OpenAI takes four stop strings at most.
    return _encode(body | _sampling(request, (*request.stop[:3], NEXT_TURN)))


def transcript(request: Request) -> str:
    r"""The conversation as plain text, ending where the model should go on.

    >>> from steelyard.audit.probe import Message
    >>> transcript(Request(messages=(Message("user", "Hi"),), prefill="Well,"))
    'User: Hi\nAssistant: Well,'
    """
    turns = [f"{SPEAKERS[m.role]}: {m.content}\n" for m in request.messages]
    lead = f" {request.prefill}" if request.prefill else ""
    return "".join(turns) + "Assistant:" + lead


def reply(data: bytes, prefill: str = "") -> Reply:
    """The first choice of an answer. An empty text is an answer.

    Raises:
        UnavailableError: not JSON of this protocol, or no choice in it.
    """
    try:
        answer = _answer(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        shown = data[:60].decode("utf-8", "replace")
        raise UnavailableError(f"the answer can't be read ({error}): {shown!r}") from error
    if not answer.choices:
        raise UnavailableError("the answer has no choices")
    choice = answer.choices[0]
    usage = answer.usage or _Usage()
    return Reply(
        text=_text(choice).removeprefix(prefill) if prefill else _text(choice),
        finish=choice.finish_reason or "stop",
        first=_first(choice.logprobs),
        prompt_tokens=max(0, usage.prompt_tokens or 0),
        completion_tokens=max(0, usage.completion_tokens or 0),
    )


def _sampling(request: Request, stop: Sequence[str]) -> dict[str, Any]:
    body: dict[str, Any] = {"max_tokens": request.max_tokens, "temperature": request.temperature}
    if stop:
        body["stop"] = list(stop)
    if request.seed:
        body["seed"] = request.seed
    return body


def _text(choice: _Choice) -> str:
    if choice.message is not None:
        return choice.message.content or choice.message.refusal or ""
    return choice.text or ""


def _first(logprobs: _Logprobs | None) -> tuple[tuple[str, float], ...]:
    pairs: list[tuple[str, float]] = []
    if logprobs is not None and logprobs.content:
        found = logprobs.content[0].top_logprobs
        if isinstance(found, dict):
            pairs = list(found.items())
        elif found:
            pairs = [(alternative.token, alternative.logprob) for alternative in found]
    elif logprobs is not None and logprobs.top_logprobs:
        pairs = list((logprobs.top_logprobs[0] or {}).items())
    return tuple(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))
