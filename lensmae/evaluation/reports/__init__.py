"""Figures of checkpoints as tables, headlines and cards."""
