"""Long work that pages start and follow."""
