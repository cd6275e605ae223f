"""Probes that test the engine, not a model."""
