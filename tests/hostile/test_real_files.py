"""Files that the real libraries write, in an environment of their own: no false alarm.

python -m venv peers && peers/bin/pip install torch scikit-learn joblib pandas xgboost lightgbm
STEELYARD_PEERS=peers make test-slow T="-k real_files"
"""

import os
import subprocess
from pathlib import Path

import pytest

from steelyard.weights.inspect import inspect
from steelyard.weights.settings import Settings

PEERS = os.environ.get("STEELYARD_PEERS", "")
WRITER = Path(__file__).parents[2] / "tools" / "write_real_files.py"

SAFE = {
    "state_dict.pt",
    "state_dict_legacy.pt",
    "training.pt",
    "state_dict.pkl",
    "arrays.npz",
    "array.npy",
    "arrays.joblib",
}


@pytest.mark.slow
@pytest.mark.skipif(not PEERS, reason="STEELYARD_PEERS names no environment with the libraries")
def test_real_files_raise_no_alarm(tmp_path: Path) -> None:
    python = Path(PEERS) / "bin" / "python"
    subprocess.run([python, WRITER, tmp_path], check=True, capture_output=True)
    found = inspect(tmp_path, Settings(statistics=False, sandbox=False))
    assert len(found.files) > 60
    verdicts = {report.path: report.verdict for report in found.files}
    worst = {
        path: verdict for path, verdict in verdicts.items() if verdict in {"denied", "unreadable"}
    }
    assert not worst
    loud = [item for item in found.findings if item.severity in {"medium", "high", "critical"}]
    assert not loud
    rules = {item.rule for item in found.findings if item.place.path in SAFE}
    assert not {rule for rule in rules if rule.startswith(("pickle/", "zip/", "torch/", "npy/"))}
