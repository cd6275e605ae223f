"""The page in a real browser, where there is one."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.evidence.statement import Statement
from steelyard.render import page
from tests.render.samples import audit_statement, hostile, inspection_statement
from tests.subjects.servers import Site, serve

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--allow-file-access-from-files",
    "--virtual-time-budget=3000",
)
PHONE = 390
"""CSS pixels."""

pytestmark = pytest.mark.skipif(not BROWSER, reason="no Chromium on this machine")

MEASURE = """<!doctype html><body style="margin:0">
<iframe id="frame" style="width:{width}px;height:800px;border:0" src="report.html"></iframe>
<script>
onload = () => {{
  const page = document.getElementById("frame").contentDocument;
  page.querySelectorAll("details").forEach(one => one.open = true);
  document.title = "wide=" + page.documentElement.scrollWidth;
}};
</script>"""


def dom(folder: Path, file: str) -> str:
    own = f"--user-data-dir={folder / 'profile'}"
    done = subprocess.run(
        [BROWSER, *FLAGS, own, "--dump-dom", f"file://{folder / file}"],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "HOME": str(folder)},
    )
    return done.stdout


@pytest.mark.parametrize("width", [PHONE, 1200])
@pytest.mark.parametrize(
    "statement",
    [audit_statement(), inspection_statement(), hostile("W" * 400)],
    ids=["audit", "inspection", "unbroken words"],
)
def test_nothing_sticks_out_sideways(tmp_path: Path, width: int, statement: Statement) -> None:
    (tmp_path / "report.html").write_text(page.render(statement), encoding="utf-8")
    (tmp_path / "frame.html").write_text(MEASURE.format(width=width), encoding="utf-8")
    found = re.search(r"<title>wide=(\d+)</title>", dom(tmp_path, "frame.html"))
    assert found
    assert int(found[1]) <= width


@pytest.fixture
def site() -> Iterator[Site]:
    with serve(Site()) as running:
        yield running


def test_a_report_asks_nobody_for_anything(tmp_path: Path, site: Site) -> None:
    lure = (
        f'<img src="{site.url}/a"><script src="{site.url}/b"></script>'
        f'"><link rel=stylesheet href="{site.url}/c">{{background:url({site.url}/d)}}'
    )
    (tmp_path / "report.html").write_text(page.render(hostile(lure)), encoding="utf-8")
    assert "img src" in dom(tmp_path, "report.html")
    assert site.asked == []


def test_the_browser_would_have_asked(tmp_path: Path, site: Site) -> None:
    """What makes the test above able to fail."""
    (tmp_path / "lure.html").write_text(f'<img src="{site.url}/a">', encoding="utf-8")
    dom(tmp_path, "lure.html")
    assert site.paths() == ["/a"]


def test_the_pages_own_style_passes_its_policy(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(page.render(audit_statement()), encoding="utf-8")
    (tmp_path / "frame.html").write_text(
        MEASURE.format(width=PHONE).replace(
            "page.documentElement.scrollWidth",
            'getComputedStyle(page.querySelector(".track")).height',
        ),
        encoding="utf-8",
    )
    assert "<title>wide=34px</title>" in dom(tmp_path, "frame.html")
