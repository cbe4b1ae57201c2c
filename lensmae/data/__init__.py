"""Simulation, data sets on disk, image files. Importing this package imports neither lenstronomy, astropy, pandas nor torch."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lensmae.data.exchange.exporting import export_dataset
    from lensmae.data.exchange.importing import ImportOptions, ImportPlan, ImportReport, import_dataset, plan_import
    from lensmae.data.images.guarded_reader import read_image
    from lensmae.data.images.reader import LensImage, fit_image
    from lensmae.data.opening import open_dataset
    from lensmae.data.simulation.lenses import SimulatedLens, simulate_lens, simulate_row
    from lensmae.data.simulation.presets import CLASSES, PRESETS, Preset
    from lensmae.data.simulation.simulate import simulate_dataset
    from lensmae.data.store.dataset import DatasetInfo, LensDataset, delete_dataset, list_datasets
    from lensmae.data.store.splits import SPLITS
    from lensmae.data.store.subset import subset_dataset

# Imported when first asked for: a page that opens, or a process that decodes a file, does not wait for lenstronomy or pandas.
_LAZY = {
    "CLASSES": "lensmae.data.simulation.presets",
    "DatasetInfo": "lensmae.data.store.dataset",
    "ImportOptions": "lensmae.data.exchange.importing",
    "ImportPlan": "lensmae.data.exchange.importing",
    "ImportReport": "lensmae.data.exchange.importing",
    "LensDataset": "lensmae.data.store.dataset",
    "LensImage": "lensmae.data.images.reader",
    "PRESETS": "lensmae.data.simulation.presets",
    "Preset": "lensmae.data.simulation.presets",
    "SPLITS": "lensmae.data.store.splits",
    "SimulatedLens": "lensmae.data.simulation.lenses",
    "delete_dataset": "lensmae.data.store.dataset",
    "export_dataset": "lensmae.data.exchange.exporting",
    "fit_image": "lensmae.data.images.reader",
    "import_dataset": "lensmae.data.exchange.importing",
    "list_datasets": "lensmae.data.store.dataset",
    "open_dataset": "lensmae.data.opening",
    "plan_import": "lensmae.data.exchange.importing",
    "read_image": "lensmae.data.images.guarded_reader",
    "simulate_dataset": "lensmae.data.simulation.simulate",
    "simulate_lens": "lensmae.data.simulation.lenses",
    "simulate_row": "lensmae.data.simulation.lenses",
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
