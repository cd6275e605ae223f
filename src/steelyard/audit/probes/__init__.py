"""Room: audit/probes."""
