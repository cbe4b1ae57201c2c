"""Data sets on disk: format, splits, parts."""
