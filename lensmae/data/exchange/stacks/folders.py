"""Whether the files of a folder are stacks of lenses, or a lens each."""

from pathlib import Path

import numpy as np

from lensmae.data.exchange.stacks.images import images_in, of_several_lengths
from lensmae.data.exchange.stacks.importing import StoredArray
from lensmae.data.exchange.stacks.reading import stored_arrays
from lensmae.data.images import roles
from lensmae.data.images.axes import ArrayChoice
from lensmae.errors import ImageReadError

# Of so many files, spread over a folder, each is looked into.
LOOKED_AT = 16


def are_stacks(files: list[Path], above: Path, choice: ArrayChoice) -> bool:
    """Whether most of the files that hold images hold many lenses each, not one; some of them are opened.

    Args:
        files: npy, npz, HDF5 and the like.
        above: the folder from which names count.
        choice: which array and axes the user says.
    """
    spread = sorted({int(index) for index in np.linspace(0, len(files) - 1, LOOKED_AT)}) if files else []
    arrays = [arrays_of_file(files[index], above) for index in spread]
    near = [array for one in arrays for array in one if len(array.shape) == 1]
    # A PSF or a noise map beside a stack says nothing of what the others are.
    shown = [one for one in arrays if one and roles.role(one[0].file.stem) in (roles.SCIENCE, roles.UNKNOWN)] or arrays
    if of_several_lengths([one[0] for one in shown if len(one) == 1]):
        return True
    held = [images_in(one, choice, near) for one in shown]
    many = {one[0].shape[1:] for one, n in zip(shown, held, strict=True) if n > 1}
    # Two lenses for tests beside a hundred for training are a stack too.
    alone = sum(n == 1 and one[0].shape[1:] not in many for one, n in zip(shown, held, strict=True))
    return sum(n > 1 for n in held) > alone


def arrays_of_file(file: Path, above: Path) -> list[StoredArray]:
    """The arrays of a file by their headers; none of a damaged one. `above`: the folder from which names count."""
    try:
        return stored_arrays(file, above)
    except ImageReadError:
        # A damaged file says nothing of the folder; it is named when it is read.
        return []
