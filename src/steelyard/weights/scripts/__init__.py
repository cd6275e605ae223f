"""Python source beside weights: parsed, never imported."""
