"""The process that holds a GGUF model: `python -m steelyard.audit.targets.llama_child`.

Reads one JSON object from its standard input, serves the OpenAI protocol on loopback, says
the port on its standard output, and ends when its standard input does or its parent dies.
A crash in the native library takes this process with it and not the audit.
"""

import json
import os
import signal
import sys
from typing import Any

from steelyard.audit.targets.tethered import tie


def main() -> None:
    """Serve until told to stop."""
    tie()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wanted = json.loads(sys.stdin.readline())
    # llama.cpp logs to both streams; keep the real standard output for the one line we owe.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import xllamacpp  # type: ignore[import-untyped]  # the wheel has no stubs

    server = xllamacpp.Server(_parameters(xllamacpp, wanted))
    answer.write(json.dumps({"address": server.listening_address}) + "\n")
    answer.flush()
    sys.stdin.read()
    os._exit(0)  # the model needs no orderly farewell, and its destructors can hang


def _parameters(xllamacpp: Any, wanted: dict[str, Any]) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = wanted["model"]
    parameters.model_alias = {wanted["name"]}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = wanted["port"]
    parameters.api_keys = [wanted["key"]]
    parameters.n_parallel = wanted["slots"]
    parameters.n_ctx = wanted["slots"] * wanted["context"]
    parameters.cpuparams.n_threads = wanted["threads"]
    parameters.cpuparams_batch.n_threads = wanted["threads"]
    parameters.n_threads_http = wanted["slots"] + 2
    parameters.cont_batching = True
    parameters.cache_prompt = wanted["cache"]
    parameters.use_jinja = True
    parameters.ui = False
    parameters.warmup = False
    return parameters


if __name__ == "__main__":
    main()
