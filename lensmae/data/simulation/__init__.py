"""Simulated lenses: presets, parameters drawn from them, rendering, noise."""
