"""Cameras in lenstronomy's single-band terms: arcsec, seconds, AB magnitudes, sky in mag/arcsec^2, read noise in e-."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType


@dataclass(frozen=True)
class Instrument:
    """A camera in lenstronomy's single-band terms.

    Attributes:
        num_pix: side of an image.
        seeing: FWHM of the Gaussian PSF, which ends at `truncation` sigma.
        coarsest: largest pixel scale of a cut-out in `survey`, in units of the camera's own.
        lens_magnitudes, source_magnitudes: of lens and unlensed source in the `survey` presets, uniform between.
        supersampling: rays a pixel and axis.
    """

    num_pix: int
    pixel_scale: float
    seeing: float
    magnitude_zero_point: float
    sky_brightness: float
    exposure_time: float
    num_exposures: int
    read_noise: float
    ccd_gain: float
    truncation: float = 5.0
    supersampling: int = 1
    coarsest: float = 1.0
    lens_magnitudes: tuple[float, float] | None = None
    source_magnitudes: tuple[float, float] | None = None

    def band(self) -> dict[str, float | str]:
        """lenstronomy's `kwargs_single_band`."""
        values: dict[str, float | str] = {field.name: getattr(self, field.name) for field in fields(self)}
        ours = ("num_pix", "supersampling", "coarsest", "lens_magnitudes", "source_magnitudes")
        return {name: value for name, value in values.items() if name not in ours} | {"psf_type": "GAUSSIAN"}


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

# DeepLenseSim's Model I. Its source has an amplitude and its sky an rms, so zero point, sky and read noise are not used.
MODEL_I = Instrument(
    num_pix=150,
    pixel_scale=0.05,
    seeing=0.087,
    magnitude_zero_point=25.0,
    sky_brightness=22.0,
    exposure_time=1778.0,
    num_exposures=1,
    read_noise=0.0,
    ccd_gain=1.0,
    truncation=3.0,
)

# HST WFC3 F160W as lenstronomy has it (ObservationConfig/HST.py), for Model III.
HST_F160W = Instrument(
    num_pix=64,
    pixel_scale=0.08,
    seeing=0.08,
    magnitude_zero_point=25.96,
    sky_brightness=22.3,
    exposure_time=5400.0,
    num_exposures=1,
    read_noise=4.0,
    ccd_gain=2.5,
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

# The fields of Model I and of `superres` in 64 pixels, as images of 150 are brought to the networks' size. Two rays an axis: a
# pixel is wider than the PSF.
MODEL_I_64 = replace(MODEL_I, num_pix=64, pixel_scale=MODEL_I.pixel_scale * 150 / 64, supersampling=2)
PAIRS_64 = replace(HR_CAMERA, num_pix=64, pixel_scale=HR_CAMERA.pixel_scale * 150 / 64, supersampling=2)

# HST ACS/WFC F814W (ACS Instrument Handbook: scale, zero point, read noise, average sky), four exposures as SLACS took them
# (Bolton et al. 2008).
SURVEY_HST = Instrument(
    num_pix=64,
    pixel_scale=0.05,
    seeing=0.1,
    magnitude_zero_point=25.94,
    sky_brightness=21.9,
    exposure_time=525.0,
    num_exposures=4,
    read_noise=4.2,
    ccd_gain=2.0,
    supersampling=2,
    coarsest=3.0,
    lens_magnitudes=(17.5, 20.5),
    source_magnitudes=(22.0, 24.5),
)

# Euclid VIS, wide survey, as lenstronomy 1.14.2 has it (arXiv:2405.13496, 2405.13501, 2405.13493).
SURVEY_EUCLID = Instrument(
    num_pix=64,
    pixel_scale=0.101,
    seeing=0.16,
    magnitude_zero_point=25.72,
    sky_brightness=22.3,
    exposure_time=566.0,
    num_exposures=4,
    read_noise=4.2,
    ccd_gain=3.1,
    supersampling=2,
    coarsest=1.5,
    lens_magnitudes=(17.5, 20.5),
    source_magnitudes=(21.5, 24.0),
)

# JWST NIRCam F277W as in COSMOS-Web, from lenstronomy 1.14.2 (ObservationConfig/JWST.py).
SURVEY_JWST = Instrument(
    num_pix=64,
    pixel_scale=0.063,
    seeing=0.092,
    magnitude_zero_point=26.49,
    sky_brightness=28.96,
    exposure_time=257.0,
    num_exposures=8,
    read_noise=13.25,
    ccd_gain=1.82,
    supersampling=2,
    coarsest=2.4,
    lens_magnitudes=(18.0, 21.0),
    source_magnitudes=(22.5, 25.0),
)

CAMERAS: Mapping[str, Instrument] = MappingProxyType(
    {
        "model_i": MODEL_I,
        "euclid_vis": EUCLID_VIS,
        "hst_f160w": HST_F160W,
        "pairs": HR_CAMERA,
        "model_i_64": MODEL_I_64,
        "pairs_64": PAIRS_64,
        "survey_hst": SURVEY_HST,
        "survey_euclid": SURVEY_EUCLID,
        "survey_jwst": SURVEY_JWST,
    }
)
