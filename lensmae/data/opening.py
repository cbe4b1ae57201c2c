"""What a user may call a data set, and how it is opened."""

from pathlib import Path

from lensmae.data.exchange.deeplense import read_original
from lensmae.data.images.axes import NO_CHOICE, ArrayChoice
from lensmae.data.store.dataset import RECORD, LensDataset, list_datasets, open_store
from lensmae.errors import DatasetError
from lensmae.workspace import datasets_dir


def open_dataset(data: str | Path, choice: ArrayChoice = NO_CHOICE, leave_out: bool = False) -> LensDataset:
    """Open a data set by its name in the workspace, by the path of its folder, or a folder or file in a layout of others.

    Args:
        data: the name or path.
        choice: of a layout of others, which array of files with several, which band, which axis is which, and names of classes.
        leave_out: of a layout of others, files that cannot be read are named in `LensDataset.skipped`; they are an error else.

    What is in a layout of others (class folders, `LR/` and `HR/`, stacks) is read into memory; it is all "test" where no
    folders train/ and val/ say otherwise.
    Raises `DatasetError` where there is none, or where it is incomplete or damaged.
    """
    folder = _find(data)
    if (folder / RECORD).is_file():
        return open_store(folder)
    if (folder / "lenses.parquet").exists() or (folder.parent == datasets_dir() and (folder / "images.npy").exists()):
        raise DatasetError(f"Data set {folder} is incomplete ({RECORD} is missing); delete it and make it again.")
    return read_original(folder, choice, leave_out)


def _find(data: str | Path) -> Path:
    named = datasets_dir() / str(data)
    if str(data) not in ("", ".", "..") and "/" not in str(data) and named.is_dir():
        return named
    path = Path(data).expanduser()
    if path.is_dir() or path.is_file():
        return path.resolve()
    known = ", ".join(info.name for info in list_datasets()) or "none yet; `lensmae simulate model_ii NAME` makes one"
    raise DatasetError(f"There is no data set {str(data)!r}. Known names: {known}. A path to a folder also works.")
