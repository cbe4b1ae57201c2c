"""Files of one lens each that also hold single numbers and texts of it: its class, its parameters (npz, HDF5, MATLAB, torch)."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lensmae.data.decoding import read_pieces
from lensmae.data.exchange.names import LABELS, UNKNOWN
from lensmae.data.exchange.stacks.columns import class_names
from lensmae.data.exchange.stacks.importing import may_hold_stack
from lensmae.data.exchange.stacks.listing import stored_arrays
from lensmae.errors import ImageReadError

_ENDINGS = (".npz", ".h5", ".hdf5", ".mat", ".pt", ".pth")
_TAKEN = frozenset(("id", "class", "split", "source_file", "notes"))
_MOST = 32

Values = dict[str, float | str]


def single_values(root: Path, names: Sequence[str], classes: Sequence[str] | None) -> tuple[list[str], pd.DataFrame, str] | None:
    """The class and the parameters of each file, and the name of the value that said the class; None where the files say none.

    Args:
        root: where they lie.
        names: of files, from there.
        classes: names of integer labels 0, 1, ...
    """
    if not names or not all(name.lower().endswith(_ENDINGS) and may_hold_stack(Path(name)) for name in names):
        return None
    first = next(_read(root, names[:1]), {})
    label = next((key for key in first if key.lower() in LABELS), None)
    if label is None:
        return None
    rows = list(_read(root, names))
    said = [row.get(label) for row in rows]
    known = np.array([value for value in said if value is not None])
    found = iter(class_names(known, classes, label.lower() in ("is_lens", "islens", "lensed")))
    kinds = [UNKNOWN if value is None else next(found) for value in said]
    others = pd.DataFrame(rows).drop(columns=label).select_dtypes("number")
    return kinds, others[[name for name in others if name.lower() not in _TAKEN]], label


def _read(root: Path, names: Sequence[str]) -> Iterator[Values]:
    yield from read_pieces(str(names[0]), values_of_files, root.absolute(), list(names))


def values_of_files(root: Path, names: Sequence[str]) -> Iterator[Values]:
    """Single numbers and texts of every file, in a decoding process; none of one that cannot be read."""
    for name in names:
        try:
            yield _values(root / name, root)
        except ImageReadError:
            yield {}


def _values(path: Path, root: Path) -> Values:
    found: Values = {}
    for array in stored_arrays(path, root)[:_MOST]:
        if array.shape in ((), (1,), (1, 1)) and array.dtype.kind in "biufUS":
            value = np.ravel(array.whole())[0]
            found[array.key.rsplit("/", 1)[-1]] = str(value) if array.dtype.kind in "US" else float(value)
        else:
            found |= {name: _plain(text) for name, text in array.attributes if name.lower() in LABELS}
    return found


def _plain(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
