"""Whether a model says what is so, knows what it doesn't know, and keeps to it."""
