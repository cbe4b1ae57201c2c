"""An hour of ordinary use, watched for what grows. `python -m tests.soak`."""
