"""The Lens lab page."""
