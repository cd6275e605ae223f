"""One module a predicate type: what makers write and readers know, and nothing else."""
