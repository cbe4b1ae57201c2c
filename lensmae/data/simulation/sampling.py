"""Parameters of a lens drawn from a preset's priors. A seed gives the same row for ever: draws are only ever added at the end."""

from typing import Any

import numpy as np

from lensmae.data.simulation.cameras import CAMERAS, Instrument
from lensmae.data.simulation.lensing.halos import concentration
from lensmae.data.simulation.presets import PRESETS, THETA_E_SOLAR, THETA_E_SOLAR_PHYSICAL, Preset
from lensmae.data.simulation.priors import (
    AXION_LOG_MASS,
    FREE_PRIORS,
    GALAXY_ARMS_SHARE,
    GALAXY_DISC_SHARE,
    GALAXY_PRIORS,
    HALO_CONCENTRATION,
    HALO_FRACTION,
    HALO_MASSES,
    HALO_SLOPE,
    MODEL_HALOS,
    MODEL_I_LOG_EXPOSURE,
    MODEL_LENS,
    MODEL_LENS_MASS,
    MODEL_SOURCE,
    MODEL_SOURCE_PLACE,
    PAIR_PRIORS,
    SURVEY_PRIORS,
    VORTEX,
)


def draw_parameters(preset: str, class_name: str, seed: int) -> dict[str, Any]:
    """Draw a lens's parameters from the preset's priors."""
    kind, start = PRESETS[preset], {"class": class_name, "seed": seed}
    if kind.strata:
        return _of_a_stratum(kind, class_name, seed)
    rng = np.random.default_rng(seed)
    if kind.macro == "survey":
        return start | _survey(kind, class_name, rng)
    if kind.macro == "galaxy":
        return off_centre(start | _galaxy(kind, rng), kind.offset, rng)
    row = start | _MACRO[kind.macro](kind, rng) | _substructure(class_name, rng)
    if kind.noise == "counts":
        row["exposure_time"] = float(10 ** rng.uniform(*MODEL_I_LOG_EXPOSURE))
    return off_centre(row, kind.offset, rng) if kind.offset else row


def _of_a_stratum(corpus: Preset, class_name: str, seed: int) -> dict[str, Any]:
    """A lens of one of the presets of a corpus that have the class, by their weights; `stratum` names it."""
    shares = stratum_shares(corpus, class_name)
    # A stream of its own: the lens is the one that its stratum draws from this seed.
    stratum = str(np.random.default_rng([seed, 2]).choice(list(shares), p=list(shares.values())))
    row = draw_parameters(stratum, class_name, seed)
    scale = {} if "pixel_scale" in row else {"pixel_scale": PRESETS[stratum].pixel_scale}
    return row | scale | {"stratum": stratum}


def stratum_shares(corpus: Preset, class_name: str) -> dict[str, float]:
    """Share of each stratum among the lenses of a class; 1 in all."""
    weights = {name: weight for name, weight in corpus.strata if class_name in PRESETS[name].classes}
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}


def off_centre(row: dict[str, Any], offset: float, rng: np.random.Generator) -> dict[str, Any]:
    """The lens and all that belongs to it moved by up to `offset` arcsec in x and in y."""
    moved = dict(row)
    for axis in ("x", "y"):
        by = float(rng.uniform(-offset, offset))
        moved[f"lens_{axis}"] = by
        for name in (f"{part}_{axis}" for part in ("source", "clump", "neighbour", "subhalo")):
            if name in row:
                moved[name] = [value + by for value in row[name]] if isinstance(row[name], list) else row[name] + by
    return moved


def theta_e(mass: np.ndarray | float) -> np.ndarray | float:
    """Einstein radius in arcsec of point masses in Msun; see `THETA_E_SOLAR`."""
    return THETA_E_SOLAR * np.sqrt(mass)


