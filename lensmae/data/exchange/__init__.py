"""Data sets in the layouts of others: found, imported, exported."""
