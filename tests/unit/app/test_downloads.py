"""Files of the Reconstruction page."""

import io
from types import SimpleNamespace

import numpy as np
from astropy import units
from astropy.io import fits

from lensmae.app.reconstruction.downloads import fits_file
from lensmae.data.simulation.presets import PRESETS


def shown(unit: str) -> SimpleNamespace:
    """What the page would have on the screen: one lens, one network, one mask."""
    image = np.arange(64.0).reshape(8, 8)
    hidden = np.array([[[True, False], [False, True]]])
    frames = SimpleNamespace(predictions=image[None] + 1, hidden=hidden, composites=lambda _: image[None])
    data = SimpleNamespace(name="lenses", flux_unit=unit, pixel_scale=0.1)
    return SimpleNamespace(
        pairs=[("mae", frames)], image=image, index=0, data=data, unit=unit, pixel_scale=0.1,
        choice=SimpleNamespace(lens=3), strategy="random", seed=0, ratio=0.5, model=SimpleNamespace(patch_size=4),
    )  # fmt: skip


def test_bunit_is_a_unit_that_fits_knows_or_is_not_there():
    for unit in {preset.flux_unit for preset in PRESETS.values()} | {"MJy/sr", "as in the files"}:
        with fits.open(io.BytesIO(fits_file(shown(unit), 0))) as written:
            header = written[0].header
            assert header["FLUXUNIT"] == unit
            if "BUNIT" in header:
                assert units.Unit(header["BUNIT"]).to_string()
            else:
                assert unit not in ("counts", "MJy/sr")
            assert [hdu.name for hdu in written] == ["PRIMARY", "ORIGINAL", "HIDDEN", "COMPOSITE", "ERROR"]
            np.testing.assert_array_equal(written["ERROR"].data, 1)
