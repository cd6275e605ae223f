"""Endpoints that misbehave, each with a real server on loopback."""

import asyncio
import json
import time
from typing import Any

import pytest
from aiohttp import web

from steelyard.audit.probe import Message, Need, Reply, Request
from steelyard.audit.targets import wire
from steelyard.audit.targets.openai import Connection, OpenAI
from steelyard.audit.targets.patience import Patience
from steelyard.errors import InputError, OfflineError, TargetLostError, UnavailableError
from steelyard.evidence.predicates import audit as predicate
from tests.audit.endpoint import Behaviour, Reaction, answer, serve

QUICK = Patience(attempts=3, base=0.01, most=0.02, longest_asked=2.0)
HI = Request(messages=(Message("user", "Toss"),))
RECORD = predicate.Target(reference="", kind="openai", model="", unpinned=True, chat="model")


def connection(port: int, **options: Any) -> Connection:
    options = {"patience": QUICK, "timeout": 5.0, **options}
    return Connection(url=f"http://127.0.0.1:{port}/v1", model="coin", **options)


def ask(react: Reaction = lambda *_: None, request: Request = HI, **options: Any) -> Reply:
    """The answer to `request`; the reaction begins after the target has been entered."""

    async def go(port: int) -> Reply:
        async with OpenAI(connection(port, **options), RECORD) as target:
            endpoint.behaviour.react = react
            return await target.ask(request)

    with serve(Behaviour(rate=1.0)) as endpoint:
        return asyncio.run(go(endpoint.port))


def enter(react: Reaction, **options: Any) -> OpenAI:
    async def go(port: int) -> OpenAI:
        async with OpenAI(connection(port, **options), RECORD) as target:
            return target

    with serve(Behaviour(rate=1.0, react=react)) as endpoint:
        return asyncio.run(go(endpoint.port))


def failing(times: int, status: int, **headers: str) -> Reaction:
    left = [times]

    def react(*_: object) -> web.Response | None:
        left[0] -= 1
        return web.Response(status=status, headers=headers) if left[0] >= 0 else None

    return react


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
def test_a_passing_error_is_asked_again(status: int) -> None:
    assert ask(failing(2, status)).text == "heads"


@pytest.mark.parametrize("status", [400, 413, 422])
def test_an_error_that_will_not_pass_is_not_asked_again(status: int) -> None:
    with pytest.raises(UnavailableError, match=str(status)):
        ask(failing(1, status))


def test_retry_after_is_honoured() -> None:
    begun = time.monotonic()
    assert ask(failing(1, 429, **{"Retry-After": "1"})).text == "heads"
    assert time.monotonic() - begun >= 1


def test_an_endpoint_that_asks_for_too_much_patience_is_given_up_on() -> None:
    with pytest.raises(UnavailableError, match="429"):
        ask(failing(1, 429, **{"Retry-After": "3600"}))


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_ends_everything_at_once_and_is_never_shown(status: int) -> None:
    key = "sk-very-secret"

    def react(request: web.Request, *_: object) -> web.Response:
        return web.Response(status=status, text=f"bad key {request.headers['Authorization']}")

    with pytest.raises(TargetLostError, match="refused the key") as caught:
        enter(react, key=key)
    assert key not in str(caught.value)
    with pytest.raises(UnavailableError, match=r"\[key\]") as other:
        ask(lambda *_: web.Response(status=400, text=f"echo {key}"), key=key)
    assert key not in str(other.value)
    assert key not in repr(connection(1, key=key))


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"{", b"data: {}\n\n" * 9, b'{"choices": []}', b'{"choices": 3}', b"[1]",
     b"\xff\xfe\x00", b"[" * 100_000, b'{"choices":[{"message":{"content":"\\ud800"}}]}'],
)  # fmt: skip
def test_garbage_is_an_error_in_words(body: bytes) -> None:
    with pytest.raises(UnavailableError, match="answer"):
        ask(lambda *_: web.Response(body=body, content_type="application/json"))


@pytest.mark.parametrize("content", ["", None])
def test_an_empty_answer_is_an_answer(content: str | None) -> None:
    found: dict[str, Any] = answer("")
    found["choices"][0]["message"]["content"] = content
    assert ask(lambda *_: web.json_response(found)).text == ""


def test_an_answer_of_five_megabytes_is_cut_off() -> None:
    big = json.dumps(answer("x" * (5 << 20))).encode()
    with pytest.raises(UnavailableError, match="larger than 2 MiB"):
        ask(lambda *_: web.Response(body=big, content_type="application/json"))


