"""A lens of ours in lenstronomy's keywords, as JSON: what to give to `SimAPI` and `ImageModel` to draw it again."""

from collections.abc import Mapping
from typing import Any

from lensmae.data.simulation.lensing.render import camera_of, deflectors, foreground_light, source_light
from lensmae.data.simulation.presets import PRESETS


def lenstronomy_keywords(preset: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Models and keyword arguments of one lens, in plain numbers and lists.

    Keys: kwargs_model (lens_model_list, source_light_model_list, lens_light_model_list), kwargs_lens, kwargs_source,
    kwargs_lens_light (fluxes in counts a second), kwargs_band and numpix for `SimAPI`, kwargs_numerics. Deflections are in one
    plane, the preset's `plane_factor` is in them; `SimAPI(numpix, kwargs_band, kwargs_model).image_model_class(kwargs_numerics)`
    draws the noise-free image in counts a second.

    Args:
        preset: a name of `PRESETS`.
        row: of `lenses.parquet`.
    """
    kind = PRESETS[preset]
    camera = camera_of(kind, row)
    lens_model, lens = deflectors(kind, row)
    source_model, source = source_light(kind, row, camera)
    galaxies, shining = foreground_light(row, camera)
    models = {
        "lens_model_list": list(lens_model.lens_model_list),
        "source_light_model_list": list(source_model.profile_type_list),
        "lens_light_model_list": [] if galaxies is None else list(galaxies.profile_type_list),
    }
    found = {"kwargs_model": models, "kwargs_lens": lens, "kwargs_source": source, "kwargs_lens_light": shining or []}
    found |= {"numpix": camera.num_pix, "kwargs_band": camera.band()}
    found |= {"kwargs_numerics": {"supersampling_factor": camera.supersampling}}
    return _plain(found)


def _plain(value: Any) -> Any:
    """Numbers of NumPy as those of Python, so that JSON takes them."""
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.item() if hasattr(value, "item") else value
