"""Batches of lenses by array operations in torch, on CPU, CUDA or MPS; lenstronomy is the reference they are tested against.

`batched.from_rows`, which makes lenses again from rows of `lenses.parquet`, is imported apart: it loads lenstronomy.
"""

from lensmae.data.simulation.batched.batch import LensBatch, simulate_batch
from lensmae.data.simulation.batched.draws import generator_of
from lensmae.data.simulation.batched.imaging import render

__all__ = ["LensBatch", "generator_of", "render", "simulate_batch"]
