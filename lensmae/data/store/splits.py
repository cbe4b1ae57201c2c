"""Train, validation and test: by lens, fixed by a seed."""

import numpy as np

SPLITS = ("train", "validation", "test")

_SHARES = {"train": 0.8, "validation": 0.1}


def split_text(split: str) -> str:
    """A split in running text: "the test split", or "all splits"."""
    return "all splits" if split == "all" else f"the {split} split"


def assign_splits(count: int, seed: int, class_index: int) -> np.ndarray:
    """Split of each lens of a class: 80 % train, 10 % validation, 10 % test, shuffled by seed."""
    train, validation = (round(share * count) for share in (_SHARES["train"], _SHARES["validation"]))
    ordered = np.array(["train"] * train + ["validation"] * validation + ["test"] * (count - train - validation))
    return np.random.default_rng([seed, class_index]).permutation(ordered)
