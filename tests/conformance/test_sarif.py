"""Our SARIF against the schema of SARIF 2.1.0, fetched with the package that ships it.

The schema (OASIS, in `@microsoft/jest-sarif` under MIT) is not kept here; without npm or a
network the test is skipped.
"""

import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from steelyard.cli.main import main
from tests.hostile.boxes import Part, checkpoint, zipped
from tests.hostile.programs import EVIL, HARMLESS

PACKAGE = "@microsoft/jest-sarif@1.0.0-beta.0"


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Any:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("schema")
    command = [npm, "pack", "--silent", PACKAGE]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)
    packed = next(folder.glob("*.tgz"), None)
    if done.returncode or packed is None:
        pytest.skip("the package with the schema cannot be fetched")
    with tarfile.open(packed) as archive:
        member = archive.extractfile("package/lib/schemas/sarif-2.1.0-rtm.5.json")
        assert member
        return json.load(member)


@pytest.mark.slow
@pytest.mark.parametrize("hostile", [True, False])
def test_what_inspect_writes_is_valid(hostile: bool, schema: Any, tmp_path: Path) -> None:  # noqa: FBT001 (a parameter of the test)
    model = tmp_path / "model"
    model.mkdir()
    parts = checkpoint(EVIL if hostile else HARMLESS)
    (model / "model.pt").write_bytes(zipped(*parts, *([Part("../x", b"")] if hostile else [])))
    out = tmp_path / "found.sarif"
    code = main(["inspect", str(model), "--format", "sarif", "--out", str(out), "--no-cache"])
    document = json.loads(out.read_bytes())
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(document)] == []
    assert bool(document["runs"][0]["results"]) is hostile
    assert code == int(hostile)
