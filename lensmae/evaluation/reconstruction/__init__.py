"""Masked reconstruction of lenses, and its errors."""
