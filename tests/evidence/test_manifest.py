import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.evidence.hashing import AHEAD, Memory
from steelyard.evidence.manifest import Entry, Manifest, Settings, difference, of


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


def written(root: Path, files: dict[str, bytes]) -> Path:
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


def test_a_folders_manifest_is_its_files_by_path(tmp_path: Path) -> None:
    files = {"b/w.safetensors": b"A" * 3_000_000, "Z": b"", "a.py": b"C", ".hidden": b"h"}
    assert of(written(tmp_path, files)) == manifest(dict(sorted(files.items())))


def test_a_single_files_manifest_has_its_name(tmp_path: Path) -> None:
    data = bytes(range(256)) * 40_000  # over AHEAD: read in one thread, hashed in another
    assert len(data) > AHEAD
    found = of(written(tmp_path, {"model.gguf": data}) / "model.gguf", Settings(workers=4))
    assert found == manifest({"model.gguf": data})


def test_only_the_named_top_level_entries_are_left_out(tmp_path: Path) -> None:
    files = dict.fromkeys((".git/config", ".cache/a", "model.sig", "model.manifest"), b"x")
    kept = {".gitattributes": b"1", "sub/.git/config": b"2", "sub/model.sig": b"3", "a.sig": b"4"}
    found = of(written(tmp_path, files | kept))
    assert {entry.path for entry in found.entries} == kept.keys()


def test_a_link_to_a_file_inside_is_that_content_under_its_own_name(tmp_path: Path) -> None:
    written(tmp_path, {"blobs/1": b"weights"})
    (tmp_path / "model.bin").symlink_to("blobs/1")
    assert of(tmp_path) == manifest({"blobs/1": b"weights", "model.bin": b"weights"})


def test_a_link_into_a_named_store_is_allowed(tmp_path: Path) -> None:
    written(tmp_path, {"blobs/1": b"weights", "snapshot/config.json": b"{}"})
    (tmp_path / "snapshot/model.bin").symlink_to("../blobs/1")
    with pytest.raises(InputError, match="a link out of the folder"):
        of(tmp_path / "snapshot")
    found = of(tmp_path / "snapshot", Settings(stores=(tmp_path / "blobs",)))
    assert [entry.path for entry in found.entries] == ["config.json", "model.bin"]


def test_what_cannot_be_part_of_a_model_is_refused_by_name(tmp_path: Path) -> None:
    def refuse(name: str, why: str) -> None:
        with pytest.raises(InputError, match=why) as caught:
            of(tmp_path)
        assert name in str(caught.value)
        (tmp_path / name).unlink()

    written(tmp_path, {"sub/a": b"a"})
    (tmp_path / "passwd").symlink_to("/etc/passwd")
    refuse("passwd", "a link out of the folder")
    (tmp_path / "gone").symlink_to("nothing")
    refuse("gone", "leads nowhere")
    (tmp_path / "loop").symlink_to("loop")
    refuse("loop", "leads nowhere")
    (tmp_path / "folder").symlink_to("sub")
    refuse("folder", "a link to a folder")
    os.mkfifo(tmp_path / "pipe")
    refuse("pipe", "a special file")


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.bin")).write_bytes(b"")
    with pytest.raises(InputError, match="not UTF-8"):
        of(tmp_path)


def test_an_empty_or_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no files"):
        of(tmp_path)
    with pytest.raises(InputError, match="no such"):
        of(tmp_path / "nothing")


def test_a_difference_names_every_file() -> None:
    before = manifest({"same": b"0", "changed": b"1", "old": b"2", "gone": b"3"})
    after = manifest({"same": b"0", "changed": b"9", "new": b"2", "more": b"4"})
    told = difference(before, after)
    assert str(told) == "changed: changed; renamed: old is now new; missing: gone; added: more"
    assert not difference(before, before)


def test_what_was_hashed_by_the_same_command_is_not_read_again(tmp_path: Path) -> None:
    memory: Memory = {}
    settings = Settings(memory=memory)
    first = of(written(tmp_path, {"a": b"1", "b": b"1"}), settings)
    assert len(memory) == 2
    (tmp_path / "a").write_bytes(b"2")
    assert of(tmp_path, settings) == first
    assert of(tmp_path) != first
