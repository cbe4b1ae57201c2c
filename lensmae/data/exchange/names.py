"""Names that published data sets give to classes and splits."""

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


def class_name(name: str) -> str:
    """Our name of a class; one that is not DeepLense's stays as it is."""
    return CLASS_NAMES.get(name.strip().lower(), name.strip())


def split_name(name: str) -> str:
    """Our name of a split, or "" for another word."""
    return SPLIT_NAMES.get(name.strip().lower(), "")
