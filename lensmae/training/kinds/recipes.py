"""Settings that recipes of several kinds of training share."""

from typing import Any

# A small network on a graphics card waits for kernels to be launched: large batches, compiled, and few saves.
GPU: dict[str, Any] = {"precision": "bf16-mixed", "compile": True, "save_every": 500}
# bfloat16 where the processor multiplies it, which is two to three times as fast as float32 there.
CPU: dict[str, Any] = {"precision": "auto"}
FROM_SCRATCH: dict[str, Any] = {"init": "scratch", "layer_decay": 1.0}

# Generalists: new lenses of the corpus at every step, as files hold them. Muon took a convnet of 0.7 million parameters to a
# training loss of 0.62 in 73,000 passes and 89 % of 600 unseen Model II lenses, AdamW to 0.67 in 85,000 and 67 % (one pilot).
GENERALIST: dict[str, Any] = {
    "data": "simulate:generalist",
    "nuisances": "files",
    "transform": "surviving",
    "init": "scratch",
    "symmetry": "d4",
    "optimizer": "muon",
    "learning_rate": 2e-3,
    "weight_decay": 0.01,
    "ema_decay": 0.999,
}
