"""All presets in words and numbers, for docs/presets.md."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields

from lensmae.data.simulation import priors
from lensmae.data.simulation.cameras import CAMERAS, Instrument
from lensmae.data.simulation.presets import MULTI_PLANE_FACTOR, PRESETS, THETA_E_SOLAR, THETA_E_SOLAR_PHYSICAL, Preset

_INTRODUCTION = """# Presets

Written by `lensmae gallery` from the tables in `presets.py`, `priors.py` and `cameras.py` in `lensmae/data/simulation/`, where
every number stands once, with its source. Angles are in arcsec, masses in solar masses, magnitudes in AB, times in seconds.
Each picture has one row a class, and every image in it its own limits (asinh stretch).
"""
_HALOS = {
    "dN/dm ~ m^slope, slope": (priors.HALO_SLOPE, "Springel et al. 2008, MNRAS 391, 1685"),
    "masses": (priors.HALO_MASSES, "resolved by none of the cameras below 1e8"),
    "share of the projected mass": (priors.HALO_FRACTION, "Dalal & Kochanek 2002, ApJ 572, 25 (median)"),
    "c200(M): scatter, dex": (priors.HALO_CONCENTRATION["scatter_dex"], "Dutton & Maccio 2014, MNRAS 441, 3359"),
    "truncation radius of 1e7, kpc": (priors.HALO_TRUNCATION_KPC, "Gilman et al. 2020, MNRAS 491, 6077; ~ m^(1/3)"),
}


_MODELS = {
    "mass of the lens (its theta_E follows)": priors.MODEL_LENS_MASS,
    **priors.MODEL_LENS,
    **priors.MODEL_SOURCE,
    "source_x, source_y": priors.MODEL_SOURCE_PLACE,
    "magnitude of the source (II, III)": priors.SOURCE_MAGNITUDE,
    "amplitude of the source (I)": priors.MODEL_I_AMPLITUDE,
    "background rms (I)": priors.MODEL_I_BACKGROUND_RMS,
    "log10 of the exposure in s (I)": priors.MODEL_I_LOG_EXPOSURE,
    **{f"cdm point masses: {name}": value for name, value in priors.MODEL_HALOS.items()},
    "log10 of the axion mass in eV": priors.AXION_LOG_MASS,
    "vortex: point masses": priors.VORTEX["count"],
    "vortex: mass of each": priors.VORTEX["point_mass"],
    "vortex: half-length, times 2 m / eV": priors.VORTEX["length"],
}


def presets_page(pictures: str) -> str:
    """The Markdown page; `pictures` is the folder of NAME.png beside it."""
    parts = [_INTRODUCTION]
    parts += [_section(preset, pictures) for preset in PRESETS.values()]
    parts.append("## Cameras\n\n" + _table(("", *CAMERAS), _camera_rows()))
    parts.append("## Lensing\n\n" + _table(("quantity", "value", "source"), _lensing_rows()))
    heading = "## Lens, source and substructure of Models I-III\n\nFrom DeepLenseSim; ranges are uniform.\n\n"
    parts.append(heading + _table(("quantity", "value"), [(name, _text(value)) for name, value in _MODELS.items()]))
    heading = "## Priors of superres\n\nUniform between the bounds, set to the measured properties of Task VI.B.\n\n"
    parts.append(heading + _table(("parameter", "from", "to"), _ranges(priors.PAIR_PRIORS)))
    heading = "## Priors of model_ii_free\n\nUniform, every direction alike. theta_E and shear are as seen in the image.\n\n"
    free = {**priors.FREE_PRIORS, "centre of the lens, x and y": (-priors.FREE_OFFSET, priors.FREE_OFFSET)}
    parts.append(heading + _table(("parameter", "from", "to"), _ranges(free)))
    parts.append("## Subhalos of the survey presets\n\n" + _table(("quantity", "value", "source"), _rows(_HALOS)))
    heading = "## Priors of the survey presets\n\nUniform between the bounds; what each means stands in `priors.py`.\n\n"
    parts.append(heading + _table(("parameter", "from", "to"), _ranges(priors.SURVEY_PRIORS)))
    shares = f"{priors.GALAXY_DISC_SHARE:.0%} are discs, and {priors.GALAXY_ARMS_SHARE:.0%} of those have spiral arms."
    heading = f"## Priors of galaxies\n\n{shares} Uniform between the bounds; what each means stands in `priors.py`.\n\n"
    parts.append(heading + _table(("parameter", "from", "to"), _ranges(priors.GALAXY_PRIORS)))
    return "\n".join(parts)


def _section(preset: Preset, pictures: str) -> str:
    scale = "differs from lens to lens" if preset.pixel_scale is None else f"{preset.pixel_scale:g}"
    rows = [
        ("pixels", "x".join(map(str, preset.shape)) + ("" if preset.target_shape is None else " and 150x150")),
        ("pixel scale", scale),
        ("unit", preset.flux_unit),
        ("classes", ", ".join(preset.classes)),
        ("camera", ", ".join(preset.cameras) or "each stratum's own"),
        ("source", preset.source),
    ]
    if preset.strata:
        rows.append(("weights of the strata", ", ".join(f"{name} {weight:g}" for name, weight in preset.strata)))
    table = _table(("", ""), rows)
    return f"## {preset.name}\n\n{preset.description}\n\n![{preset.title}]({pictures}/{preset.name}.png)\n\n{table}"


def _camera_rows() -> list[tuple[str, ...]]:
    names = [field.name for field in fields(Instrument)]
    return [(name, *(_text(getattr(camera, name)) for camera in CAMERAS.values())) for name in names]


def _lensing_rows() -> list[tuple[str, ...]]:
    rows = {
        "theta_E of 1 solar mass, Models I-III": (THETA_E_SOLAR, "DeepLenseSim: luminosity distances"),
        "theta_E of 1 solar mass, survey": (THETA_E_SOLAR_PHYSICAL, "angular-diameter distances, z 0.5 and 1.0"),
        "factor of deflections, Models II and III": (MULTI_PLANE_FACTOR, "DeepLenseSim: reduced for z 2.5, traced to z 1.0"),
        "variance of superres noise": (
            priors.PAIR_NOISE_VARIANCE,
            "constant, times flux, times flux squared; measured on Task VI.B",
        ),
    }
    return _rows(rows)


def _ranges(uniform: Mapping[str, tuple[float, float]]) -> list[tuple[str, ...]]:
    return [(name, *map(_text, bounds)) for name, bounds in uniform.items()]


def _rows(values: dict[str, tuple[object, str]]) -> list[tuple[str, ...]]:
    return [(name, _text(value), source) for name, (value, source) in values.items()]


def _text(value: object) -> str:
    if value is None:
        return "–"
    return " / ".join(map(_text, value)) if isinstance(value, tuple) else f"{value:g}"


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (heading, ["---"] * len(heading), *rows)]
    return "\n".join(lines) + "\n"
