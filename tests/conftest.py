"""Settings for every test."""

import os

# OpenBLAS spins one thread a core; on two cores that made small factorisations 4 times slower.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
