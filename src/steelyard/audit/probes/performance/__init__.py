"""How well a model does what it is asked: generated tasks with exact answers."""
