from pathlib import Path

import pytest

from steelyard.errors import InputError, UnavailableError
from steelyard.subjects import FetchSettings, fetch, loadable, parse

SETTINGS = FetchSettings(offline=True)


def test_a_gguf_file_is_itself_the_weights(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(b"GGUFx")
    local = fetch(parse(str(file)), SETTINGS)
    assert loadable(local).path == file
    assert [entry.path for entry in local.manifest.entries] == ["m.gguf"]


def test_a_missing_path_says_how_a_hub_is_named() -> None:
    with pytest.raises(InputError, match="write hf:org/name"):
        fetch(parse("org/name"), SETTINGS)


def test_an_empty_folder_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"\.gguf file, or config\.json beside"):
        fetch(parse(str(tmp_path)), SETTINGS)


def test_a_folder_without_weights_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("hello")
    (tmp_path / "fake.gguf").write_text("not GGUF")
    with pytest.raises(UnavailableError, match=r"there are README\.md, fake\.gguf"):
        loadable(fetch(parse(str(tmp_path)), SETTINGS))


def test_of_several_gguf_files_the_largest_is_weighed_and_the_others_named(tmp_path: Path) -> None:
    (tmp_path / "q4.gguf").write_bytes(b"GGUF")
    (tmp_path / "q8.gguf").write_bytes(b"GGUF" + b"x" * 9)
    weights = loadable(fetch(parse(str(tmp_path)), SETTINGS))
    assert weights.path.name == "q8.gguf"
    assert "not q4.gguf" in weights.notes[0]


def test_shards_are_one_model(tmp_path: Path) -> None:
    for part in (1, 2, 3):
        (tmp_path / f"m-0000{part}-of-00003.gguf").write_bytes(b"GGUF" * part)
    weights = loadable(fetch(parse(str(tmp_path)), SETTINGS))
    assert weights.path.name == "m-00001-of-00003.gguf"
    assert weights.notes == ()


def test_a_hub_folder_is_the_one_with_config_beside_safetensors(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "config.json").write_text("{}")
    (tmp_path / "inner" / "model.safetensors").write_bytes(b"x")
    weights = loadable(fetch(parse(str(tmp_path)), SETTINGS))
    assert (weights.path, weights.format) == (tmp_path / "inner", "safetensors")


def test_a_snapshot_in_a_hub_cache_may_point_into_its_blobs(tmp_path: Path) -> None:
    snapshot = tmp_path / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "f00d").write_bytes(b"GGUF")
    (snapshot / "m.gguf").symlink_to("../../blobs/f00d")
    local = fetch(parse(str(snapshot)), SETTINGS)
    assert [entry.path for entry in local.manifest.entries] == ["m.gguf"]


def test_an_endpoint_has_no_files() -> None:
    with pytest.raises(InputError, match="is an endpoint"):
        fetch(parse("http://127.0.0.1:1/v1#m"), SETTINGS)
