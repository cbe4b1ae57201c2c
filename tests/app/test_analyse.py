"""Uploads on the Analyse page: good files of every kind, and bad ones that get a plain message."""

import io

import h5py
import numpy as np
import pytest
import tifffile
from astropy.io import fits
from PIL import Image
from streamlit.testing.v1 import AppTest

from lensmae.app.jobs.board import board
from lensmae.data import open_dataset, simulate_lens
from lensmae.evaluation.ood.fit import fit_checkpoint
from lensmae.evaluation.reconstruction.full_reconstruction import reconstruct
from lensmae.models import load_checkpoint
from tests.app.conftest import SMALL, assert_clean, texts
from tests.crashing_files import CRASHING_FITS, CRASHING_HDF5


def npy(array) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def fits_file(array) -> bytes:
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(array.astype(">f4"))]).writeto(buffer)
    return buffer.getvalue()


def png(array) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.uint8(255 * array / array.max())).save(buffer, "PNG")
    return buffer.getvalue()


def jpeg(array) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.uint8(255 * array / array.max())).save(buffer, "JPEG")
    return buffer.getvalue()


def npz(array) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, image=array)
    return buffer.getvalue()


def tiff(array) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array)
    return buffer.getvalue()


def hdf5(array) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["lens"] = array
    return buffer.getvalue()


ENCODERS = {"npy": npy, "fits": fits_file, "png": png, "jpg": jpeg, "npz": npz, "tif": tiff, "h5": hdf5}


@pytest.fixture
def lens(home):
    return np.array(open_dataset("lenses").images[40])


def analyse(open_app, *files):
    app = open_app("analyse", **SMALL)
    uploader = app.file_uploader("uploads")
    for name, content in files:
        uploader = uploader.upload(name, content)
    return uploader.run()


@pytest.mark.parametrize(("name", "encode"), [("lens.npy", npy), ("lens.fits", fits_file), ("lens.png", png)])
def test_a_good_file_is_read_classified_and_reconstructed(lens, open_app, name, encode):
    app = analyse(open_app, (name, encode(lens)))
    assert_clean(app)
    metrics = {metric.label: metric.value for metric in app.metric}
    model = load_checkpoint("small-classifier")
    called = model.classes[int(model.predict(lens[None])[0].argmax())]
    # With nine held-out lenses a limit is coarse: the picture's 256 levels may lie beyond it.
    said = metrics.get("Most probable class", metrics.get("Class"))
    assert said in ((called, "cannot tell") if name == "lens.png" else (called,))
    assert {"Reconstruction", "Super-resolution"} <= {heading.value for heading in app.header}
    assert "were trained on simulated lenses only" in texts(app.caption)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.npy", npy(np.ones((64, 64)))[:900]),
        ("text.fits", b"This is no FITS file, whatever its name says."),
        ("nan.npy", npy(np.full((64, 64), np.nan))),
        ("one.npy", npy(np.ones((1, 1)))),
        ("huge.npy", npy(np.zeros((5000, 5000), dtype=np.uint8))),
        ("words.npy", npy(np.array([["a", "b"]] * 40))),
        ("empty.png", b""),
    ],
)
def test_a_bad_file_gets_a_message_that_names_it(home, open_app, name, content):
    app = analyse(open_app, (name, content))
    assert not app.exception
    assert len(app.error) == 1
    assert app.error[0].value.startswith(name)
    assert "Traceback" not in app.error[0].value


def test_labels_among_the_files_say_that_an_array_is_of_lenses(home, open_app):
    lenses = np.array(open_dataset("lenses").images[:5])
    app = analyse(open_app, ("set.npy", npy(lenses)), ("y.npy", npy(np.arange(5))))
    assert_clean(app)
    assert "Lens, 0 to 4" in [field.label for field in app.number_input]
    assert "labels of set.npy" in texts(app.caption)
    assert not app.error


def test_one_bad_file_never_spoils_the_rest(lens, open_app):
    app = analyse(open_app, ("a.npy", npy(lens)), ("bad.fits", b"no"), ("b.npy", npy(lens[::-1])))
    assert [error.value.split(" ")[0] for error in app.error] == ["bad.fits"]
    table = app.dataframe[0].value
    assert table["file"].tolist() == ["a.npy", "b.npy"]
    chances = table[["P(no_sub)", "P(cdm)", "P(axion)"]].to_numpy()
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=2e-4)
    # The answer is averaged over the eight symmetries, so a mirrored lens gets the same.
    np.testing.assert_allclose(chances[0], chances[1], atol=2e-3)


