"""What an answer says, read as a person would; shared by probes, pure, deterministic."""
