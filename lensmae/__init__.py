"""LensMAE: masked autoencoders for strong gravitational lensing images."""

__version__ = "0.1.0"
