"""Room: audit/targets."""
