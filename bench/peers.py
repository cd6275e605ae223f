"""How each engine is told to ask the same endpoint the same number of questions."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.environments import environment

BARE = """
import asyncio, sys, aiohttp
url, count, at_once = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
async def main():
    numbers = iter(range(count))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        async def worker():
            for i in numbers:
                body = {"model": "coin", "max_tokens": 4, "temperature": 0,
                        "messages": [{"role": "user", "content": f"Toss {i}"}]}
                async with session.post(url + "/chat/completions", json=body) as response:
                    await response.json()
        await asyncio.gather(*(worker() for _ in range(at_once)))
asyncio.run(main())
"""

POLICY = """id = "bench"
title = "Never decided"
allow_unpinned = true
[[gate]]
metric = "selftest.coin.heads"
op = "<="
threshold = 0.05
why = "At the threshold itself nothing is decided, and a budget ends the run."
"""

INSPECT = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import includes
from inspect_ai.solver import generate

@task
def toss():
    return Task(dataset=[Sample(input=f"Toss {i}", target="heads") for i in range(COUNT)],
                solver=generate(), scorer=includes())
"""

LM_EVAL = """
task: toss
dataset_path: json
dataset_kwargs: {data_files: {test: FILE}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["\\n\\n"], max_gen_toks: 4}
metric_list: [{metric: exact_match}]
"""


@dataclass(frozen=True, slots=True)
class Job:
    """Ask `count` times, `at_once` at once."""

    url: str
    count: int
    at_once: int
    folder: Path


@dataclass(frozen=True, slots=True)
class Command:
    words: list[str]
    environment: dict[str, str] = field(default_factory=dict)


Peer = Callable[[Job], Command | None]


def bare(job: Job) -> Command:
    return Command([sys.executable, "-c", BARE, job.url, str(job.count), str(job.at_once)])


def steelyard(job: Job) -> Command:
    policy = job.folder / "bench.toml"
    policy.write_text(POLICY)
    words = [sys.executable, "-m", "steelyard", "audit", f"{job.url}#coin", "--probes",
             "selftest.coin", "--policy", str(policy), "--budget", f"calls={job.count}",
             "--concurrency", str(job.at_once), "--seed", "bench", "--out",
             str(job.folder / "out")]  # fmt: skip
    return Command(words, {"XDG_CONFIG_HOME": str(job.folder)})


def inspect(job: Job) -> Command | None:
    found = environment("inspect", "inspect-ai==0.3.285", "openai")
    if found is None:
        return None
    (job.folder / "toss.py").write_text(INSPECT.replace("COUNT", str(job.count)))
    words = [str(found / "inspect"), "eval", "toss.py", "--model", "openai-api/dummy/coin",
             "--max-connections", str(job.at_once), "--max-samples", str(job.at_once),
             "--display", "none", "--max-tokens", "4"]  # fmt: skip
    return Command(words, {"DUMMY_BASE_URL": job.url, "DUMMY_API_KEY": "none"})


def garak(job: Job) -> Command | None:
    found = environment("garak", "garak==0.17.1")
    if found is None:
        return None
    options = {"openai": {"OpenAICompatible": {"uri": f"{job.url}/", "max_tokens": 4}}}
    settings = job.folder / "garak.json"
    settings.write_text(json.dumps({"run": {"soft_probe_prompt_cap": job.count}}))
    words = [str(found / "garak"), "--target_type", "openai.OpenAICompatible", "--target_name",
             "coin", "--generator_options", json.dumps(options), "--probes",
             "encoding.InjectBase64", "--generations", "1", "--config", str(settings),
             "--parallel_attempts", str(job.at_once), "--report_prefix",
             str(job.folder / "garak")]  # fmt: skip
    home = {"XDG_DATA_HOME": str(job.folder), "XDG_CONFIG_HOME": str(job.folder)}
    return Command(words, {"OPENAICOMPATIBLE_API_KEY": "none", **home})


def lm_eval(job: Job) -> Command | None:
    found = environment("lm-eval", "lm-eval[api]==0.4.13")
    if found is None:
        return None
    data = job.folder / "toss.jsonl"
    rows = [{"question": f"Toss {i}", "answer": "heads"} for i in range(job.count)]
    data.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    tasks = job.folder / "tasks"
    tasks.mkdir()
    (tasks / "toss.yaml").write_text(LM_EVAL.replace("FILE", str(data)))
    arguments = (
        f"base_url={job.url}/chat/completions,model=coin,num_concurrent={job.at_once},max_retries=3"
    )
    words = [str(found / "lm_eval"), "--model", "local-chat-completions", "--model_args",
             arguments, "--tasks", "toss", "--include_path", str(tasks),
             "--apply_chat_template"]  # fmt: skip
    home = {"HF_HOME": str(job.folder / "hf"), "HF_HUB_OFFLINE": "1", "OPENAI_API_KEY": "none"}
    return Command(words, home)


PEERS: dict[str, Peer] = {
    "bare aiohttp loop": bare,
    "steelyard": steelyard,
    "inspect-ai": inspect,
    "garak": garak,
    "lm-eval": lm_eval,
}
