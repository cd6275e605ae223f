"""Static inspection and signing: how close to the speed of hashing, and against peers."""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.environments import environment
from bench.processes import Row, table

ROUNDS = 3
SIZE = int(os.environ.get("BENCH_BYTES", str(1 << 30)))
"""Bytes in all."""

TENSORS = 64
"""A file."""

HASHING = (
    "import hashlib,sys,pathlib\n"
    "for p in sorted(pathlib.Path(sys.argv[1]).iterdir()):\n"
    "    with p.open('rb') as f: hashlib.file_digest(f,'sha256')"
)


AT_ONCE = (
    "import hashlib,sys,pathlib\n"
    "from concurrent.futures import ThreadPoolExecutor as Pool\n"
    "def digest(p):\n"
    "    with p.open('rb') as f: hashlib.file_digest(f,'sha256')\n"
    "with Pool() as pool: list(pool.map(digest, pathlib.Path(sys.argv[1]).iterdir()))"
)
"""What the cores that this machine has to spare can do at best."""


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        one, two = Path(scratch) / "one", Path(scratch) / "two"
        write(one, 1, SIZE)
        table(f"one file of {SIZE >> 20} MiB", [*own(one), *peers(one)], ROUNDS)
        for file in one.iterdir():
            file.unlink()
        write(two, 2, SIZE // 2)
        best = Row("hashlib, a thread a file", [sys.executable, "-c", AT_ONCE, two])
        table(f"two files of {SIZE >> 21} MiB", [*own(two), best], ROUNDS)


def write(folder: Path, files: int, size: int) -> None:
    """safetensors files of half-precision normal values.

    In a process of its own: a child's peak memory begins with its parent's, which numpy fills.
    """
    apart = multiprocessing.get_context("spawn").Process(target=_write, args=(folder, files, size))
    apart.start()
    apart.join()


def _write(folder: Path, files: int, size: int) -> None:
    import numpy as np

    folder.mkdir()
    rng = np.random.default_rng(0)
    each = size // TENSORS // 2
    for number in range(files):
        header = {
            f"model.layers.{index}.w{number}": {
                "dtype": "F16",
                "shape": [each],
                "data_offsets": [index * each * 2, (index + 1) * each * 2],
            }
            for index in range(TENSORS)
        }
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with (folder / f"model-{number}.safetensors").open("wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            for _ in range(TENSORS):
                values = (rng.standard_normal(each, np.float32) * 0.02).astype(np.float16)
                file.write(values.tobytes())


def own(folder: Path) -> list[Row]:
    steelyard: list[str | Path] = [sys.executable, "-m", "steelyard"]
    return [
        Row("hashlib SHA-256", [sys.executable, "-c", HASHING, folder]),
        Row("structure and manifest", [*steelyard, "inspect", folder, "--no-cache",
                                       "--no-statistics"]),
        Row("all of inspect", [*steelyard, "inspect", folder, "--no-cache"]),
    ]  # fmt: skip


def peers(folder: Path) -> list[Row]:
    rows = []
    if home := environment("hayward", "hayward==1.4.1"):
        rows.append(Row("hayward", [home / "hayward", "scan", "--max-size", "4g", folder]))
    if home := environment("modelaudit", "modelaudit==0.2.54"):
        rows.append(Row("modelaudit", [home / "modelaudit", "scan", folder]))
    home = environment("model-signing", "model-signing==1.1.1", "pyopenssl")
    key = folder.parent / "key.pem"
    subprocess.run(
        ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], check=True
    )
    out = folder.parent / "model.sig"
    rows.append(Row("sign", [sys.executable, "-m", "steelyard", "sign", folder, "--key", key,
                             "--signature", out, "--force"]))  # fmt: skip
    if home:
        rows.append(Row("model_signing sign key", [home / "model_signing", "sign", "key", folder,
                        "--private_key", key, "--signature", out]))  # fmt: skip
    return rows
