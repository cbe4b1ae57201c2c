"""Figures and their numbers as files for a paper."""
