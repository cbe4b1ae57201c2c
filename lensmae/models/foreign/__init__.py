"""MAE weights that others trained, as checkpoints of ours."""

from lensmae.models.foreign.convert import Conversion, convert_weights, save_converted

__all__ = ["Conversion", "convert_weights", "save_converted"]
