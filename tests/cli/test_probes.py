import json

import pytest

from steelyard import plugins
from steelyard.cli.main import main
from steelyard.evidence import owasp


def test_the_table_names_every_installed_probe(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probes"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in plugins.names("probes"))


def test_the_json_says_everything_that_the_issue_of_a_probe_needs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["probes", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [probe["id"] for probe in listed] == plugins.names("probes")
    for probe in listed:
        assert probe["hit"].endswith(".")
        assert probe["estimand"].endswith(".")
        assert probe["source"]
        assert probe["calls_per_case"] >= 1
        for name, other in probe["owasp"].items():
            assert owasp.title(name) == other["title"]
            assert other["2025"].startswith("owasp-llm:2025:")


def test_the_fewest_calls_grow_with_the_calls_of_a_case(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["probes", "--json", "performance.arithmetic", "robustness.formats"])
    arithmetic, formats = json.loads(capsys.readouterr().out)
    assert formats["fewest_calls"] == 4 * arithmetic["fewest_calls"] > 0


def test_a_probe_that_does_not_exist_is_one_line_and_exit_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["probes", "nonesuch.*"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
