"""Probes of security: what a model does when somebody means ill."""
