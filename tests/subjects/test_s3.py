"""Against moto's server, which is a real HTTP server; skipped where boto3 or moto is missing."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

from steelyard import subjects
from steelyard.errors import InputError, OfflineError, UnavailableError
from steelyard.subjects import FetchSettings, Local, loadable, parse

WEIGHTS = b"GGUF" + b"w" * 70_000


def fetch(text: str, settings: FetchSettings) -> Local:
    return subjects.fetch(parse(text), settings)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    pytest.importorskip("boto3", reason="needs the extra s3")
    pytest.importorskip("moto.server", reason="needs moto[server]")
    server = import_module("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in (
        ("AWS_ENDPOINT_URL", f"http://{host}:{port}"),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    made = import_module("boto3").resource("s3").create_bucket(Bucket="models")
    yield made
    made.objects.all().delete()
    made.delete()
    server.stop()


@pytest.mark.slow
def test_one_key_is_one_file(bucket: Any, settings: FetchSettings) -> None:
    bucket.put_object(Key="a/m.gguf", Body=WEIGHTS)
    bucket.put_object(Key="a/m.gguf.txt", Body=b"not this")
    local = fetch("s3://models/a/m.gguf", settings)
    assert local.path.read_bytes() == WEIGHTS
    assert [entry.path for entry in local.manifest.entries] == ["m.gguf"]
    assert "vouches for no digest" in local.notes[0]


@pytest.mark.slow
def test_a_prefix_is_a_folder(bucket: Any, settings: FetchSettings) -> None:
    bucket.put_object(Key="a/m.gguf", Body=WEIGHTS)
    bucket.put_object(Key="a/sub/config.json", Body=b"{}")
    bucket.put_object(Key="ab/other", Body=b"not this")
    local = fetch("s3://models/a", settings)
    assert [entry.path for entry in local.manifest.entries] == ["m.gguf", "sub/config.json"]
    assert loadable(local).path.read_bytes() == WEIGHTS


@pytest.mark.slow
def test_a_replaced_object_is_another_model(bucket: Any, settings: FetchSettings) -> None:
    bucket.put_object(Key="m.gguf", Body=WEIGHTS)
    first = fetch("s3://models/m.gguf", settings).manifest.digest()
    assert fetch("s3://models/m.gguf", settings).manifest.digest() == first
    bucket.put_object(Key="m.gguf", Body=WEIGHTS + b"!")
    assert fetch("s3://models/m.gguf", settings).manifest.digest() != first


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "kind"), [("s3://models/none", InputError), ("s3://absent/x", UnavailableError)]
)
def test_what_is_not_there_is_said(
    bucket: Any, settings: FetchSettings, text: str, kind: type[Exception]
) -> None:
    assert bucket.name == "models"
    with pytest.raises(kind, match="s3://"):
        fetch(text, settings)


def test_offline_fails_closed(settings: FetchSettings) -> None:
    with pytest.raises(OfflineError):
        fetch("s3://models/m.gguf", replace(settings, offline=True))


def test_without_the_library_the_extra_is_named(
    settings: FetchSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(InputError, match=r"pip install 'steelyard\[s3\]'"):
        fetch("s3://models/m.gguf", settings)
