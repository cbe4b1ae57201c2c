"""Simulation, data sets on disk, image files. Importing this package imports neither lenstronomy, astropy nor torch."""

from typing import TYPE_CHECKING, Any

from lensmae.data.opening import open_dataset
from lensmae.data.presets import CLASSES, PRESETS, SPLITS, Preset
from lensmae.data.store import DatasetInfo, LensDataset, delete_dataset, list_datasets

if TYPE_CHECKING:
    from lensmae.data.exporting import export_dataset
    from lensmae.data.importing import ImportOptions, ImportPlan, ImportReport, import_dataset, plan_import
    from lensmae.data.lenses import SimulatedLens, simulate_lens, simulate_row
    from lensmae.data.reader import LensImage, fit_image, read_image
    from lensmae.data.simulate import simulate_dataset
    from lensmae.data.subset import subset_dataset

# Imported when first asked for: they load lenstronomy, which takes a second that opening a page should not wait.
_LAZY = {
    "ImportOptions": "lensmae.data.importing",
    "ImportPlan": "lensmae.data.importing",
    "ImportReport": "lensmae.data.importing",
    "export_dataset": "lensmae.data.exporting",
    "import_dataset": "lensmae.data.importing",
    "plan_import": "lensmae.data.importing",
    "LensImage": "lensmae.data.reader",
    "fit_image": "lensmae.data.reader",
    "read_image": "lensmae.data.reader",
    "simulate_dataset": "lensmae.data.simulate",
    "simulate_lens": "lensmae.data.lenses",
    "simulate_row": "lensmae.data.lenses",
    "SimulatedLens": "lensmae.data.lenses",
    "subset_dataset": "lensmae.data.subset",
}

__all__ = [
    "CLASSES",
    "PRESETS",
    "SPLITS",
    "DatasetInfo",
    "ImportOptions",
    "ImportPlan",
    "ImportReport",
    "LensDataset",
    "LensImage",
    "Preset",
    "SimulatedLens",
    "delete_dataset",
    "export_dataset",
    "fit_image",
    "import_dataset",
    "list_datasets",
    "open_dataset",
    "plan_import",
    "read_image",
    "simulate_dataset",
    "simulate_lens",
    "simulate_row",
    "subset_dataset",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)
