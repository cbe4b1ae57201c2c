"""How good a classifier is, and why."""
