"""Whole things measured end to end: the trainer beside its own past, and what a visitor waits for."""
