"""The numbers behind every simulated data set, each with its source. Angles in arcsec, masses in Msun, axion masses in eV."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

CLASSES = ("no_sub", "cdm", "axion")
SPLITS = ("train", "validation", "test")

# Einstein radius of a 1 Msun point mass for lens z 0.5 and source z 1.0, from sqrt(4GM/c^2 D_LS/(D_L D_S)) with luminosity
# distances and D_LS = D_S - D_L in FlatLambdaCDM(H0=70, Om0=0.3, Ob0=0.05), as DeepLenseSim has it (1.2815" for 1e12 Msun).
# Physically odd, and needed to match the published images; a test recomputes it with astropy.
THETA_E_SOLAR = 1.2814893638623281e-6

# [D_ls/D_s](z_s = 1) / [D_ls/D_s](z_s = 2.5) with angular-diameter distances in the same cosmology: Models II and III compute
# deflections for z 2.5 and rescale them to the source at z 1. A test recomputes it with astropy.
MULTI_PLANE_FACTOR = 0.6337383137658485


@dataclass(frozen=True)
class Instrument:
    """A camera in lenstronomy's single-band terms."""

    num_pix: int
    pixel_scale: float
    seeing: float
    magnitude_zero_point: float
    sky_brightness: float
    exposure_time: float
    num_exposures: int
    read_noise: float
    ccd_gain: float

    def band(self) -> dict[str, float | str]:
        """lenstronomy's `kwargs_single_band`."""
        values: dict[str, float | str] = {name: value for name, value in vars(self).items() if name != "num_pix"}
        return values | {"psf_type": "GAUSSIAN"}


@dataclass(frozen=True)
class Preset:
    """A kind of data set that `simulate_dataset` can make.

    Attributes:
        name: as given to `lensmae simulate`.
        title: as shown on pages.
        classes: classes simulated, each `per_class` times.
        shape: image height and width in pixels.
        target_shape: of the HR images of a pair set, else None.
        pixel_scale: arcsec a pixel of `images`.
        flux_unit: unit of the pixels.
        description: one sentence.
        source: where the numbers are from.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    shape: tuple[int, int]
    target_shape: tuple[int, int] | None
    pixel_scale: float
    flux_unit: str
    description: str
    source: str


# Euclid VIS as lenstronomy 1.9.2 had it (SimulationAPI/ObservationConfig/Euclid.py); later versions changed the zero point.
EUCLID_VIS = Instrument(
    num_pix=64,
    pixel_scale=0.101,
    seeing=0.16,
    magnitude_zero_point=24.0,
    sky_brightness=22.35,
    exposure_time=565.0,
    num_exposures=4,
    read_noise=4.2,
    ccd_gain=3.1,
)

# The HR camera of `superres`: pixel scale and PSF of DeepLenseSim's Model I. Its flux scale is normalised away.
HR_CAMERA = Instrument(
    num_pix=150,
    pixel_scale=0.05,
    seeing=0.087,
    magnitude_zero_point=24.0,
    sky_brightness=22.35,
    exposure_time=1000.0,
    num_exposures=1,
    read_noise=4.2,
    ccd_gain=2.5,
)

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "model_ii": Preset(
            name="model_ii",
            title="DeepLense Model II",
            classes=CLASSES,
            shape=(64, 64),
            target_shape=None,
            pixel_scale=EUCLID_VIS.pixel_scale,
            flux_unit="2 x e-/s per pixel, noise-free",
            description="Euclid-like, noise-free lenses: no substructure, cold dark matter clumps, or an axion vortex.",
            source="DeepLenseSim Model II (github.com/mwt5345/DeepLenseSim); Task VI.A of the DeepLense benchmark",
        ),
        "superres": Preset(
            name="superres",
            title="Super-resolution pairs",
            classes=("no_sub",),
            shape=(75, 75),
            target_shape=(150, 150),
            pixel_scale=2 * HR_CAMERA.pixel_scale,
            flux_unit="normalised to [0, 1] by the HR image",
            description="Noisy 150-pixel lenses and their bicubic 75-pixel copies, with the noise-free truth.",
            source="measured properties of Task VI.B of the DeepLense benchmark",
        ),
    }
)
