"""Chat templates: Jinja read as a syntax tree, never rendered."""
