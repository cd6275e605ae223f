"""Archives walked by their bytes, so that every reader's view of them is seen."""
