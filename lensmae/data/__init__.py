"""Simulation, data sets on disk, image files. Importing this package imports neither lenstronomy, astropy nor torch."""

from typing import TYPE_CHECKING, Any

from lensmae.data.opening import open_dataset
from lensmae.data.simulation.presets import CLASSES, PRESETS, Preset
from lensmae.data.store.dataset import DatasetInfo, LensDataset, delete_dataset, list_datasets
from lensmae.data.store.splits import SPLITS

if TYPE_CHECKING:
    from lensmae.data.exchange.exporting import export_dataset
    from lensmae.data.exchange.importing import ImportOptions, ImportPlan, ImportReport, import_dataset, plan_import
    from lensmae.data.images.reader import LensImage, fit_image, read_image
    from lensmae.data.simulation.lenses import SimulatedLens, simulate_lens, simulate_row
    from lensmae.data.simulation.simulate import simulate_dataset
    from lensmae.data.store.subset import subset_dataset

# Imported when first asked for: they load lenstronomy, which takes a second that opening a page should not wait.
_LAZY = {
    "ImportOptions": "lensmae.data.exchange.importing",
    "ImportPlan": "lensmae.data.exchange.importing",
    "ImportReport": "lensmae.data.exchange.importing",
    "export_dataset": "lensmae.data.exchange.exporting",
    "import_dataset": "lensmae.data.exchange.importing",
    "plan_import": "lensmae.data.exchange.importing",
    "LensImage": "lensmae.data.images.reader",
    "fit_image": "lensmae.data.images.reader",
    "read_image": "lensmae.data.images.reader",
    "simulate_dataset": "lensmae.data.simulation.simulate",
    "simulate_lens": "lensmae.data.simulation.lenses",
    "simulate_row": "lensmae.data.simulation.lenses",
    "SimulatedLens": "lensmae.data.simulation.lenses",
    "subset_dataset": "lensmae.data.store.subset",
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
