"""Embeddings of lenses, their projections and neighbours."""