def test_a_compressed_bomb_is_cut_off() -> None:
    def react(*_: object) -> web.Response:
        response = web.Response(body=b"x" * (50 << 20), content_type="application/json")
        response.enable_compression(web.ContentCoding.gzip)
        return response

    with pytest.raises(UnavailableError, match="larger than 2 MiB"):
        ask(react)


def test_an_endpoint_that_hangs_times_out() -> None:
    async def go(port: int) -> None:
        options: dict[str, Any] = {"timeout": 0.2, "patience": Patience(attempts=1)}
        async with OpenAI(connection(port, **options), RECORD) as target:
            endpoint.behaviour.latency = lambda _: 5.0
            await target.ask(HI)

    with serve() as endpoint, pytest.raises(UnavailableError, match=r"no answer within 0\.2 s"):
        asyncio.run(go(endpoint.port))


def test_an_endpoint_that_is_down_fails_at_once() -> None:
    async def go() -> None:
        async with OpenAI(connection(9, patience=Patience()), RECORD):
            pass

    begun = time.monotonic()
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1"):
        asyncio.run(go())
    assert time.monotonic() - begun < 2


def test_a_redirect_is_not_followed() -> None:
    away = {"Location": "http://example.org/"}
    with pytest.raises(UnavailableError, match="307"):
        ask(lambda *_: web.Response(status=307, headers=away))


@pytest.mark.parametrize("url", ["http://example.org/v1", "http://10.0.0.1/v1"])
def test_offline_refuses_every_other_machine_before_it_connects(url: str) -> None:
    with pytest.raises(OfflineError, match="offline"):
        OpenAI(Connection(url=url, model="m", offline=True), RECORD)
    OpenAI(Connection(url="http://127.0.0.1/v1", model="m", offline=True), RECORD)


def test_an_address_that_is_not_http_is_refused() -> None:
    with pytest.raises(InputError, match="not an address"):
        OpenAI(Connection(url="ftp://host/v1", model="m"), RECORD)


def with_logprobs(_r: web.Request, body: dict[str, Any], _c: int) -> web.Response:
    found = answer("A")
    if body.get("logprobs"):
        alternatives = [{"token": "B", "logprob": -2.0}, {"token": "A", "logprob": -0.1}]
        token = {"token": "A", "logprob": -0.1, "top_logprobs": alternatives}
        found["choices"][0]["logprobs"] = {"content": [token]}
    return web.json_response(found)


def continuing(_r: web.Request, body: dict[str, Any], _c: int) -> web.Response:
    """As vLLM does, only when told to."""
    last = body["messages"][-1]
    goes_on = last["role"] == "assistant" and body.get("continue_final_message")
    return web.json_response(answer("potamus." if goes_on else "The secret animal is"))


def repeating(_r: web.Request, body: dict[str, Any], _c: int) -> web.Response:
    """As llama.cpp does: the opening comes back with what follows it."""
    last = body["messages"][-1]
    return web.json_response(answer(f"{last['content']}." if last["role"] == "assistant" else "Hi"))


@pytest.mark.parametrize(
    ("react", "offers"),
    [
        (with_logprobs, {"logprobs", "system"}),
        (continuing, {"system", "prefill"}),
        (repeating, {"system", "prefill"}),
        (lambda *_: web.json_response(answer("The secret animal is a cat")), {"system"}),
    ],
)
def test_what_an_endpoint_can_do_is_found_out_by_asking(react: Reaction, offers: set[Need]) -> None:
    needs: frozenset[Need] = frozenset(("logprobs", "system", "prefill"))
    assert enter(react, needs=needs).offers == offers


def test_alternatives_come_best_first() -> None:
    request = Request(messages=HI.messages, top_logprobs=2)
    assert ask(with_logprobs, request).first == (("A", -0.1), ("B", -2.0))


def test_legacy_logprobs_are_read_too() -> None:
    body = b'{"choices":[{"text":" A","logprobs":{"top_logprobs":[{" A":-0.1," B":-2.5}]}}]}'
    assert wire.reply(body).first == ((" A", -0.1), (" B", -2.5))


def test_an_opening_that_the_server_repeats_is_taken_off() -> None:
    assert (
        wire.reply(json.dumps(answer("Sure, here it is")).encode(), "Sure,").text == " here it is"
    )
