"""The presets: kinds of data sets that can be simulated. Angles in arcsec, masses in Msun.

Priors stand in `lensmae.data.simulation.priors`, cameras in `lensmae.data.simulation.cameras`; `lensmae gallery` writes all of
it, with pictures, to docs/presets.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lensmae.data.simulation.cameras import (
    EUCLID_VIS,
    HR_CAMERA,
    HST_F160W,
    MODEL_I,
    MODEL_I_64,
    PAIRS_64,
    SURVEY_EUCLID,
    SURVEY_HST,
    SURVEY_JWST,
)
from lensmae.data.simulation.priors import FREE_OFFSET, GALAXY, GALAXY_OFFSET

CLASSES = ("no_sub", "cdm", "axion")

# Einstein radius of a 1 Msun point mass for lens z 0.5 and source z 1.0, from sqrt(4GM/c^2 D_LS/(D_L D_S)) with luminosity
# distances and D_LS = D_S - D_L in FlatLambdaCDM(H0=70, Om0=0.3, Ob0=0.05), as DeepLenseSim has it (1.2815" for 1e12 Msun).
# Physically odd, and needed to match the published images; a test recomputes it with astropy.
THETA_E_SOLAR = 1.2814893638623281e-6

# [D_ls/D_s](z_s = 1) / [D_ls/D_s](z_s = 2.5) with angular-diameter distances in the same cosmology: Models II and III compute
# deflections for z 2.5 and rescale them to the source at z 1. A test recomputes it with astropy.
MULTI_PLANE_FACTOR = 0.6337383137658485

# The same with angular-diameter distances: what a point mass does in that cosmology (`survey`). A test recomputes it.
THETA_E_SOLAR_PHYSICAL = 1.664517450804776e-06
Z_LENS = 0.5


@dataclass(frozen=True)
class Preset:
    """A kind of data set that `simulate_dataset` can make.

    Attributes:
        name: as given to `lensmae simulate`.
        title: as shown on pages.
        classes: classes simulated, each `per_class` times.
        shape: image height and width in pixels.
        target_shape: of the HR images of a pair set, else None.
        pixel_scale: arcsec/pixel of `images`; None where it differs from lens to lens (column `pixel_scale`).
        flux_unit: unit of the pixels.
        description: one sentence.
        source: where the numbers are from.
        cameras: names in `CAMERAS`; one of them sees a lens.
        plane_factor: deflections are multiplied by it; see `MULTI_PLANE_FACTOR`.
        theta_e_solar: Einstein radius of a point mass of 1 Msun.
        halo_profile: lenstronomy's profile of a cold dark matter subhalo.
        macro: priors of lens and source: "model" (Models I-III), "free" (`FREE_PRIORS`), "pairs", "survey", "galaxy".
        offset: the lens's centre lies within so many arcsec of the image's, in x and in y.
        strata: presets that a corpus is drawn from, each with its weight; empty for all others.
        noise: name of the noise in `lensmae.data.simulation.noise`.
        noise_level: share of that noise in the data set's images, where a lens's row does not say otherwise.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    shape: tuple[int, int]
    target_shape: tuple[int, int] | None
    pixel_scale: float | None
    flux_unit: str
    description: str
    source: str
    cameras: tuple[str, ...]
    plane_factor: float = 1.0
    theta_e_solar: float = THETA_E_SOLAR
    halo_profile: str = "POINT_MASS"
    macro: str = "model"
    offset: float = 0.0
    strata: tuple[tuple[str, float], ...] = ()
    noise: str = "camera"
    noise_level: float = 1.0


