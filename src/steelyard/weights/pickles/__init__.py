"""What loading a pickle would import, call and build, worked out without loading it."""
