"""Decoding of strangers' files in child processes with limits: a crash, a hang or a lack of memory there is a message."""

from lensmae.data.decoding.limits import Limits
from lensmae.data.decoding.pool import apply, apply_within, each, named, pieces, read_file, read_pieces

__all__ = ["Limits", "apply", "apply_within", "each", "named", "pieces", "read_file", "read_pieces"]
