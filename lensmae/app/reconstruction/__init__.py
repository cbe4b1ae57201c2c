"""The Reconstruction page."""