def vortex(axion_mass: float, angle: float, x: float = 0.0, y: float = 0.0) -> dict[str, Any]:
    """The substructure columns of a vortex: a line of 100 equal point masses, 3e10 Msun together, with (x, y) arcsec
    in its middle and of half-length 0.06e-22 / (2 m) arcsec.

    Args:
        axion_mass: eV.
        angle: of the line, in radians from the x axis.
        x: arcsec.
        y: arcsec.
    """
    along = np.linspace(-1.0, 1.0, VORTEX["count"]) * VORTEX["length"] / (2 * axion_mass)
    return subhalos(
        np.full(VORTEX["count"], VORTEX["point_mass"]), x + along * np.cos(angle), y + along * np.sin(angle), axion_mass, angle
    )


def subhalos(
    mass: np.ndarray, x: np.ndarray, y: np.ndarray, axion_mass: float = np.nan, axion_angle: float = np.nan
) -> dict[str, Any]:
    """The substructure columns of a row: masses in Msun at x, y arcsec.

    Args:
        mass: (K,) Msun.
        x: (K,) arcsec.
        y: (K,) arcsec.
        axion_mass: eV; nan without a vortex.
        axion_angle: rad; nan without a vortex.
    """
    positions = {"subhalo_mass": mass.tolist(), "subhalo_x": x.tolist(), "subhalo_y": y.tolist()}
    return {**positions, "axion_mass_ev": float(axion_mass), "axion_angle": float(axion_angle)}


def _model_macro(preset: Preset, rng: np.random.Generator) -> dict[str, float]:
    """Models I-III: everything fixed but the source's position."""
    source_x, source_y = rng.uniform(*MODEL_SOURCE_PLACE, 2)
    position = {"source_x": float(source_x), "source_y": float(source_y)}
    return {"theta_E": float(theta_e(MODEL_LENS_MASS)), **MODEL_LENS, **position, **MODEL_SOURCE}


def _free_macro(preset: Preset, rng: np.random.Generator) -> dict[str, float]:
    """Models II and III with everything free. Einstein radius and shear are as seen: the table has them before `plane_factor`."""
    drawn = {name: float(rng.uniform(*bounds)) for name, bounds in FREE_PRIORS.items()}
    source_x, source_y = rng.uniform(*MODEL_SOURCE_PLACE, 2)
    position = {"source_x": float(source_x), "source_y": float(source_y)}
    angles = rng.uniform(0.0, 2 * np.pi, 3)
    shapes = (ellipticity(drawn["axis_ratio"]), drawn["shear"] / preset.plane_factor, ellipticity(drawn["source_axis_ratio"]))
    for name, size, angle in zip(("e", "gamma", "source_e"), shapes, angles, strict=True):
        position |= {f"{name}1": float(size * np.cos(angle)), f"{name}2": float(size * np.sin(angle))}
    light = {name: drawn[name] for name in ("R_sersic", "n_sersic")}
    return {"theta_E": drawn["theta_E"] / preset.plane_factor, **position, **light}


def ellipticity(axis_ratio: float) -> float:
    """Modulus of lenstronomy's ellipticity components."""
    return (1 - axis_ratio) / (1 + axis_ratio)


def _pair_macro(preset: Preset, rng: np.random.Generator) -> dict[str, float]:
    return {name: float(rng.uniform(*bounds)) for name, bounds in PAIR_PRIORS.items()}


_MACRO = {"model": _model_macro, "free": _free_macro, "pairs": _pair_macro}


def _substructure(class_name: str, rng: np.random.Generator) -> dict[str, Any]:
    if class_name == "cdm":
        count = MODEL_HALOS["count"]
        mass = power_law(rng, count, MODEL_HALOS["slope"], *MODEL_HALOS["masses"])
        radius, angle = rng.uniform(*MODEL_HALOS["radius"], count), rng.uniform(0.0, 2 * np.pi, count)
        return subhalos(mass, radius * np.cos(angle), radius * np.sin(angle))
    if class_name == "axion":
        axion_mass = 10.0 ** rng.uniform(*AXION_LOG_MASS)
        return vortex(axion_mass, rng.uniform(0.0, 2 * np.pi))
    return subhalos(np.empty(0), np.empty(0), np.empty(0))


