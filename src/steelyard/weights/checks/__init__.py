"""Room: weights/checks."""
