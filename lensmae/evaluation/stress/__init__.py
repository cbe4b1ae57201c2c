"""The stress test: how figures of merit hold under the nuisances of real files."""
