"""Measurements of speed, written to `benchmarks/` by `lensmae benchmark`."""

from benchmarks.measure import BENCHMARKS, run_benchmark

__all__ = ["BENCHMARKS", "run_benchmark"]
