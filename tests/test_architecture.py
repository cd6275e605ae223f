"""What the import contracts in pyproject.toml cannot say."""

import tomllib
from pathlib import Path

import pytest

from steelyard import plugins

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "steelyard"
MODULES = sorted(SOURCE.rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

MOST_LINES = 400
KINDS = ("probes", "targets", "checks", "formats")


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_fits_in_one_sitting(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= MOST_LINES


@pytest.mark.parametrize("kind", KINDS)
def test_every_built_in_can_be_loaded(kind: plugins.Kind) -> None:
    for name in PROJECT["entry-points"][f"steelyard.{kind}"]:
        assert plugins.load(kind, name)
