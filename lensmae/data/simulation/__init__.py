"""Simulated lenses and their priors."""
