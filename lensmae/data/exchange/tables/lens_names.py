"""What tables and lists may call the lenses of a folder: by file, with or without its endings and folders, or by number."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath


def key_of(name: str) -> str:
    """A file's name without its endings, in lower case."""
    stem = Path(name).name
    while (shorter := Path(stem).stem) != stem and len(Path(stem).suffix) <= 5:
        stem = shorter
    return stem.lower()


class LensNames:
    """Lenses by what tables may call them; by nothing where names do not tell them apart.

    Args:
        lenses: paths of files, or of the folders of lenses that have one each.
    """

    def __init__(self, lenses: Sequence[str]) -> None:
        keys, self._by_path = [key_of(name) for name in lenses], False
        if len(set(keys)) < len(keys):
            # `cdm/1.npy` and `axion/1.npy` are told apart by their folders only.
            keys, self._by_path = [_path_key(name) for name in lenses], True
        told = len(set(keys)) == len(keys)
        self._of_key = dict(zip(keys, range(len(keys)), strict=True)) if told else {}
        by_number = {number: index for index, key in enumerate(keys) if (number := _digits(key))}
        self._of_number = by_number if told and len(by_number) == len(keys) and not self._by_path else {}

    def __bool__(self) -> bool:
        """Whether names tell lenses apart."""
        return bool(self._of_key)

    def index(self, value: object, numbers: bool = True) -> int | None:
        """The lens of a name, or of a number that stands at the end of its name; None where there is none.

        Args:
            value: cell of a table.
            numbers: whether a number alone may name a lens.
        """
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        text = str(value).strip()
        if not numbers and text.replace(".", "", 1).isdigit():
            return None
        key = (_path_key(text) if self._by_path else key_of(text)) if text else ""
        if key in self._of_key:
            return self._of_key[key]
        return self._of_number.get(text.lstrip("0") or "0") if text.isdigit() else None

    def indices(self, values: Iterable[object], numbers: bool = True) -> list[int]:
        """The lenses that some of the values name."""
        return [index for value in values if (index := self.index(value, numbers)) is not None]


def _path_key(name: str) -> str:
    path = PurePosixPath(name.replace("\\", "/"))
    return f"{path.parent.name.lower()}/{key_of(path.name)}"


def _digits(key: str) -> str:
    """The number that a name ends with, as surveys name their cut-outs."""
    match = re.search(r"\d+$", key)
    return match[0].lstrip("0") or "0" if match else ""
