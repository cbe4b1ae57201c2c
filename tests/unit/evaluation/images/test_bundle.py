"""All products as one zip."""

import io
import json
import zipfile

import numpy as np
import pandas as pd

from lensmae.data.images.lens_image import LensImage
from lensmae.evaluation.images.analyse import Networks, Refusal, analyse_images
from lensmae.evaluation.images.answers import table as answers
from lensmae.evaluation.images.bundle import Entry, safe_stems, with_tables, write_bundle
from lensmae.evaluation.images.derived_images import reconstruction_product
from lensmae.models import load_checkpoint


def test_names_inside_the_zip_are_safe_and_unlike_each_other():
    names = ["../../etc/passwd", "a b.fits", "A_b.npy", "..", "C:\\x\\a b.png", "é.tif"]
    assert safe_stems(names) == ["passwd", "a_b", "A_b-2", "image", "a_b-3", "é"]


def test_the_zip_holds_the_table_the_records_and_each_image_as_it_was_made(mae, tmp_path):
    model = load_checkpoint(mae)
    pixels = np.random.default_rng(0).random((64, 64)).astype(np.float32)
    (answer,) = analyse_images([LensImage(pixels, "../lens.fits", "fits")], Networks(mae=model))
    product = reconstruction_product(answer, model)
    entries = [Entry(answer, lambda: iter([product])), Entry(Refusal("bad.npy", "bad.npy was not read."), lambda: iter(()))]
    done = []
    write_bundle(
        tmp_path / "all.zip", entries, lambda stem, one: {f"{stem}.raw": one.pixels.tobytes()}, lambda *step: done.append(step)
    )
    # Graded after the images were made.
    rows = answers([answer, entries[1].answer]).assign(grade=["A", ""])
    whole = with_tables((tmp_path / "all.zip").read_bytes(), rows)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == {"answers.csv", "answers.vot", "answers.json", "images/lens.reconstruction.raw"}
        assert archive.read("images/lens.reconstruction.raw") == product.pixels.tobytes()
        table = pd.read_csv(io.BytesIO(archive.read("answers.csv")))
        assert table["file"].tolist() == ["../lens.fits", "bad.npy"]
        assert table["grade"][0] == "A"
        assert json.loads(archive.read("answers.json"))[1] == {"file": "bad.npy", "refused": "bad.npy was not read."}
    assert done == [(1, 2), (2, 2)]