def power_law(rng: np.random.Generator, count: int, slope: float, low: float, high: float) -> np.ndarray:
    """Values (count,) between `low` and `high` with density ~ value^slope, by the inverse of their distribution.

    Args:
        rng: random numbers.
        count: 0 or more.
        slope: of the density.
        low: least value, above 0.
        high: largest value.
    """
    power = round(slope + 1, 9)
    start, end = low**power, high**power
    return (start + rng.random(count) * (end - start)) ** (1 / power)


def expected_subhalos(theta_e_macro: float) -> float:
    """Mean number of `survey` subhalos within two Einstein radii (arcsec).

    There the convergence is about 1/2 (an isothermal sphere at its Einstein radius) and the share `HALO_FRACTION` of it is in
    subhalos, spread evenly; the mean mass follows from the mass function.
    """
    critical_mass = (theta_e_macro / THETA_E_SOLAR_PHYSICAL) ** 2
    in_halos = HALO_FRACTION * 0.5 * 4 * critical_mass
    (low, high), slope = HALO_MASSES, HALO_SLOPE
    number = (high ** (slope + 1) - low ** (slope + 1)) / (slope + 1)
    mass = (high ** (slope + 2) - low ** (slope + 2)) / (slope + 2)
    return in_halos / (mass / number)


def _survey(preset: Preset, class_name: str, rng: np.random.Generator) -> dict[str, Any]:
    name = preset.cameras[int(rng.integers(len(preset.cameras)))]
    camera = CAMERAS[name]
    scale = camera.pixel_scale * (float(rng.uniform(1.0, camera.coarsest)) if preset.pixel_scale is None else 1.0)
    low, high = (scale * pixels for pixels in SURVEY_PRIORS["theta_E_pixels"])
    radius = float(rng.uniform(max(low, SURVEY_PRIORS["theta_E"][0]), min(high, SURVEY_PRIORS["theta_E"][1])))
    row = {"camera": name, "pixel_scale": scale, "theta_E": radius}
    row |= _spin(rng, "e", SURVEY_PRIORS["ellipticity"]) | _spin(rng, "gamma", SURVEY_PRIORS["shear"])
    row |= _source(rng, camera, radius)
    row |= _lens_light(rng, camera, row)
    row |= _neighbours(rng, row, scale * camera.num_pix / 2)
    return row | _survey_substructure(class_name, radius, rng)


def _uniform(rng: np.random.Generator, name: str) -> float:
    return float(rng.uniform(*SURVEY_PRIORS[name]))


def _spin(rng: np.random.Generator, name: str, bounds: tuple[float, float]) -> dict[str, float]:
    """Two components of an ellipticity or shear of random direction."""
    size, angle = rng.uniform(*bounds), rng.uniform(0.0, 2 * np.pi)
    return {f"{name}1": float(size * np.cos(angle)), f"{name}2": float(size * np.sin(angle))}


def _count(rng: np.random.Generator, name: str) -> int:
    mean, most = SURVEY_PRIORS[name]
    return int(min(rng.poisson(mean), most))


def _source(rng: np.random.Generator, camera: Instrument, radius: float) -> dict[str, Any]:
    near, far = SURVEY_PRIORS["source_offset"]
    offset, angle = radius * np.sqrt(rng.uniform(near**2, far**2)), rng.uniform(0.0, 2 * np.pi)
    x, y, size = float(offset * np.cos(angle)), float(offset * np.sin(angle)), _uniform(rng, "R_sersic")
    source = {"source_x": x, "source_y": y, "R_sersic": size, "n_sersic": _uniform(rng, "n_sersic")}
    source |= _spin(rng, "source_e", SURVEY_PRIORS["source_ellipticity"])
    source["source_magnitude"] = float(rng.uniform(*camera.source_magnitudes))
    count = _count(rng, "clumps")
    positions = rng.normal(0.0, 0.7 * size, (2, count)) + np.array([[x], [y]])
    shares = rng.uniform(*SURVEY_PRIORS["clump_share"], count)
    sizes = rng.uniform(*SURVEY_PRIORS["clump_R_sersic"], count)
    return source | {
        "clump_x": positions[0].tolist(),
        "clump_y": positions[1].tolist(),
        "clump_share": shares.tolist(),
        "clump_R_sersic": sizes.tolist(),
    }


