"""How to ask a model: any OpenAI-compatible endpoint, or weights served on this machine."""
