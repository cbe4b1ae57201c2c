"""Words for the splits of a data set, as names of folders, files, arrays and columns have them, and what we call each."""

LONG_SPLITS = {
    "train": "train", "training": "train", "val": "validation", "valid": "validation", "validation": "validation",
    "test": "test", "testing": "test", "tests": "test", "eval": "test", "evaluation": "test", "heldout": "test",
    "holdout": "test", "unseen": "test", "blind": "test",
}  # fmt: skip
SHORT_SPLITS = {
    "tr": "train", "trn": "train", "va": "validation", "vl": "validation", "dev": "validation", "te": "test", "tst": "test",
}  # fmt: skip
SPLIT_NAMES = LONG_SPLITS | SHORT_SPLITS
