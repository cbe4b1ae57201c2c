"""Grades, tags and notes on the pages that show lenses."""
