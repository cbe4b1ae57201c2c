"""A network is asked for the same pixels of a lens, whether it comes as a file or in a data set."""

import json
from dataclasses import replace

import numpy as np
import pytest
from skimage.transform import downscale_local_mean
from typer.testing import CliRunner

from lensmae import cli
from lensmae.data import PRESETS, LensImage, open_dataset
from lensmae.data.nuisances import perturb
from lensmae.data.store.dataset import select_rows
from lensmae.data.transforms import Transform
from lensmae.evaluation import embed_dataset, evaluate
from lensmae.evaluation.classification.probes import probe_encoder
from lensmae.evaluation.ood.fit_reference import fit_reference
from lensmae.evaluation.ood.network_input import TrainedForm, network_input, network_inputs, trained_form
from lensmae.evaluation.ood.references import save_reference
from lensmae.evaluation.stress import run
from lensmae.models import find_checkpoint, load_checkpoint
from lensmae.models.registry import reference_path
from tests.unit.conftest import CLASSES, ENCODER, MAE, save

SIDE = 150


def large(dataset, side=SIDE, **info):
    """The set's lenses in the middle of a larger field with some noise, as a survey's cut-outs are."""
    sky = np.zeros((len(dataset.images), side, side), np.float32)
    first = (side - dataset.images.shape[1]) // 2
    sky[:, first : first + 64, first : first + 64] = dataset.images
    images = perturb(sky, "noise", 1e-3, seed=1).numpy()
    return replace(dataset, images=images, info=dataset.info.model_copy(update={"shape": (side, side), **info}))


@pytest.fixture
def lenses(workspace_with_lenses):
    """Nine lenses of 150 pixels, three a class, in every split."""
    whole = open_dataset("lenses")
    rows = np.concatenate([select_rows(whole, split, 12) for split in ("train", "validation", "test")])
    return large(replace(whole, images=np.asarray(whole.images)[rows], lenses=whole.lenses.iloc[rows].reset_index(drop=True)))


def test_images_of_the_size_and_scale_of_the_training_stay_as_they_are(mae, lenses):
    whole = open_dataset("lenses")
    assert network_inputs(whole, load_checkpoint(mae)) == (whole, None)


@pytest.mark.parametrize("name", ["classifier", "tiny-classifier"])
def test_evaluate_and_predict_give_the_same_probabilities_of_files_of_150_pixels(classifier, tmp_path, lenses, name, monkeypatch):
    """Common Test I as it lies on disk: folders of classes, images of another size than the network's."""
    monkeypatch.chdir(tmp_path)
    names = {"no_sub": "no", "cdm": "sphere", "axion": "vort"}
    files = []
    for row in [*range(4), *range(24, 28)]:
        kind = lenses.lenses["class"].iloc[row]
        file = tmp_path / "set" / "val" / names[kind] / f"{row}.npy"
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, lenses.images[row][None])
        files.append(str(file))
    for kind in names.values():
        (tmp_path / "set" / "val" / kind).mkdir(parents=True, exist_ok=True)
    report = evaluate(name, str(tmp_path / "set"))
    said = CliRunner().invoke(cli.app, ["predict", *files, "--classifier", name, "--mae", "none", "--superres", "none", "--json"])
    answers = {one["file"].rsplit("set/")[1]: one["probabilities"] for one in json.loads(said.stdout)["images"]}
    sources = open_dataset(str(tmp_path / "set")).lenses["source_file"].iloc[report.indices]
    found = np.array([[answers[source.rsplit("set/")[-1]][kind] for kind in report.classes] for source in sources])
    np.testing.assert_allclose(report.probabilities, found, atol=2e-5)
    assert "150x150 pixels were brought to 64x64" in report.note
    assert "as `lensmae predict` does" in report.note


@pytest.mark.parametrize("side", [65, 72, 128, 201])
def test_a_lens_of_a_set_is_brought_as_the_file_of_it_is(classifier, lenses, side):
    """Also where its patch divides the image, so that the network could take it as it is."""
    model = load_checkpoint(classifier)
    dataset = large(open_dataset("lenses"), side)
    found, said = network_inputs(dataset, model)
    as_file = network_input(LensImage(dataset.images[3], "3.npy", "npy").found(), model)
    assert found.images.shape == (len(dataset.images), 64, 64)
    np.testing.assert_array_equal(found.images[3], as_file.pixels)
    np.testing.assert_array_equal(found.images[np.array([5, 3])][1], as_file.pixels)
    np.testing.assert_array_equal(found.images[2:4][1], as_file.pixels)
    assert f"{side}x{side} pixels were brought to 64x64" in said
    assert network_inputs(found, model) == (found, None)