_SURVEY = {
    "macro": "survey",
    "classes": CLASSES,
    "shape": (64, 64),
    "target_shape": None,
    "flux_unit": "e-/s per pixel, sky subtracted",
    "theta_e_solar": THETA_E_SOLAR_PHYSICAL,
    "halo_profile": "TNFW",
}
_DEEPLENSE = "github.com/mwt5345/DeepLenseSim"
_PRESETS = (
    Preset(
        name="model_i",
        title="DeepLense Model I",
        classes=CLASSES,
        shape=(150, 150),
        target_shape=None,
        pixel_scale=MODEL_I.pixel_scale,
        flux_unit="counts",
        description="150-pixel lenses in one plane with Poisson and background noise, signal-to-noise about 25.",
        source=f"DeepLenseSim Model I ({_DEEPLENSE})",
        cameras=("model_i",),
        noise="counts",
    ),
    Preset(
        name="model_ii",
        title="DeepLense Model II",
        classes=CLASSES,
        shape=(64, 64),
        target_shape=None,
        pixel_scale=EUCLID_VIS.pixel_scale,
        flux_unit="0.5 e-/s per pixel, noise-free",
        description="Euclid-like, noise-free lenses: no substructure, cold dark matter clumps, or an axion vortex.",
        source=f"DeepLenseSim Model II ({_DEEPLENSE}); Task VI.A of the DeepLense benchmark",
        cameras=("euclid_vis",),
        plane_factor=MULTI_PLANE_FACTOR,
        noise="doubled",
        noise_level=0.0,
    ),
    Preset(
        name="model_iii",
        title="DeepLense Model III",
        classes=CLASSES,
        shape=(64, 64),
        target_shape=None,
        pixel_scale=HST_F160W.pixel_scale,
        flux_unit="0.5 e-/s per pixel, noise-free",
        description="As Model II, seen by HST's WFC3: smaller pixels, sharper images.",
        source=f"DeepLenseSim Model III ({_DEEPLENSE})",
        cameras=("hst_f160w",),
        plane_factor=MULTI_PLANE_FACTOR,
        noise="doubled",
        noise_level=0.0,
    ),
    Preset(
        name="superres",
        title="Super-resolution pairs",
        classes=("no_sub",),
        shape=(75, 75),
        target_shape=(150, 150),
        pixel_scale=2 * HR_CAMERA.pixel_scale,
        flux_unit="normalised to [0, 1] by the HR image",
        description="Noisy 150-pixel lenses and their bicubic 75-pixel copies, with the noise-free truth.",
        source="measured properties of Task VI.B of the DeepLense benchmark",
        cameras=("pairs",),
        macro="pairs",
        noise="pairs",
    ),
    Preset(
        name="survey",
        title="Survey, all telescopes",
        pixel_scale=None,
        description="What HST, Euclid and JWST see: lens light, neighbours, noise, PSF, every lens and source different; "
        "cut-outs of different pixel scales.",
        source="the three survey presets; pixel scale from the camera's own to that of a wide cut-out brought to 64 pixels",
        cameras=("survey_hst", "survey_euclid", "survey_jwst"),
        **_SURVEY,
    ),
    Preset(
        name="survey_hst",
        title="Survey, HST",
        pixel_scale=SURVEY_HST.pixel_scale,
        description="HST ACS F814W: lens light, neighbours, noise, PSF; truncated NFW subhalos or an axion vortex.",
        source="ACS Instrument Handbook; exposures of SLACS (Bolton et al. 2008)",
        cameras=("survey_hst",),
        **_SURVEY,
    ),
    Preset(
        name="survey_euclid",
        title="Survey, Euclid",
        pixel_scale=SURVEY_EUCLID.pixel_scale,
        description="Euclid VIS, wide survey: lens light, neighbours, noise, PSF; truncated NFW subhalos or an axion vortex.",
        source="lenstronomy 1.14.2's Euclid VIS band (arXiv:2405.13496, 2405.13501, 2405.13493)",
        cameras=("survey_euclid",),
        **_SURVEY,
    ),
    Preset(
        name="survey_jwst",
        title="Survey, JWST",
        pixel_scale=SURVEY_JWST.pixel_scale,
        description="JWST NIRCam F277W as in COSMOS-Web: lens light, neighbours, noise, PSF; truncated NFW subhalos or a vortex.",
        source="lenstronomy 1.14.2's NIRCam F277W band of COSMOS-Web",
        cameras=("survey_jwst",),
        **_SURVEY,
    ),
)
# Presets of 64 pixels beside the ones above, for networks that shall know more than one simulator.
_GENERALIST = (
    Preset(
        name="model_ii_free",
        title="Model II, free macro model",
        classes=CLASSES,
        shape=(64, 64),
        target_shape=None,
        pixel_scale=EUCLID_VIS.pixel_scale,
        flux_unit="0.5 e-/s per pixel, noise-free",
        description="Model II's camera and substructure behind lenses that differ: axis ratio, Einstein radius, shear, source, "
        "centre, every orientation.",
        source="ranges about Model II's values; substructure and camera of Model II",
        cameras=("euclid_vis",),
        macro="free",
        offset=FREE_OFFSET,
        plane_factor=MULTI_PLANE_FACTOR,
        noise="doubled",
        noise_level=0.0,
    ),
    Preset(
        name="model_i_64",
        title="Model I at 64 pixels",
        classes=CLASSES,
        shape=(64, 64),
        target_shape=None,
        pixel_scale=MODEL_I_64.pixel_scale,
        flux_unit="counts",
        description="The field of Model I in 64 pixels, as files of Model I are brought to the networks' size.",
        source=f"DeepLenseSim Model I ({_DEEPLENSE}), pixels 150 / 64 as large",
        cameras=("model_i_64",),
        noise="counts",
    ),
    Preset(
        name="pairs_64",
        title="Super-resolution pairs' field, 64 pixels",
        classes=("no_sub",),
        shape=(64, 64),
        target_shape=None,
        pixel_scale=PAIRS_64.pixel_scale,
        flux_unit="normalised to [0, 1]",
        description="The field and the noise of the HR images of Task VI.B in 64 pixels.",
        source="measured properties of Task VI.B of the DeepLense benchmark, pixels 150 / 64 as large",
        cameras=("pairs_64",),
        macro="pairs",
        noise="pairs",
    ),
    Preset(
        name="galaxies",
        title="Galaxies that are no lenses",
        classes=(GALAXY,),
        shape=(64, 64),
        target_shape=None,
        pixel_scale=None,
        flux_unit="e-/s per pixel, sky subtracted",
        description="Ellipticals, discs and spirals with neighbours, seen by HST, Euclid and JWST: no arcs, no substructure.",
        source="cameras and magnitudes of the survey presets; shapes as in `GALAXY_PRIORS`",
        cameras=("survey_hst", "survey_euclid", "survey_jwst"),
        macro="galaxy",
        offset=GALAXY_OFFSET,
        theta_e_solar=THETA_E_SOLAR_PHYSICAL,
    ),
    Preset(
        name="generalist",
        title="Generalist corpus",
        classes=(*CLASSES, GALAXY),
        shape=(64, 64),
        target_shape=None,
        pixel_scale=None,
        flux_unit="the unit of each lens's stratum",
        description="A mixture of the presets of 64 pixels, to train generalists on; the column “stratum” says which one it is.",
        source="the presets named in `stratum`",
        cameras=(),
        strata=(
            ("model_ii", 0.2),
            ("model_ii_free", 0.3),
            ("model_i_64", 0.1),
            ("model_iii", 0.1),
            ("pairs_64", 0.05),
            ("survey", 0.15),
            ("galaxies", 0.1),
        ),
    ),
    Preset(
        name="demonstration",
        title="Demonstration mixture",
        classes=CLASSES,
        shape=(64, 64),
        target_shape=None,
        pixel_scale=None,
        flux_unit="the unit of each lens's stratum",
        description="A mixture of what the shipped networks know well (Model II), less well (free macro model, Model III) and "
        "not at all (surveys): answers that are right, wrong and withheld; the column “stratum” says which one it is.",
        source="the presets named in `stratum`",
        cameras=(),
        strata=(("model_ii", 0.45), ("model_ii_free", 0.3), ("model_iii", 0.1), ("survey", 0.15)),
    ),
)
PRESETS: Mapping[str, Preset] = MappingProxyType({preset.name: preset for preset in (*_PRESETS, *_GENERALIST)})
