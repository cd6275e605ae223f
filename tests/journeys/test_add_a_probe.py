"""The page `docs/add-a-probe.md` is followed to the letter, by a program."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.audit.endpoint import Behaviour, answer, serve

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "add-a-probe.md").read_text()
POLICY = """
id = "ours"
title = "Ours"
allow_unpinned = true

[[gate]]
metric = "performance.opposites.accuracy"
op = ">="
threshold = 0.5
why = "It should know its words."
"""
OPPOSITES = {"hot": "Cold.", "big": "The opposite is small.", "early": "**late**", "open": "No"}


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A folder on the path with the module and the metadata that an install would leave."""
    package = tmp_path / "package"
    info = package / "opposites-1.0.dist-info"
    info.mkdir(parents=True)
    (package / "opposites.py").write_text(block("python"))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: opposites\nVersion: 1.0\n")
    points = tomllib.loads(block("toml"))["project"]["entry-points"]
    (info / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {where}\n" for name, where in named.items())
            for group, named in points.items()
        )
    )
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    return {**os.environ, **home, "PYTHONPATH": str(package)}


def steelyard(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "steelyard", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def knows_words(_: web.Request, body: dict[str, Any], __: int) -> web.StreamResponse:
    asked = re.search(r'opposite of "(\w+)"', str(body))
    return web.json_response(answer(OPPOSITES[asked[1]] if asked else "Hello."))


def test_the_probe_of_the_page_has_fewer_than_thirty_lines() -> None:
    assert len(block("python").splitlines()) < 35
    assert len([line for line in block("python").splitlines() if line.strip()]) < 30


def test_a_probe_added_as_the_page_says_is_listed_asked_and_reported(
    environment: dict[str, str], tmp_path: Path
) -> None:
    listed = steelyard(environment, "probes", "performance.opposites", "--json")
    assert json.loads(listed.stdout)[0]["title"] == "Opposites", listed.stderr

    policy, out = tmp_path / "ours.toml", tmp_path / "out"
    policy.write_text(POLICY)
    with serve(Behaviour(react=knows_words)) as endpoint:
        words = ["audit", endpoint.reference, "--probes", "performance.opposites"]
        words += ["--policy", str(policy), "--seed", "page", "--out", str(out)]
        words += ["--budget", "calls=300"]
        done = steelyard(environment, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Opposites" in (out / "report.html").read_text()
    statement = json.loads((out / "statement.json").read_text())
    (probe,) = statement["predicate"]["probes"]
    assert probe["id"] == "performance.opposites"
    figure = probe["measures"][0]["estimate"]
    assert figure["low"] <= 0.75 <= figure["high"]
