"""Images of lenses on canvases, with their pointer events."""
