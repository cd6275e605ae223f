import hashlib
import subprocess
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.evidence.manifest import Entry, Manifest


def manifest(files: dict[str, bytes]) -> Manifest:
    return Manifest(
        entries=tuple(
            Entry(path=path, size=len(data), sha256=hashlib.sha256(data).hexdigest())
            for path, data in files.items()
        )
    )


def test_the_digest_is_what_coreutils_computes(tmp_path: Path) -> None:
    files = {"b/weights.safetensors": b"AAA", "Z": b"B", "a.py": b"C", "b.txt": b"D"}
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(data)
    command = "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"
    told = subprocess.run(  # noqa: S602
        command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert manifest(files).digest() == told.split()[0]


def test_renaming_a_file_changes_the_digest() -> None:
    before = {"a.safetensors": b"AAA", "b.py": b"BBB"}
    after = {"a.py": b"AAA", "b.safetensors": b"BBB"}
    assert manifest(before).digest() != manifest(after).digest()


@pytest.mark.parametrize("path", ["/etc/passwd", "../a", "a\nb", "a\\b"])
def test_a_path_that_two_readers_could_read_differently_is_refused(path: str) -> None:
    with pytest.raises(InputError, match="cannot be named"):
        manifest({path: b""}).digest()