def _lens_light(rng: np.random.Generator, camera: Instrument, row: dict[str, Any]) -> dict[str, float]:
    """Light follows mass: as elongated, give or take 0.05 in each component."""
    light = {
        "lens_magnitude": rng.uniform(*camera.lens_magnitudes),
        "lens_R_sersic": row["theta_E"] * _uniform(rng, "lens_R_sersic"),
        "lens_n_sersic": _uniform(rng, "lens_n_sersic"),
        "lens_e1": row["e1"] + rng.normal(0.0, 0.05),
        "lens_e2": row["e2"] + rng.normal(0.0, 0.05),
    }
    return {name: float(value) for name, value in light.items()}


def _neighbours(rng: np.random.Generator, row: dict[str, Any], edge: float) -> dict[str, Any]:
    """Galaxies beside the ring, none of them a lens."""
    count = _count(rng, "neighbours")
    radius, angle = rng.uniform(1.6 * row["theta_E"], 1.4 * edge, count), rng.uniform(0.0, 2 * np.pi, count)
    magnitude = row["lens_magnitude"] + rng.uniform(*SURVEY_PRIORS["neighbour_fainter"], count)
    return {
        "neighbour_x": (radius * np.cos(angle)).tolist(),
        "neighbour_y": (radius * np.sin(angle)).tolist(),
        "neighbour_magnitude": magnitude.tolist(),
        "neighbour_R_sersic": rng.uniform(*SURVEY_PRIORS["neighbour_R_sersic"], count).tolist(),
    }


def _survey_substructure(class_name: str, radius: float, rng: np.random.Generator) -> dict[str, Any]:
    mass = np.empty(0)
    if class_name == "cdm":
        mass = power_law(rng, max(1, int(rng.poisson(expected_subhalos(radius)))), HALO_SLOPE, *HALO_MASSES)
    distance, angle = 2 * radius * np.sqrt(rng.random(len(mass))), rng.uniform(0.0, 2 * np.pi, len(mass))
    found = subhalos(mass, distance * np.cos(angle), distance * np.sin(angle))
    scatter = 10 ** rng.normal(0.0, HALO_CONCENTRATION["scatter_dex"], len(mass))
    if class_name == "axion":
        # As in Models I-III, but not always through the middle of the lens.
        axion_mass, angle = float(10.0 ** rng.uniform(*AXION_LOG_MASS)), float(rng.uniform(0.0, 2 * np.pi))
        x, y = rng.normal(0.0, 0.2 * radius, 2)
        found = vortex(axion_mass, angle, x, y)
    return found | {"subhalo_concentration": (concentration(mass) * scatter).tolist()}


