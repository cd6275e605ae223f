"""Settings for every test."""

import os

import pytest

# OpenBLAS spins one thread a core; on two cores that made small factorisations 4 times slower.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite golden files; review the diff"
    )
