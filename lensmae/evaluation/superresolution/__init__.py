"""Super-resolved images against the truth."""
