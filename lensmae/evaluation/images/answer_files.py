"""Answers to image files kept on disk: one npz a file, whose arrays stand beside a JSON record of everything else.

Only the dataclasses that an answer is made of are built from a record, and no pickle is read.
"""

import contextlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lensmae import __version__
from lensmae.data import LensImage
from lensmae.data.images.fitting import Crop
from lensmae.data.images.framing import LensLight
from lensmae.data.images.lens_image import Facts
from lensmae.data.images.wcs import Grid, Sky
from lensmae.evaluation.array_cache import file_digest, kept_folder, kept_name
from lensmae.evaluation.images.analyse import Analysis, LensReconstruction, Networks
from lensmae.evaluation.images.classified import Classified
from lensmae.evaluation.ood.domain import DomainCheck
from lensmae.evaluation.ood.novelty import Novelty
from lensmae.evaluation.ood.references import ReferenceCard
from lensmae.workspace import read_only, replacing

# Changes with what an answer holds, or how it is found.
_FORMAT = 1
_BYTES = 512 << 20
# What reading a file raises that is not there, is damaged, or is of another version.
_DAMAGED = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile)
_TYPES = {
    kind.__name__: kind
    for kind in (
        Analysis, LensReconstruction, LensImage, Facts, Crop, LensLight, Sky, Grid, Classified, DomainCheck, Novelty,
    )
}  # fmt: skip
_RECORD, _ARRAY, _KIND, _CARD, _PAIRS = "record", "$array", "$kind", "$card", "$pairs"


class AnswerFiles:
    """The answers of some networks in the workspace. A read-only one, or one that cannot be written, keeps nothing.

    Args:
        networks: who answers.
    """

    def __init__(self, networks: Networks) -> None:
        weights = {kind: file_digest(model.path) for kind, model in networks.loaded().items()}
        known = {kind: [one.card.sha256, one.card.fingerprint, one.card.created] for kind, one in networks.references.items()}
        self._who = json.dumps([_FORMAT, __version__, weights, known], sort_keys=True)
        self._cards = {_card_name(one.card): one.card for one in networks.references.values()}
        self._folder = kept_folder("file-answers")

    def path(self, file: str) -> Path:
        """Where the answer to a file lies; `file` says its content and how it is read."""
        return self._folder / f"{Path(kept_name([self._who, file])).stem}.npz"

    def get(self, file: str) -> tuple[Analysis, str] | None:
        """The answer and its small picture; None where there is none, or a damaged one."""
        path = self.path(file)
        # What is kept can be computed again.
        with contextlib.suppress(*_DAMAGED), np.load(path, allow_pickle=False) as stored:
            record = json.loads(bytes(stored[_RECORD]))
            found = self._read(record["answer"], stored), str(record["picture"])
            if not read_only():
                path.touch()
            return found
        return None

    def put(self, file: str, answer: Analysis, picture: str) -> None:
        """Keep an answer; those that nobody asked for longest go where all take too much room."""
        if read_only():
            return
        arrays: dict[str, np.ndarray] = {}
        record = json.dumps({"answer": _written(answer, arrays), "picture": picture}).encode()
        with contextlib.suppress(OSError), replacing(self.path(file)) as temporary, temporary.open("wb") as stream:
            np.savez(stream, **{_RECORD: np.frombuffer(record, dtype=np.uint8)}, **arrays)

    def tidy(self) -> None:
        """Forget the answers, of any networks, that nobody asked for longest, until the rest takes 512 MB."""
        if read_only():
            return
        with contextlib.suppress(OSError):
            facts = {path: path.stat() for path in self._folder.glob("*.npz")}
            total = sum(one.st_size for one in facts.values())
            for path in sorted(facts, key=lambda path: facts[path].st_mtime):
                if total <= _BYTES:
                    return
                path.unlink(missing_ok=True)
                total -= facts[path].st_size

    def _read(self, value: Any, stored: Mapping[str, np.ndarray]) -> Any:
        if isinstance(value, list):
            return tuple(self._read(one, stored) for one in value)
        if not isinstance(value, dict):
            return value
        if _ARRAY in value:
            return stored[value[_ARRAY]]
        if _CARD in value:
            return self._cards[value[_CARD]]
        if _PAIRS in value:
            return {key: self._read(one, stored) for key, one in value[_PAIRS]}
        return _TYPES[value[_KIND]](**{name: self._read(one, stored) for name, one in value.items() if name != _KIND})


def _card_name(card: ReferenceCard) -> str:
    return f"{card.sha256} {card.fingerprint} {card.created}"


def _written(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """A value as JSON takes it; arrays are put among `arrays`."""
    if isinstance(value, np.ndarray):
        name = f"a{len(arrays)}"
        arrays[name] = value
        return {_ARRAY: name}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, ReferenceCard):
        return {_CARD: _card_name(value)}
    if is_dataclass(value):
        named = {field.name: _written(getattr(value, field.name), arrays) for field in fields(value)}
        return {_KIND: type(value).__name__, **named}
    if isinstance(value, Mapping):
        return {_PAIRS: [[key, _written(one, arrays)] for key, one in value.items()]}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_written(one, arrays) for one in value]
    return value
