"""What changed between two models, from their bytes alone.

inventory ─▶ pairs ─▶ change (one tensor) ─▶ verdict (the whole) ─▶ Comparison
"""
