import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from steelyard import subjects
from steelyard.errors import EvidenceError, InputError, OfflineError, UnavailableError
from steelyard.subjects import FetchSettings, Local, loadable, parse
from tests.subjects.servers import Site

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = b"GGUF" + b"weights" * 9000
README = b"# A model\n"


def git_blob(body: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()


def publish(site: Site, files: dict[str, bytes], revision: str = "main") -> None:
    """Put `org/model` on the hub, weights as LFS files, all else as git blobs."""
    siblings = []
    for name, body in files.items():
        entry: dict[str, object] = {"rfilename": name, "size": len(body), "blobId": git_blob(body)}
        if name.endswith(".gguf"):
            entry["lfs"] = {
                "sha256": hashlib.sha256(body).hexdigest(),
                "size": len(body),
                "pointerSize": 134,
            }
        siblings.append(entry)
        for meant in (COMMIT, revision):
            page = ("application/octet-stream", body)
            site.pages[f"/org/model/resolve/{meant}/{name}"] = page
    listing = {"id": "org/model", "sha": COMMIT, "private": False, "siblings": siblings}
    where = f"/api/models/org/model/revision/{revision}"
    site.pages[where] = ("application/json", json.dumps(listing).encode())


def fetch(text: str, settings: FetchSettings) -> Local:
    return subjects.fetch(parse(text), settings)


def test_a_branch_is_pinned_to_the_commit_it_means_now(site: Site, settings: FetchSettings) -> None:
    publish(site, {"README.md": README, "m.gguf": WEIGHTS})
    local = fetch("hf:org/model", settings)
    assert local.reference == f"hf:org/model@{COMMIT}"
    assert [entry.path for entry in local.manifest.entries] == ["README.md", "m.gguf"]
    assert loadable(local).path.read_bytes() == WEIGHTS


def test_one_file_of_many_is_fetched_alone(site: Site, settings: FetchSettings) -> None:
    publish(site, {"q4.gguf": WEIGHTS, "sub/q8.gguf": WEIGHTS + b"8"})
    local = fetch("hf:org/model#sub/q8.gguf", settings)
    assert local.path.read_bytes() == WEIGHTS + b"8"
    assert not [path for path in site.paths() if path.endswith("q4.gguf")]


def test_a_file_that_is_not_there_names_those_that_are(site: Site, settings: FetchSettings) -> None:
    publish(site, {"q4.gguf": WEIGHTS})
    with pytest.raises(InputError, match=r"GGUF files there: q4\.gguf"):
        fetch("hf:org/model#q5.gguf", settings)


def test_the_token_reaches_the_hub_and_never_the_storage_behind_it(
    site: Site, settings: FetchSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(site, {"m.gguf": WEIGHTS})
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    resolve = f"/org/model/resolve/{COMMIT}/m.gguf"
    port = site.url.rpartition(":")[2]
    site.moved[resolve] = f"http://localhost:{port}/storage?signature=x"
    site.pages["/storage"] = site.pages[resolve]
    fetch("hf:org/model", settings)
    seen = {path: headers.get("authorization") for _, path, headers in site.asked}
    assert seen[resolve] == "Bearer hf_secret"
    assert seen["/storage"] is None


def test_a_refusal_does_not_repeat_the_token(
    site: Site, settings: FetchSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    site.status["/api/models/org/model/revision/main"] = 401
    with pytest.raises(InputError, match="HF_TOKEN has no access") as refusal:
        fetch("hf:org/model", settings)
    assert "hf_secret" not in str(refusal.value)


@pytest.mark.parametrize("name", ["m.gguf", "README.md"])
def test_bytes_that_are_not_those_listed_are_not_kept(
    site: Site, settings: FetchSettings, name: str
) -> None:
    publish(site, {"README.md": README, "m.gguf": WEIGHTS})
    path = f"/org/model/resolve/{COMMIT}/{name}"
    kind, body = site.pages[path]
    site.pages[path] = (kind, body[:-1] + b"!")
    with pytest.raises(UnavailableError, match="is not the"):
        fetch("hf:org/model", settings)
    assert not list(settings.cache.rglob(f"*/{name}"))


def test_a_hub_cannot_write_outside_the_cache(site: Site, settings: FetchSettings) -> None:
    publish(site, {"../../escape.gguf": WEIGHTS})
    with pytest.raises(UnavailableError, match="climbs out"):
        fetch("hf:org/model", settings)
    assert not list(settings.cache.parent.rglob("escape*"))


def test_offline_uses_what_the_branch_meant_when_last_asked(
    site: Site, settings: FetchSettings
) -> None:
    publish(site, {"m.gguf": WEIGHTS})
    offline = replace(settings, offline=True)
    with pytest.raises(OfflineError):
        fetch("hf:org/model", offline)
    first = fetch("hf:org/model", settings)
    asked = len(site.asked)
    assert fetch("hf:org/model", offline).manifest == first.manifest
    assert fetch(f"hf:org/model@{COMMIT}", offline).manifest == first.manifest
    assert len(site.asked) == asked


def test_a_damaged_note_about_a_branch_is_no_note(site: Site, settings: FetchSettings) -> None:
    publish(site, {"w.gguf": WEIGHTS})
    fetch("hf:org/model", settings)
    (note,) = settings.cache.rglob("*.ref")
    note.write_bytes(b'{"commit"')
    with pytest.raises(OfflineError, match="not in the cache"):
        fetch("hf:org/model", replace(settings, offline=True))


def test_offline_by_the_hubs_own_variable_counts(
    site: Site, settings: FetchSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(site, {"m.gguf": WEIGHTS})
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(OfflineError):
        fetch("hf:org/model", settings)
    assert site.asked == []


def test_a_second_use_asks_only_which_commit_it_is(site: Site, settings: FetchSettings) -> None:
    publish(site, {"m.gguf": WEIGHTS})
    fetch("hf:org/model", settings)
    before = len(site.asked)
    fetch("hf:org/model", settings)
    assert site.paths()[before:] == ["/api/models/org/model/revision/main"]


def test_an_interrupted_fetch_keeps_the_files_it_has(site: Site, settings: FetchSettings) -> None:
    publish(site, {"README.md": README, "m.gguf": WEIGHTS})
    missing = f"/org/model/resolve/{COMMIT}/m.gguf"
    page = site.pages.pop(missing)
    with pytest.raises(UnavailableError, match="answers 404"):
        fetch("hf:org/model", settings)
    site.pages[missing] = page
    fetch("hf:org/model", settings)
    assert site.paths().count(f"/org/model/resolve/{COMMIT}/README.md") == 1


def test_a_changed_cache_is_named(site: Site, settings: FetchSettings) -> None:
    publish(site, {"m.gguf": WEIGHTS})
    path = loadable(fetch("hf:org/model", settings)).path
    path.write_bytes(WEIGHTS + b"!")
    with pytest.raises(EvidenceError, match=r"changed: m\.gguf"):
        fetch("hf:org/model", settings)


def test_garbage_from_a_hub_is_said_to_be_garbage(site: Site, settings: FetchSettings) -> None:
    site.pages["/api/models/org/model/revision/main"] = ("application/json", b"<html>")
    with pytest.raises(UnavailableError, match="cannot read what"):
        fetch("hf:org/model", settings)


@pytest.mark.slow
def test_the_hubs_own_client_finds_the_same_in_our_stand_in(
    site: Site, settings: FetchSettings, tmp_path: Path
) -> None:
    """What makes the tests above worth something: the stand-in speaks the real API."""
    client = pytest.importorskip("huggingface_hub", reason="not installed")
    publish(site, {"README.md": README, "m.gguf": WEIGHTS})
    site.headers = {"ETag": f'"{git_blob(WEIGHTS)}"', "X-Repo-Commit": COMMIT}
    info = client.HfApi(endpoint=site.url, token=False).model_info(
        "org/model", revision="main", files_metadata=True
    )
    assert info.sha == COMMIT
    assert {one.rfilename: one.size for one in info.siblings} == {
        "README.md": len(README),
        "m.gguf": len(WEIGHTS),
    }
    theirs = client.hf_hub_download(
        "org/model", "m.gguf", endpoint=site.url, token=False, cache_dir=tmp_path / "hub"
    )
    ours = loadable(fetch("hf:org/model", settings)).path
    assert Path(theirs).read_bytes() == ours.read_bytes()
    snapshot = fetch(str(Path(theirs).parent), settings)
    assert [entry.path for entry in snapshot.manifest.entries] == ["m.gguf"]
