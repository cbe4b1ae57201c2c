"""Files that pages hand out."""

import io
from types import SimpleNamespace

import numpy as np
from astropy import units
from astropy.io import fits
from astropy.wcs import WCS

from lensmae.app.lens_lab.controls import LabLens
from lensmae.app.lens_lab.keep import fits_file as lab_file
from lensmae.app.reconstruction.downloads import fits_file
from lensmae.app.superresolution.downloads import fits_file as pair_file
from lensmae.data.simulation.lens_lab import Observation, Subhalo
from lensmae.data.simulation.lensing.critical_curves import Curves
from lensmae.data.simulation.presets import PRESETS
from lensmae.evaluation.superresolution.pairs import ResolvedPair


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
            # Of what the network was shown it predicts nothing.
            hidden = written["HIDDEN"].data.astype(bool)
            np.testing.assert_array_equal(hidden, np.kron([[1, 0], [0, 1]], np.ones((4, 4))))
            np.testing.assert_array_equal(written["ERROR"].data, np.where(hidden, 1, np.nan))
            np.testing.assert_array_equal(written[0].data, np.where(hidden, written["ORIGINAL"].data + 1, np.nan))


def test_a_pair_is_a_file_of_images_of_one_grid_with_its_scores():
    low, high = np.arange(16.0).reshape(4, 4), np.arange(64.0).reshape(8, 8)
    pair = ResolvedPair(low, high, high + 2, high + 1, high, None, 42.0, 0.98, 41.0, 0.97, 40.0, 0.96)
    info = SimpleNamespace(name="pairs", pixel_scale=0.1, flux_unit="counts")
    with fits.open(io.BytesIO(pair_file(pair, info, 7, "superres", whole=True))) as written:
        assert [hdu.name for hdu in written] == ["PRIMARY", "HR", "BICUBIC", "RESIDUAL"]
        np.testing.assert_array_equal(written["RESIDUAL"].data, 1)
        for hdu in written:
            np.testing.assert_allclose(WCS(hdu.header).pixel_to_world_values(4.5, 3.5), [0.05, 0], atol=1e-12)
        header = written[0].header
        assert (header["CHECKPT"], header["PAIR"], header["TTA"], header["PSNR"]) == ("superres", 7, 1, 42.0)


def test_a_lens_of_the_lab_is_a_file_of_what_its_camera_sees_and_what_it_is():
    scalars = {"theta_E": 1.3, "source_x": 0.1, "source_y": 0.0}
    lens = LabLens("model_ii", scalars, (Subhalo(1e9, 0.5, 0.5), Subhalo(2e9, 0.0, 1.0)), 3, None)
    images = [np.full((64, 64), value, dtype=np.float32) for value in range(4)]
    with fits.open(io.BytesIO(lab_file(lens, Observation(*images, Curves((), ()), 0.05)))) as written:
        assert [hdu.data.mean() for hdu in written] == [0, 1, 2, 3]
        assert [hdu.name for hdu in written[1:]] == ["NOISEFREE", "SMOOTH", "SOURCE"]
        header = written[0].header
        assert (header["CLASS"], header["SUBMASS"], header["CDELT1"]) == ("cdm", 3e9, 0.05)
