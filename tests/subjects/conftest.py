from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.subjects import FetchSettings
from tests.subjects.servers import Site, serve


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Site]:
    for variable in (
        "PIP_EXTRA_INDEX_URL",
        "HF_TOKEN",
        "HF_HUB_OFFLINE",
        "http_proxy",
        "HTTP_PROXY",
    ):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "none.conf"))
    monkeypatch.setattr("steelyard.subjects.web.time.sleep", lambda _: None)
    with serve(Site()) as running:
        monkeypatch.setenv("PIP_INDEX_URL", f"{running.url}/simple")
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


@pytest.fixture
def settings(tmp_path: Path) -> FetchSettings:
    return FetchSettings(cache=tmp_path / "cache")
