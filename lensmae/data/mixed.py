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
    `nuisance_strength` in the nuisance's unit (nan for none). Every split gets its part of each nuisance."""
    drawn: list[tuple[str, float]] = [("none", np.nan)] * len(images)
    splits = table["split"].to_numpy(dtype=str) if "split" in table else np.full(len(images), "all")
    for split in np.unique(splits):
        rows = np.flatnonzero(splits == split)
        random = np.random.default_rng([seed, *split.encode()])
        for index, nuisance in zip(random.permutation(rows), _shares(len(rows)), strict=True):
            drawn[index] = nuisance
    for index, (name, strength) in enumerate(drawn):
        if name != "none":
            generator = torch.Generator().manual_seed(int(np.random.default_rng([seed, index]).integers(2**31)))
            flux = torch.from_numpy(np.array(images[index : index + 1], dtype=np.float32))
            images[index] = NUISANCES[name].apply(flux, strength, generator)[0].numpy()
    names, strengths = zip(*drawn, strict=True)
    return table.assign(nuisance=names, nuisance_strength=strengths)


def _shares(count: int) -> list[tuple[str, float]]:
    """Nuisances of `count` lenses: a part is left as it is, the others take turns, the strong ones first."""
    found: list[tuple[str, float]] = [("none", np.nan)] * round(_UNTOUCHED * count)
    for turn in range(count - len(found)):
        name = list(MIXTURE)[turn % len(MIXTURE)]
        strengths = MIXTURE[name][::-1]
        found.append((name, strengths[turn // len(MIXTURE) % len(strengths)]))
    return found
