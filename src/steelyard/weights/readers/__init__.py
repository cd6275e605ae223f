"""Room: weights/readers."""
