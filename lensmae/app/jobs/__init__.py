"""Long work that pages start and follow: one board of jobs for all visitors, and one way to draw them."""
