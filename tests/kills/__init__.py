"""Commands killed at random moments: nothing is lost, nothing half-written, nobody left behind. `python -m tests.kills`."""
