"""The numbers behind every simulated data set, each with its source. Angles in arcsec, masses in Msun, axion masses in eV.

Cameras stand in `lensmae.data.simulation.cameras`; `lensmae gallery` writes all of it, with pictures, to docs/presets.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lensmae.data.simulation.cameras import EUCLID_VIS, HR_CAMERA, HST_F160W, MODEL_I, SURVEY_EUCLID, SURVEY_HST, SURVEY_JWST

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
Z_LENS, Z_SOURCE = 0.5, 1.0


@dataclass(frozen=True)
class Preset:
    """A kind of data set that `simulate_dataset` can make.

    Attributes:
        name: as given to `lensmae simulate`.
        title: as shown on pages.
        classes: classes simulated, each `per_class` times.
        shape: image height and width in pixels.
        target_shape: of the HR images of a pair set, else None.
        pixel_scale: arcsec a pixel of `images`; None where it differs from lens to lens (column `pixel_scale`).
        flux_unit: unit of the pixels.
        description: one sentence.
        source: where the numbers are from.
        cameras: names in `CAMERAS`; one of them sees a lens.
        plane_factor: deflections are multiplied by it; see `MULTI_PLANE_FACTOR`.
        theta_e_solar: Einstein radius of a point mass of 1 Msun.
        halo_profile: lenstronomy's profile of a cold dark matter subhalo.
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
    noise: str = "camera"
    noise_level: float = 1.0


# Models I-III (DeepLenseSim): the lens and the source are always the same but for the source's place, uniform in x and y.
MODEL_LENS_MASS = 1e12
MODEL_LENS = {"e1": 0.1, "e2": 0.0, "gamma1": 0.05, "gamma2": 0.0}
MODEL_SOURCE = {"R_sersic": 0.25, "n_sersic": 1.0, "source_e1": -0.1, "source_e2": 0.1}
MODEL_SOURCE_PLACE = (-0.35, 0.35)
# Cold dark matter: so many point masses, dN/dm ~ m^slope between two masses, radius uniform in an annulus.
MODEL_HALOS = {"count": 25, "slope": -0.9, "masses": (1e6, 1e10), "radius": (0.25, 2.0)}
# Axion vortex: log10 of its mass in eV, uniform; a line of equal point masses of half-length length / (2 m).
AXION_LOG_MASS = (-24.0, -22.0)
VORTEX = {"count": 100, "point_mass": 3e8, "length": 0.06e-22}

# Models I-III: magnitude of the source; Model I has an amplitude (flux a square arcsec at the half-light radius) instead.
SOURCE_MAGNITUDE = 20.0
MODEL_I_AMPLITUDE = 20.0
MODEL_I_BACKGROUND_RMS = 0.01
# Logarithm of the exposure time in seconds, uniform.
MODEL_I_LOG_EXPOSURE = (3.0, 3.5)

# `superres`: rings and arcs 20-45 HR pixels in radius, elongated along x by 0.6-1, as measured on Task VI.B. Uniform.
PAIR_PRIORS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "theta_E": (1.0, 2.25),
        "e1": (0.0, 0.25),
        "e2": (-0.05, 0.05),
        "gamma1": (-0.06, 0.02),
        "gamma2": (-0.03, 0.03),
        "source_x": (-0.3, 0.3),
        "source_y": (-0.3, 0.3),
        "R_sersic": (0.18, 0.36),
        "n_sersic": (0.5, 1.0),
        "source_e1": (-0.2, 0.2),
        "source_e2": (-0.2, 0.2),
    }
)

# `superres`: flux-dependent noise of the HR images (range [0, 1]): variance = background + shot + a term that grows with flux
# squared. Set so that bicubic scores what it scores on Task VI.B's images (41.6 dB, SSIM 0.973); rms 0.006 on the sky, 0.010 /
# 0.013 / 0.018 / 0.026 / 0.034 at flux 0.09 / 0.18 / 0.37 / 0.7 / 1, some 20 % above the local rms measured on those images.
PAIR_NOISE_VARIANCE = (3.0e-5, 6.6e-4, 4.4e-4)
PAIR_SKY = 0.008

# `survey`, cold dark matter. Slope dN/dm ~ m^-1.9: Springel et al. 2008 (MNRAS 391, 1685). Share of the projected mass near the
# Einstein radius that is in subhalos: Dalal & Kochanek 2002 (ApJ 572, 25), median 0.02, 90 % between 0.006 and 0.07.
HALO_SLOPE = -1.9
HALO_MASSES = (1e8, 1e10)
HALO_FRACTION = 0.02
# Mass-concentration relation c200(M, z) of NFW halos: Dutton & Maccio 2014 (MNRAS 441, 3359), eqs. 7, 10, 11, with its scatter.
HALO_CONCENTRATION = {"a": (0.520, 0.905, -0.617, 1.21), "b": (-0.101, 0.026), "scatter_dex": 0.11}
# Truncation radius 1.4 kpc (m / 1e7 Msun)^(1/3) (r / 50 kpc)^(2/3): Gilman et al. 2020 (MNRAS 491, 6077), here r = 50 kpc.
HALO_TRUNCATION_KPC = 1.4

# `survey`, priors of lens and source (uniform between the bounds unless said). Axis ratios, shear and sizes as in the SLACS
# sample (Bolton et al. 2008, ApJ 682, 964; Auger et al. 2009, ApJ 705, 1099); lens light is round about the mass.
SURVEY_PRIORS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "theta_E": (0.5, 2.2),
        "theta_E_pixels": (5.0, 23.0),
        "ellipticity": (0.0, 0.25),
        "shear": (0.0, 0.08),
        # Source's distance from the optical axis, in Einstein radii; its square is uniform.
        "source_offset": (0.0, 0.45),
        "R_sersic": (0.06, 0.35),
        "n_sersic": (0.5, 2.5),
        "source_ellipticity": (0.0, 0.35),
        # Bright knots of the source: number (Poisson mean, maximum), each one's share of its light, and size in arcsec.
        "clumps": (1.2, 4.0),
        "clump_share": (0.03, 0.12),
        "clump_R_sersic": (0.03, 0.06),
        # The lens galaxy's half-light radius in Einstein radii, and its Sersic index.
        "lens_R_sersic": (0.4, 1.8),
        "lens_n_sersic": (2.5, 5.0),
        # Neighbours: number (Poisson mean, maximum), fainter than the lens by so many magnitudes, size in arcsec.
        "neighbours": (0.6, 3.0),
        "neighbour_fainter": (1.5, 4.0),
        "neighbour_R_sersic": (0.1, 0.4),
    }
)

_SURVEY = {
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
        flux_unit="2 x e-/s per pixel, noise-free",
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
        flux_unit="2 x e-/s per pixel, noise-free",
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
PRESETS: Mapping[str, Preset] = MappingProxyType({preset.name: preset for preset in _PRESETS})