def test_a_constant_image_is_no_reason_to_fail(home, open_app):
    assert_clean(analyse(open_app, ("flat.npy", npy(np.ones((64, 64))))))


def test_two_hundred_files_of_mixed_kinds_are_all_answered_or_refused_by_name(home, open_app):
    images = np.array(open_dataset("lenses").images)
    bad = {"npy": npy(images[0])[:500], "fits": b"SIMPLE  =", "png": b"", "h5": npy(np.full((9, 9), np.nan))}
    files, wrong = [], []
    for place in range(200):
        ending = list(ENCODERS)[place % 7]
        name = f"lens-{place:03}.{ending}"
        if place % 9 == 4 and ending in bad:
            files.append((name, bad[ending]))
            wrong.append(name)
        else:
            files.append((name, ENCODERS[ending](images[place % 90, : 40 + place % 24])))
    app = analyse(open_app, *files)
    assert not app.exception
    assert len(app.error) == 1
    assert f"{len(wrong)} of 200 files were not read" in app.error[0].value
    refused, answered = (frame.value for frame in app.dataframe[:2])
    assert refused["file"].tolist() == wrong
    assert all(reason.startswith(name) for name, reason in zip(refused["file"], refused["reason"], strict=True))
    assert answered["file"].tolist() == [name for name, _ in files if name not in wrong]
    assert answered["image"].str.startswith("data:image/png;base64,").all()


def test_a_reference_is_fitted_on_the_chosen_set_once_and_images_out_of_distribution_are_warned_about(lens, home, open_app):
    noise = np.random.default_rng(0).random((64, 64))
    app = analyse(open_app, ("lens.npy", npy(lens)), ("noise.npy", npy(noise)))
    assert_clean(app)
    kept = list((home / "cache/references").iterdir())
    assert len(kept) == 2
    table = app.dataframe[0].value
    assert (table["class"] == "cannot tell").tolist() == [False, True]
    assert (table["in domain of"] == "⚠ none").tolist() == [False, True]
    assert "1 of 2 images are out of the classifier's domain" in texts(app.warning)
    assert "small-superres has no reference" in texts(app.info)
    app.selectbox("look").set_value("noise.npy").run()
    assert "Cannot tell. The image is out of the domain of small-classifier: " in texts(app.warning)
    assert "Out of the domain of small-mae" in texts(app.caption)
    assert {metric.label: metric.value for metric in app.metric}["Class"] == "cannot tell"
    assert sorted((home / "cache/references").iterdir()) == sorted(kept)


def test_a_reference_beside_the_checkpoint_is_taken_and_one_of_other_weights_is_not(lens, home, open_app):
    path = fit_checkpoint("small-mae", "lenses", 40, 9)
    assert_clean(analyse(open_app, ("lens.npy", npy(lens))))
    before = list((home / "cache/references").iterdir())
    assert len(before) == 1
    path.write_bytes(fit_checkpoint("small-classifier", "lenses", 40, 9).read_bytes())
    app = analyse(open_app, ("lens.npy", npy(lens)))
    assert not app.exception
    assert "belongs to other weights than small-mae.safetensors holds now" in texts(app.info)
    assert len(list((home / "cache/references").iterdir())) == 2


def test_a_read_only_dashboard_answers_without_measuring(lens, home, open_app, monkeypatch):
    monkeypatch.setenv("LENSMAE_READ_ONLY", "1")
    app = analyse(open_app, ("lens.npy", npy(lens)))
    assert_clean(app)
    assert "read-only" in texts(app.info)
    assert app.metric
    assert not (home / "cache").exists()


def test_the_score_shown_is_that_of_the_network(lens, open_app):
    app = analyse(open_app, ("lens.npy", npy(lens)))
    score = reconstruct(load_checkpoint("small-mae"), lens[None]).score[0]
    assert f"masked MSE {score:.2e}" in texts(app.caption)


def test_another_image_and_another_band_of_a_file_are_read_when_chosen(lens, open_app):
    buffer = io.BytesIO()
    second = fits.ImageHDU(np.stack([np.roll(lens, 3), lens, lens[::-1]]), name="COLOURS")
    fits.HDUList([fits.PrimaryHDU(lens), second]).writeto(buffer)
    app = analyse(open_app, ("two.fits", buffer.getvalue()))
    assert_clean(app)
    item = next(box for box in app.selectbox if box.label == "Image in the file")
    item.set_value(item.options[1]).run()
    assert_clean(app)
    assert "bands were averaged" in texts(app.markdown)
    band = next(box for box in app.selectbox if box.label == "Band")
    band.set_value(1).run()
    assert_clean(app)
    assert "Band 1 of its 3 was taken" in texts(app.markdown)
    score = reconstruct(load_checkpoint("small-mae"), lens[None]).score[0]
    assert f"masked MSE {score:.2e}" in texts(app.caption)


