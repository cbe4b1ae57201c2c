"""`lensmae predict`: the same answers as from Python, one bad file never spoils the rest, files that open again."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from PIL import Image

from lensmae.data import open_dataset, read_image
from lensmae.evaluation.reconstruction.full_reconstruction import reconstruct
from lensmae.evaluation.superresolution.pairs import enlarge
from lensmae.models import load_checkpoint
from tests.crashing_files import CRASHING_FITS, CRASHING_HDF5
from tests.unit.test_cli import call, refused


@pytest.fixture
def lenses():
    return np.array(open_dataset("lenses").images[[0, 40]])


@pytest.fixture
def files(lenses, tmp_path):
    fits.PrimaryHDU(lenses[0]).writeto(tmp_path / "first.fits")
    np.save(tmp_path / "second.npy", lenses[1])
    return tmp_path / "first.fits", tmp_path / "second.npy"


@pytest.fixture
def networks(mae, classifier, superres):
    return "--classifier", classifier, "--mae", mae, "--superres", superres


def test_predict_gives_the_answers_of_the_networks_themselves(classifier, mae, networks, files, lenses):
    result = call("predict", *files, *networks, "--json")
    assert result.exit_code == 0, result.stderr
    answered = json.loads(result.stdout)
    assert answered["checkpoints"] == {"classifier": classifier, "mae": mae, "superres": "tiny-superres"}
    model = load_checkpoint(classifier)
    for found, row, score in zip(
        answered["images"], model.predict(lenses), reconstruct(load_checkpoint(mae), lenses).score, strict=True
    ):
        assert found["probabilities"] == pytest.approx(dict(zip(model.classes, row.tolist(), strict=True)), rel=1e-4)
        assert found["class"] == model.classes[row.argmax()]
        assert found["masked_mse"] == pytest.approx(score, rel=1e-4)
        assert found["in_domain"] == {"classifier": None, "mae": None, "superres": None}
    assert "lensmae fit-ood" in result.stderr


def test_item_band_and_crop_choose_what_is_looked_at(networks, files, lenses, tmp_path):
    cube = np.stack([lenses[0], lenses[1]])
    padded = np.pad(cube, ((0, 0), (10, 20), (5, 25)))
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(lenses[0], name="SCI"), fits.ImageHDU(padded, name="CUBE")]
    fits.HDUList(hdus).writeto(tmp_path / "many.fits")
    names = read_image(tmp_path / "many.fits").items
    options = "--item", next(name for name in names if "CUBE" in name), "--band", 1, "--crop", 5, 10, 64, "--json"
    chosen = json.loads(call("predict", tmp_path / "many.fits", *networks, *options).stdout)["images"][0]
    plain = json.loads(call("predict", files[1], *networks, "--json").stdout)["images"][0]
    assert chosen["probabilities"] == pytest.approx(plain["probabilities"], rel=1e-4)
    assert chosen["masked_mse"] == pytest.approx(plain["masked_mse"], rel=1e-4)
    assert "64x64 pixels from column 5 and row 10 on were cut out." in chosen["notes"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--crop", 10, 10, 64), "has 64x64 pixels, and a square of 64 from column 10 and row 10"),
        (("--crop", 0, -1, 32), "from 0 on"),
        (("--crop", 0, 0, 2), "at least 4"),
        (("--item", "SKY"), "SKY"),
        (("--band", 7), "band"),
    ],
)
def test_what_a_file_does_not_hold_is_said(networks, files, options, words):
    result = call("predict", files[0], *networks, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_csv_holds_one_row_a_file_and_nothing_else_is_on_stdout(classifier, networks, files, tmp_path):
    (tmp_path / "text.fits").write_text("no image")
    result = call("predict", *files, tmp_path / "text.fits", *networks, "--csv")
    assert result.exit_code == 1
    table = pd.read_csv(io.StringIO(result.stdout))
    assert [name.rsplit("/", 1)[-1] for name in table["file"]] == ["first.fits", "second.npy", "text.fits"]
    np.testing.assert_allclose(table[["P(axion)", "P(no_sub)", "P(cdm)"]].iloc[:2].sum(axis=1), 1, atol=1e-5)
    assert table["refused"].isna().tolist() == [True, True, False]
    assert "text.fits was not read" in result.stderr


def test_the_table_for_people_names_the_class(classifier, files):
    result = call("predict", files[0], "--classifier", classifier, "--mae", "none", "--superres", "none")
    assert result.exit_code == 0, result.stderr
    assert any(name in result.stdout for name in ("axion", "cdm", "no_sub"))


def test_what_the_networks_draw_is_written_and_opens_again(networks, files, lenses, tmp_path):
    result = call("predict", *files, *networks, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    expected = {
        f"{stem}.{kind}.{end}"
        for stem in ("first", "second")
        for kind in ("reconstruction", "superres")
        for end in ("npy", "fits", "png")
    }
    assert {path.name for path in (tmp_path / "out").iterdir()} == expected | {"answers.csv", "answers.vot"}
    drawn = reconstruct(load_checkpoint("tiny-mae"), lenses).prediction
    for stem, lens, prediction in zip(("first", "second"), lenses, drawn, strict=True):
        np.testing.assert_allclose(np.load(tmp_path / f"out/{stem}.reconstruction.npy"), prediction, rtol=1e-4, atol=1e-6)
        with fits.open(tmp_path / f"out/{stem}.superres.fits") as units:
            np.testing.assert_allclose(units[0].data, enlarge(load_checkpoint("tiny-superres"), lens)[1], rtol=1e-4, atol=1e-6)
            assert units[0].header["CHECKPT"] == "tiny-superres"
        assert Image.open(tmp_path / f"out/{stem}.superres.png").size == (512, 512)
    assert pd.read_csv(tmp_path / "out/answers.csv")["masked_mse"].notna().all()


def test_files_of_one_name_do_not_overwrite_each_other(networks, files, lenses, tmp_path):
    np.save(tmp_path / "first.npy", lenses[1])
    assert call("predict", files[0], tmp_path / "first.npy", *networks, "--out", tmp_path / "out").exit_code == 0
    assert len(list((tmp_path / "out").glob("*first.reconstruction.npy"))) == 2


def test_a_calibrated_network_says_that_noise_is_no_lens(mae, files, tmp_path):
    assert call("calibrate", mae, "lenses", "--held-out", 9).exit_code == 0
    np.save(tmp_path / "noise.npy", np.random.default_rng(0).random((64, 64)))
    only = ("--classifier", "none", "--superres", "none", "--mae", mae)
    result = call("predict", files[1], tmp_path / "noise.npy", *only, "--json")
    lens, noise = json.loads(result.stdout)["images"]
    assert noise["in_domain"]["mae"] is False
    assert "Out of the domain of tiny-mae" in noise["warnings"][0]
    assert noise["domain"]["mae"]["distance"]["value"] > lens["domain"]["mae"]["distance"]["value"]
    assert len(lens["domain"]["mae"]["neighbours"]) == 6


def test_each_network_must_be_of_its_kind(mae, files):
    assert refused(call("predict", files[0], "--classifier", mae), "classifier")
    assert refused(call("predict", files[0], "--json", "--csv"), "one of --json and --csv")


def test_a_reference_of_other_weights_is_not_taken_and_said(mae, files):
    assert call("calibrate", mae, "lenses", "--held-out", 9).exit_code == 0
    path = load_checkpoint(mae).path
    path.write_bytes(path.read_bytes()[:-4] + b"\x01\x02\x03\x04")
    only = ("--classifier", "none", "--superres", "none", "--mae", mae)
    result = call("predict", files[0], *only, "--json")
    assert result.exit_code == 0
    assert "other weights" in result.stderr
    assert json.loads(result.stdout)["images"][0]["in_domain"]["mae"] is None


def test_a_file_that_crashes_its_decoder_loses_no_other_files_answer(classifier, files, tmp_path):
    (tmp_path / "crash.fits").write_bytes(CRASHING_FITS)
    (tmp_path / "crash.h5").write_bytes(CRASHING_HDF5)
    order = (files[0], tmp_path / "crash.fits", tmp_path / "crash.h5", files[1])
    result = call("predict", *order, "--classifier", classifier, "--mae", "none", "--superres", "none", "--json")
    assert result.exit_code == 1
    answers = json.loads(result.stdout)["images"]
    assert [("probabilities" in answer and bool(answer["probabilities"])) for answer in answers] == [True, False, False, True]
    assert "crash.fits was not read: its decoder crashed on it" in result.stderr
    assert "crash.h5 was not read: its decoder crashed on it" in result.stderr
