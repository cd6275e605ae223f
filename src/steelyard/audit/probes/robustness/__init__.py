"""Whether a model still does what it could do when the request looks odd."""