def test_three_bands_or_three_images_of_a_file_are_shown_in_colour(lens, open_app):
    units = [fits.ImageHDU(lens, name=f"{band}_FLUX") for band in ("VIS", "NIR_J", "NIR_H")]
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), *units, fits.ImageHDU(np.ones_like(lens), name="VIS_RMS")]).writeto(buffer)
    stack = npy(np.stack([lens] * 3))
    for name, content, red in (("a.fits", buffer.getvalue(), "HDU 3 (NIR_H_FLUX)"), ("a.npy", stack, "band 2")):
        app = analyse(open_app, (name, content))
        colour = next(toggle for toggle in app.toggle if toggle.label == "In colour")
        colour.set_value(True).run()
        assert_clean(app)
        assert f"red: {red}" in texts(app.caption)


def test_stopped_work_keeps_what_is_done_and_goes_on(lens, open_app, monkeypatch):
    from lensmae.app.analyse import uploads

    def interrupted(wanted, missing, asked, show):
        uploads.stop(tuple(wanted))

    with monkeypatch.context() as patch:
        patch.setattr(uploads, "_answer", interrupted)
        app = analyse(open_app, ("a.npy", npy(lens)), ("b.npy", npy(lens)))
        assert "Stopped after 0 of 2 files" in texts(app.info)
    app.button("go-on").click().run()
    assert_clean(app)
    assert app.dataframe[0].value["file"].tolist() == ["a.npy", "b.npy"]


def test_the_plane_can_be_a_umap_with_the_images_in_it(lens, open_app):
    app = analyse(open_app, ("lens.npy", npy(lens)))
    app.button_group("plane-method").set_value("umap").run()
    assert_clean(app)
    assert board().wait(120)
    app.run()
    assert_clean(app)
    assert "Your images lie at the weighted mean of their nearest neighbours" in texts(app.caption)


def test_cosmic_rays_are_removed_where_asked_and_it_is_said(open_app):
    pixels = simulate_lens("survey_hst", "no_sub", 1).image
    pixels = np.where(np.indices(pixels.shape).sum(axis=0) % 37 == 0, pixels + 30 * pixels.std(), pixels)
    app = analyse(open_app, ("lens.npy", npy(pixels)))
    assert "cosmic rays" not in texts(app.markdown)
    next(toggle for toggle in app.toggle if toggle.label == "Remove cosmic rays").set_value(True).run()
    assert_clean(app)
    assert "pixels hit by cosmic rays" in texts(app.markdown)


def test_a_pixel_scale_can_be_given_where_the_file_has_none(lens, open_app):
    app = analyse(open_app, ("a.npy", npy(lens)))
    assert "no pixel scale in the file" in texts(app.caption)
    field = next(field for field in app.number_input if field.label == "Pixel scale")
    assert field.value is None
    app = field.set_value(0.05).run()
    assert_clean(app)
    assert "0.050 arcsec/pixel" in texts(app.caption)
    assert "The pixel scale was given as 0.05 arcsec; the file says none." in texts(app.markdown)


def test_a_link_reopens_the_files_as_they_were_read_and_removed_ones_are_gone(lens, home, open_app, monkeypatch):
    from lensmae.app.analyse.answers_cache import answers

    app = analyse(open_app, ("a.npy", npy(lens)), ("b.npy", npy(lens[::-1])))
    assert_clean(app)
    identity = app.query_params["analysis"]
    identity = identity[0] if isinstance(identity, list) else identity

    def reopened():
        app = open_app("analyse", **SMALL)
        app.query_params["analysis"] = identity
        app.run()
        assert_clean(app)
        return app

    # A server that was started anew finds the answers in the workspace.
    answers.clear()
    with monkeypatch.context() as patch:
        patch.setattr("lensmae.evaluation.images.analyse.analyse_files", None)
        again = reopened()
    assert again.dataframe[0].value["file"].tolist() == ["a.npy", "b.npy"]
    field = next(field for field in again.number_input if field.label == "Pixel scale")
    field.set_value(0.05).run()
    assert "0.050 arcsec/pixel" in texts(reopened().caption)
    (kept,) = (home / "analyses").iterdir()
    assert len(list(kept.glob("*.bin"))) == 2
    again = reopened()
    next(button for button in again.button if button.label == "Remove them").click().run()
    assert_clean(again)
    assert list(kept.glob("*.bin")) == []


