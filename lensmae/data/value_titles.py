"""Values of columns as people read them: presets and nuisances by their titles, not by the names that files and commands use."""

from collections.abc import Callable, Mapping

import numpy as np

from lensmae.data.simulation.presets import PRESETS

NUISANCE_TITLES = {
    "noise": "Noise",
    "shot_noise": "Photon noise",
    "sky": "Sky level",
    "gain": "Flux unit",
    "min_max": "Scaled to [0, 1]",
    "levels": "Grey levels",
    "blur": "Broader PSF",
    "shift": "Shifted",
    "rotation": "Turned",
    "mirror": "Mirrored",
    "jpeg": "JPEG",
    "bad_pixels": "Bad pixels",
}
_CAMERAS = {
    "model_i": "DeepLense Model I",
    "model_i_64": "DeepLense Model I at 64 pixels",
    "euclid_vis": "Euclid VIS",
    "hst_f160w": "HST WFC3 F160W",
    "pairs": "Super-resolution pairs",
    "pairs_64": "Super-resolution pairs at 64 pixels",
    "survey_hst": "HST ACS F814W",
    "survey_euclid": "Euclid VIS",
    "survey_jwst": "JWST NIRCam F277W",
}


def preset_title(name: str) -> str:
    """The title of a preset; a name that is none as it is."""
    return PRESETS[name].title if name in PRESETS else name


def data_title(data: str) -> str:
    """Lenses as a reference names them, "generalist, simulated" or the name of a data set: presets by their titles."""
    preset, simulated, _ = data.partition(", simulated")
    return f"{preset_title(preset)}{simulated}" if simulated else data


def _nuisance_title(name: str) -> str:
    return NUISANCE_TITLES.get(name, name)


def _camera_title(name: str) -> str:
    return _CAMERAS.get(name, name)


_TITLES: Mapping[str, Callable[[str], str]] = {"stratum": preset_title, "camera": _camera_title, "nuisance": _nuisance_title}
# Columns whose values have titles.
TITLED = tuple(_TITLES)


def value_titles(column: str, values: np.ndarray) -> np.ndarray:
    """Values (N,) of a column of `lenses.parquet` as they are shown, (N,); those of a column without titles as they are."""
    if column not in _TITLES or len(values) == 0:
        return values
    names, where = np.unique(values.astype(str), return_inverse=True)
    return np.array([_TITLES[column](str(name)) for name in names])[where]