def test_without_light_to_frame_the_whole_image_is_averaged_down(classifier, lenses):
    flat = np.random.default_rng(1).random((len(lenses.images), 128, 128)).astype(np.float32)
    found, _ = network_inputs(
        replace(lenses, images=flat, info=lenses.info.model_copy(update={"shape": (128, 128)})), load_checkpoint(classifier)
    )
    np.testing.assert_allclose(found.images[:2], downscale_local_mean(flat[:2], (1, 2, 2)), rtol=1e-5)


def test_where_both_scales_are_known_lenses_are_resampled_to_that_of_the_training(workspace_with_lenses):
    model = load_checkpoint(
        save(
            "scaled",
            "classifier",
            {"encoder": ENCODER, "classes": 3},
            transform=Transform(),
            classes=CLASSES,
            data={"shape": [64, 64], "pixel_scale": 0.202},
        )
    )
    dataset = open_dataset("lenses")
    found, said = network_inputs(dataset, model)
    as_file = network_input(LensImage(dataset.images[0], "0.npy", "npy", pixel_scale=0.101).found(), model)
    np.testing.assert_array_equal(found.images[0], as_file.pixels)
    assert found.info.pixel_scale == 0.202
    assert "brought to 64x64 at 0.202 arcsec/pixel" in said


@pytest.mark.parametrize(
    ("data", "form"),
    [
        ({}, TrainedForm(64, None)),
        ({"preset": "model_ii"}, TrainedForm(64, PRESETS["model_ii"].pixel_scale)),
        ({"preset": None, "shape": [72, 72], "pixel_scale": 0.05}, TrainedForm(72, 0.05)),
        ({"shape": [70, 70]}, TrainedForm(64, None)),
        ({"shape": [64, 80], "pixel_scale": -1}, TrainedForm(64, None)),
        ({"shape": "wide", "pixel_scale": "fine"}, TrainedForm(64, None)),
        ({"shape": [1 << 20, 1 << 20]}, TrainedForm(64, None)),
    ],
)
def test_the_form_of_training_images_is_what_the_checkpoint_says_or_else_of_its_preset_or_architecture(
    workspace_with_lenses, data, form
):
    assert trained_form(load_checkpoint(save("one", "mae", MAE, transform=Transform(), data=data))) == form


def test_weights_from_elsewhere_are_asked_as_the_lenses_that_they_are_compared_with(mae, workspace_with_lenses):
    """A converted checkpoint says nothing of its training images; `fit-ood` does."""
    model = load_checkpoint(mae)
    assert trained_form(model) == TrainedForm(64, None)
    save_reference(reference_path(model.path), fit_reference(model, open_dataset("lenses"), 10, 5))
    assert trained_form(model) == TrainedForm(64, 0.101)


def test_what_is_fitted_probed_tested_and_embedded_are_the_same_pixels(classifier, mae, lenses, workspace_with_lenses):
    network, encoder = load_checkpoint(classifier), load_checkpoint(mae)
    brought, _ = network_inputs(lenses, encoder)
    plain = replace(brought, images=np.asarray(brought.images))
    rows = np.arange(6)
    np.testing.assert_allclose(embed_dataset(encoder, lenses, rows), encoder.embed(plain.images[rows], rounded=True), atol=1e-3)
    fitted, expected = (fit_reference(encoder, one, 10, 5) for one in (lenses, plain))
    assert fitted.card.size == 64
    np.testing.assert_array_equal(fitted.distances, expected.distances)
    tables = [run.stress([run.StressTested(network)], one, limit=3, nuisances=["noise"]) for one in (lenses, plain)]
    assert tables[0]["value"].tolist() == tables[1]["value"].tolist()
    probes = [probe_encoder(encoder, one, labels=12, test=6, conditions=["as given"]) for one in (lenses, plain)]
    assert probes[0]["auc"].tolist() == probes[1]["auc"].tolist()


def test_a_shipped_network_is_asked_at_the_size_of_its_training():
    forms = {name: trained_form(load_checkpoint(find_checkpoint(name))) for name in ("classifier", "mae", "superres")}
    assert forms == {"classifier": TrainedForm(64, None), "mae": TrainedForm(64, None), "superres": TrainedForm(75, 0.1)}