@pytest.mark.parametrize("identity", ["0" * 20, "../../etc/passwd", "<b>x</b>"])
def test_an_address_of_no_analysis_gets_a_plain_notice(home, open_app, identity):
    app = open_app("analyse", **SMALL)
    app.query_params["analysis"] = identity
    app.run()
    assert not app.exception
    assert len(app.warning) == 1
    assert not (home / "analyses").exists()


def test_images_of_one_object_are_brought_together_and_a_withheld_row_carries_no_probability(lens, open_app):
    noise = np.random.default_rng(0).random((64, 64))
    app = analyse(open_app, ("J10_g.npy", npy(lens)), ("J10_r.npy", npy(lens)), ("noise.npy", npy(noise)))
    table = app.dataframe[0].value.set_index("file")
    assert table.loc["noise.npy", "class"] == "cannot tell"
    assert table.loc["noise.npy", ["P(no_sub)", "P(cdm)", "P(axion)"]].isna().all()
    assert table["verdict"].str.startswith("✗").tolist() == [False, False, True]
    app.session_state["rows"] = "objects"
    app.run()
    assert_clean(app)
    objects = app.dataframe[0].value
    assert objects[["object", "images", "bands", "agree"]].values.tolist() == [["J10", 2, "g, r", True], ["noise", 1, "", False]]


def test_all_images_are_cut_to_one_side_at_once(open_app):
    wide = np.zeros((100, 120))
    wide[40:60, 70:90] = 1.0
    app = analyse(open_app, ("a.npy", npy(wide)), ("b.npy", npy(wide.T)), ("bad.fits", b"no"))
    app.session_state["crop-all"] = True
    app.session_state["crop-side"], app.session_state["crop-about"] = 40, "middle"
    app.run()
    next(button for button in app.button if button.label == "Cut all 3").click().run()
    assert not app.exception
    assert app.dataframe[0].value["pixels"].tolist() == ["40×40", "40×40"]


def test_files_that_crash_their_decoder_are_said_and_the_page_goes_on(lens, open_app):
    app = analyse(open_app, ("crash.fits", CRASHING_FITS), ("crash.h5", CRASHING_HDF5), ("good.npy", npy(lens)))
    assert not app.exception, texts(app.exception)
    said = texts(app.error)
    assert "crash.fits was not read: its decoder crashed on it" in said
    assert "crash.h5 was not read: its decoder crashed on it" in said


def test_the_mean_of_two_images_of_a_file_is_network_input_when_chosen(lens, open_app):
    buffer = io.BytesIO()
    units = [fits.ImageHDU(pixels, name=name) for name, pixels in (("VIS_FLUX", 2 * lens - lens[::-1]), ("NIR_FLUX", lens[::-1]))]
    fits.HDUList([fits.PrimaryHDU(), *units]).writeto(buffer)
    app = analyse(open_app, ("two.fits", buffer.getvalue()))
    mean = next(box for box in app.multiselect if box.label == "Mean of")
    mean.set_value(["HDU 1 (VIS_FLUX)", "HDU 2 (NIR_FLUX)"]).run()
    assert_clean(app)
    assert "The mean of HDU 1 (VIS_FLUX), HDU 2 (NIR_FLUX) was taken" in texts(app.markdown)
    score = reconstruct(load_checkpoint("small-mae"), lens[None]).score[0]
    assert f"masked MSE {score:.2e}" in texts(app.caption)
    mean = next(box for box in app.multiselect if box.label == "Mean of")
    mean.set_value([]).run()
    assert_clean(app)
    assert "Of its 2 images, HDU 1" in texts(app.markdown)


def _uploads_with_companions():
    from lensmae.app.analyse.uploads import Upload, say_companions

    beside = {"noise": None, "psf": None}
    say_companions([Upload("a_data.fits", ("1", None, ()), None, beside), Upload("b.fits", ("2", None, ()), None)])


def test_files_that_are_no_images_of_their_own_are_counted_and_named():
    app = AppTest.from_function(_uploads_with_companions, default_timeout=60).run()
    assert_clean(app)
    assert texts(app.caption) == "2 images; 2 of the files belong to one of them: noise map, PSF of a_data.fits."