def _galaxy(preset: Preset, rng: np.random.Generator) -> dict[str, Any]:
    """A galaxy that is no lens, in a lens's columns: the galaxy is the "source" of a lens of no mass, its arms are the source's
    knots, its bulge is the light of the lens."""
    name = preset.cameras[int(rng.integers(len(preset.cameras)))]
    camera = CAMERAS[name]
    scale = camera.pixel_scale * float(rng.uniform(1.0, camera.coarsest))
    row: dict[str, Any] = {
        "camera": name,
        "pixel_scale": scale,
        **dict.fromkeys(("theta_E", "e1", "e2", "gamma1", "gamma2"), 0.0),
    }
    row |= {"source_x": 0.0, "source_y": 0.0, "source_magnitude": float(rng.uniform(*camera.lens_magnitudes))}
    if rng.random() < GALAXY_DISC_SHARE:
        row |= _disc(rng, scale, row["source_magnitude"])
    else:
        row |= {"R_sersic": scale * _in(rng, "R_sersic_pixels"), "n_sersic": float(rng.uniform(*SURVEY_PRIORS["lens_n_sersic"]))}
        row |= _spin(rng, "source_e", SURVEY_PRIORS["ellipticity"])
        row |= {f"clump_{column}": [] for column in ("x", "y", "share", "R_sersic")}
    count = int(min(rng.poisson(GALAXY_PRIORS["neighbours"][0]), GALAXY_PRIORS["neighbours"][1]))
    distance, angle = scale * rng.uniform(*GALAXY_PRIORS["neighbour_distance_pixels"], count), rng.uniform(0, 2 * np.pi, count)
    row |= {
        "neighbour_x": (distance * np.cos(angle)).tolist(),
        "neighbour_y": (distance * np.sin(angle)).tolist(),
        "neighbour_magnitude": (row["source_magnitude"] + rng.uniform(*GALAXY_PRIORS["neighbour_fainter"], count)).tolist(),
        "neighbour_R_sersic": rng.uniform(*SURVEY_PRIORS["neighbour_R_sersic"], count).tolist(),
    }
    return row | subhalos(np.empty(0), np.empty(0), np.empty(0)) | {"subhalo_concentration": []}


def _in(rng: np.random.Generator, name: str) -> float:
    return float(rng.uniform(*GALAXY_PRIORS[name]))


def _disc(rng: np.random.Generator, scale: float, magnitude: float) -> dict[str, Any]:
    size, flat, angle = scale * _in(rng, "disc_R_sersic_pixels"), _in(rng, "disc_ellipticity"), rng.uniform(0, 2 * np.pi)
    disc = {"R_sersic": size, "n_sersic": 1.0}
    disc |= {"source_e1": float(flat * np.cos(angle)), "source_e2": float(flat * np.sin(angle))}
    bulge = {
        "lens_magnitude": magnitude + _in(rng, "bulge_fainter"),
        "lens_R_sersic": size * _in(rng, "bulge_R_sersic"),
        "lens_n_sersic": _in(rng, "bulge_n_sersic"),
        "lens_e1": disc["source_e1"] / 2,
        "lens_e2": disc["source_e2"] / 2,
    }
    return disc | bulge | _arms(rng, size, flat, angle / 2)


def _arms(rng: np.random.Generator, size: float, flat: float, axis: float) -> dict[str, list[float]]:
    """Knots along two logarithmic spirals, r = r0 exp(pitch x angle), in a disc of ellipticity `flat` along `axis` (radians)."""
    count = int(_in(rng, "knots")) if rng.random() < GALAXY_ARMS_SHARE else 0
    share, pitch, scatter = _in(rng, "knots_share"), _in(rng, "pitch") * rng.choice([-1.0, 1.0]), _in(rng, "knot_scatter")
    first, last = np.log(GALAXY_PRIORS["arms"])
    along = rng.uniform(first, last, count)
    turn = rng.uniform(0, 2 * np.pi) + along / pitch + np.pi * (np.arange(count) % 2)
    face_on = np.exp(along) * np.stack([np.cos(turn), np.sin(turn)]) + scatter * rng.standard_normal((2, count))
    stretch = np.sqrt((1 + flat) / (1 - flat))
    major, minor = face_on[0] * stretch, face_on[1] / stretch
    return {
        "clump_x": (size * (major * np.cos(axis) - minor * np.sin(axis))).tolist(),
        "clump_y": (size * (major * np.sin(axis) + minor * np.cos(axis))).tolist(),
        "clump_share": np.full(count, share / max(1, count)).tolist(),
        "clump_R_sersic": (size * rng.uniform(*GALAXY_PRIORS["knot_R_sersic"], count)).tolist(),
    }
