"""An endpoint that tosses a coin and answers after a fixed time: `python -m bench.dummy SECONDS`.

One toss in twenty is heads.

Says its port on standard output. `GET /stats` gives what it saw since the last `GET /stats`:
count, span from the first to the last answer, and when the first call came.
"""

import asyncio
import json
import sys
import time
import zlib

from aiohttp import web


def answer(side: str) -> bytes:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": side},
        "finish_reason": "stop",
    }
    usage = {"prompt_tokens": 20, "completion_tokens": 2, "total_tokens": 22}
    head = {"id": "x", "object": "chat.completion", "created": 1, "model": "coin"}
    return json.dumps(head | {"choices": [choice], "usage": usage}).encode()


SIDES = answer("heads"), answer("tails")


class Seen:
    def __init__(self) -> None:
        self.count = 0
        self.first = self.last = 0.0


async def serve(latency: float) -> None:
    seen = [Seen()]

    async def toss(request: web.Request) -> web.Response:
        side = SIDES[zlib.crc32(await request.read()) % 20 > 0]
        now = seen[0]
        if not now.count:
            now.first = time.time()
        now.count += 1
        await asyncio.sleep(latency)
        now.last = time.time()
        return web.Response(body=side, content_type="application/json")

    async def stats(_: web.Request) -> web.Response:
        now, seen[0] = seen[0], Seen()
        return web.json_response(vars(now))

    app = web.Application(client_max_size=1 << 24)
    app.router.add_get("/stats", stats)
    app.router.add_post("/{tail:.*}", toss)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
