"""A set with lenses as files hold them: some noise-free, the others noisy, blurred, turned, in 8 bits, each by one nuisance."""

import numpy as np
import pandas as pd
import torch

from lensmae.data.nuisances import NUISANCES

# Name and strengths of `NUISANCES`; one of them falls to a lens that is not left as it is.
MIXTURE = {
    "noise": (0.003, 0.01, 0.03),
    "shot_noise": (0.03, 0.1),
    "blur": (1.0, 2.0),
    "levels": (8.0,),
    "rotation": (45.0, 90.0),
    "shift": (2.0,),
}
_UNTOUCHED = 0.4


def mix_nuisances(images: np.ndarray, table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Change images (N, H, W) in place; the table with what was done to each: `nuisance` ("none" for those left as they are) and
    `nuisance_strength` in the nuisance's unit (nan for none)."""
    names, strengths = [], np.full(len(images), np.nan)
    for place in range(len(images)):
        random = np.random.default_rng([seed, place])
        if random.random() < _UNTOUCHED:
            names.append("none")
            continue
        name = str(random.choice(list(MIXTURE)))
        strength = float(random.choice(MIXTURE[name]))
        generator = torch.Generator().manual_seed(int(random.integers(2**31)))
        flux = torch.from_numpy(np.array(images[place : place + 1], dtype=np.float32))
        images[place] = NUISANCES[name].apply(flux, strength, generator)[0].numpy()
        names.append(name)
        strengths[place] = strength
    return table.assign(nuisance=names, nuisance_strength=strengths)
