"""Names that published data sets give to classes and splits."""

import re

CLASS_NAMES = {
    "no": "no_sub",
    "no_sub": "no_sub",
    "nosub": "no_sub",
    "cdm": "cdm",
    "sphere": "cdm",
    "axion": "axion",
    "vort": "axion",
}
SPLIT_NAMES = {"train": "train", "val": "validation", "valid": "validation", "validation": "validation", "test": "test"}
UNKNOWN = "unknown"
MAX_CLASS_NAME = 64
# Letters of any script, digits, and what stands between words; nothing that is markup anywhere.
_ODD = re.compile(r"[^\w .,+\-/()]")


def class_name(name: str) -> str:
    """Our name of a class; one that is not DeepLense's stays as it is, but for signs that no name of a class has."""
    plain = _ODD.sub("_", name.strip())[:MAX_CLASS_NAME].rstrip()
    return CLASS_NAMES.get(plain.lower(), plain or UNKNOWN)


def split_name(name: str) -> str:
    """Our name of a split, or "" for another word."""
    return SPLIT_NAMES.get(name.strip().lower(), "")
