import json
import shutil

import numpy as np
import pytest
from scipy.stats import beta
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from sklearn.metrics import accuracy_score, roc_auc_score

from lensmae.data import PRESETS, open_dataset
from lensmae.data.store.dataset import select_rows
from lensmae.errors import CheckpointError, ConfigError, DatasetError
from lensmae.evaluation import evaluate, evaluate_classifier, evaluate_reconstruction
from lensmae.evaluation.measure.notes import overlap_note, preset_note
from lensmae.evaluation.measure.reports import pick_device
from lensmae.models import bicubic_upsample, load_checkpoint
from tests.unit.conftest import CLASSES, save


def test_the_reconstruction_error_is_that_of_the_models_own_prediction_under_the_reported_mask(mae):
    report = evaluate(mae, "lenses")
    dataset, model = open_dataset("lenses"), load_checkpoint(mae)
    rows = dataset.indices("test")
    assert report.indices.tolist() == rows.tolist()
    drawn = model.predict(np.array(dataset.images[rows]), mask_ratio=0.75, seed=int(rows[0]))
    for error, image, prediction, mask in zip(report.errors, dataset.images[rows], drawn.prediction, drawn.mask, strict=True):
        width = image.max() - image.min()
        assert error == pytest.approx(np.mean(((prediction[mask] - image[mask]) / width) ** 2), rel=1e-4)
    assert report.summary()["masked_mse"] == pytest.approx(report.errors.mean())
    by_class = report.summary()["masked_mse_by_class"]
    assert sorted(by_class) == ["axion", "cdm", "no_sub"]
    assert by_class["cdm"] == pytest.approx(report.errors[open_dataset("lenses").labels[report.indices] == 1].mean())


def test_the_baseline_of_reconstruction_is_the_mean_of_the_visible_pixels(mae):
    dataset, model = open_dataset("lenses"), load_checkpoint(mae)
    report = evaluate_reconstruction(model, dataset, limit=1)
    row = report.indices[0]
    image = np.array(dataset.images[row])
    mask = model.predict(image[None], mask_ratio=0.75, seed=int(row)).mask[0]
    expected = np.mean((image[mask] - image[~mask].mean()) ** 2) / (image.max() - image.min()) ** 2
    assert report.baseline[0] == pytest.approx(expected, rel=1e-4)


def test_a_higher_mask_ratio_is_measured_on_more_hidden_pixels(mae):
    model, dataset = load_checkpoint(mae), open_dataset("lenses")
    report = evaluate_reconstruction(model, dataset, mask_ratio=0.9, limit=2)
    assert report.summary()["mask_ratio"] == 0.9
    assert not np.array_equal(report.errors, evaluate_reconstruction(model, dataset, limit=2).errors)


def test_classification_figures_are_those_of_scikit_learn_in_the_models_order_of_classes(classifier):
    report = evaluate(classifier, "lenses", "all")
    names = np.asarray(open_dataset("lenses").lenses["class"])
    truth = np.array([CLASSES.index(name) for name in names])
    assert (report.labels == truth).all()
    summary = report.summary()
    assert summary["macro_auc"] == pytest.approx(roc_auc_score(truth, report.probabilities, multi_class="ovr"))
    for place, name in enumerate(CLASSES):
        assert summary["auc"][name] == pytest.approx(roc_auc_score(names == name, report.probabilities[:, place]))
    assert summary["accuracy"] == pytest.approx(accuracy_score(truth, report.probabilities.argmax(1)))
    assert report.confusion.sum() == 90
    assert report.confusion.trace() / 90 == pytest.approx(summary["accuracy"])
    # Clopper and Pearson's limits are quantiles of beta distributions.
    right = int(report.confusion.trace())
    expected = beta.ppf(0.025, right, 91 - right), beta.ppf(0.975, right + 1, 90 - right)
    assert (summary["accuracy_low"], summary["accuracy_high"]) == pytest.approx(expected)


def test_an_untrained_super_resolver_scores_exactly_as_bicubic_and_as_scikit_image_says(superres):
    summary = evaluate(superres, "pairs").summary()
    dataset = open_dataset("pairs")
    rows = dataset.indices("test")
    drawn, truth = bicubic_upsample(np.array(dataset.images[rows]), 2), dataset.targets[rows]
    pairs = list(zip(drawn, truth, strict=True))
    expected = {
        "psnr": np.mean([peak_signal_noise_ratio(b, a, data_range=1.0) for a, b in pairs]),
        "ssim": np.mean([structural_similarity(a, b, data_range=1.0) for a, b in pairs]),
        "mse": np.mean((drawn - truth) ** 2),
    }
    assert summary["bicubic"] == pytest.approx(expected, rel=1e-5)
    assert {name: summary[name] for name in expected} == pytest.approx(expected, rel=1e-5)
    assert summary["images_below_bicubic"] == 0


def test_every_summary_is_strict_json_with_the_promised_keys(mae, classifier, superres):
    shared = {"n", "images_per_second", "checkpoint", "data", "split"}
    wanted = {
        (mae, "lenses"): {"masked_mse"},
        (classifier, "lenses"): {"macro_auc", "auc", "accuracy", "accuracy_low", "accuracy_high", "ece"},
        (superres, "pairs"): {"psnr", "ssim", "mse", "bicubic"},
    }
    for (checkpoint, data), figures in wanted.items():
        report = evaluate(checkpoint, data, limit=6)
        summary = report.summary()
        read = json.loads(json.dumps(summary, allow_nan=False))
        assert figures | shared <= set(read)
        assert (read["checkpoint"], read["data"], read["split"]) == (checkpoint, data, "test")
        assert read["n"] == min(6, len(open_dataset(data).indices("test")))
        assert read["images_per_second"] == pytest.approx(read["n"] / report.seconds)


def test_a_figure_that_the_images_do_not_define_is_null(classifier):
    model, dataset = load_checkpoint(classifier), open_dataset("lenses")
    no_sub = dataset.lenses["class"] == "no_sub"
    lenses = dataset.lenses.assign(split=np.where(no_sub, "test", "train"))
    summary = evaluate_classifier(model, type(dataset)(**{**vars(dataset), "lenses": lenses})).summary()
    assert summary["macro_auc"] is None
    assert summary["auc"] == dict.fromkeys(CLASSES)
    called = model.predict(np.asarray(dataset.images[np.flatnonzero(no_sub)])).argmax(axis=1)
    assert summary["accuracy"] == pytest.approx(np.mean(called == model.classes.index("no_sub")))


def test_a_limit_keeps_every_class_and_chooses_the_same_lenses_each_time(workspace_with_lenses):
    dataset = open_dataset("lenses")
    rows = select_rows(dataset, "train", 9)
    assert len(rows) == 9
    assert set(rows) <= set(dataset.indices("train"))
    assert set(dataset.lenses["class"].iloc[rows]) == {"no_sub", "cdm", "axion"}
    assert rows.tolist() == select_rows(dataset, "train", 9).tolist()
    assert select_rows(dataset, "test", 10_000).tolist() == dataset.indices("test").tolist()


def test_progress_ends_at_the_number_of_images(classifier):
    told = []
    evaluate(classifier, "lenses", "all", progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (90, 90)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize(
    ("checkpoint", "data", "words"),
    [
        ("tiny-superres", "lenses", "LR/HR pairs"),
        ("tiny-mae", "nothing", "no data set 'nothing'"),
    ],
)
def test_data_that_does_not_fit_a_checkpoint_is_said_in_words(mae, classifier, superres, checkpoint, data, words):
    with pytest.raises(DatasetError, match=words):
        evaluate(checkpoint, data)


def test_images_whose_sides_do_not_fit_are_brought_to_the_network_and_it_is_said(mae):
    assert "75x75 pixels were brought to 64x64" in evaluate(mae, "pairs", limit=2).note


def test_an_unknown_checkpoint_split_or_device_is_said_in_words(mae):
    with pytest.raises(CheckpointError, match="no checkpoint 'nothing'"):
        evaluate("nothing", "lenses")
    with pytest.raises(DatasetError, match="no split 'tests'"):
        evaluate(mae, "lenses", "tests")
    with pytest.raises(ConfigError, match="no device 'tpu'"):
        pick_device("tpu")


def test_an_empty_split_names_those_that_have_lenses(classifier):
    dataset = open_dataset("lenses")
    lenses = dataset.lenses.assign(split="train")
    splits = {"train": 90, "validation": 0, "test": 0}
    emptied = type(dataset)(**{**vars(dataset), "lenses": lenses, "info": dataset.info.model_copy(update={"splits": splits})})
    with pytest.raises(DatasetError, match=r"no lenses in its test split.*train \(90\)"):
        evaluate_classifier(load_checkpoint(classifier), emptied)


def test_a_class_that_the_classifier_does_not_know_is_named(classifier):
    dataset = open_dataset("lenses")
    info = dataset.info.model_copy(update={"classes": ("no_sub", "cdm", "wdm"), "counts": {"no_sub": 30, "cdm": 30, "wdm": 30}})
    with pytest.raises(DatasetError, match="wdm"):
        evaluate_classifier(load_checkpoint(classifier), type(dataset)(**{**vars(dataset), "info": info}))


def test_measuring_on_lenses_that_the_checkpoint_learned_from_is_noted(workspace_with_lenses):
    from tests.unit.conftest import MAE, Transform

    info = open_dataset("lenses").info
    known = {"fingerprint": info.fingerprint, "preset": info.preset, "seed": info.seed}
    same = save("same-data", "mae", MAE, transform=Transform(), data=known)
    assert "not a test" in evaluate(same, "lenses", "train", limit=1).summary()["note"]
    assert "note" not in evaluate(same, "lenses", "test", limit=1).summary()
    twin = save("same-seed", "mae", MAE, transform=Transform(), data=known | {"fingerprint": "of a larger set"})
    assert "share" in overlap_note(load_checkpoint(twin), open_dataset("lenses"), "test")
    other = save("other-seed", "mae", MAE, transform=Transform(), data=known | {"fingerprint": "x", "seed": 99})
    assert overlap_note(load_checkpoint(other), open_dataset("lenses"), "all") is None
    second = save("second-stage", "mae", MAE, transform=Transform(), data={"fingerprint": "x", "seed": 99, "mass": known})
    assert "not a test" in overlap_note(load_checkpoint(second), open_dataset("lenses"), "all")
    foreign = save("foreign", "mae", MAE, transform=Transform(), data={"fingerprint": "x", "preset": "model_i", "seed": 0})
    assert "was trained on lenses of: DeepLense Model I. These are of: DeepLense Model II." in overlap_note(
        load_checkpoint(foreign), open_dataset("lenses"), "test"
    )
    assert preset_note("any", "survey", {"survey_hst": 1.0}) is None
    assert preset_note("any", None, {"model_ii": 1.0}) is None
    assert preset_note("any", "model_ii", {}) is None
    # A corpus holds lenses of several presets.
    assert preset_note("any", "generalist", {"model_ii": 0.5, "survey": 0.5}) is None
    known = ("model_ii", "model_iii")
    assert preset_note("any", "generalist", {"model_ii": 0.7, "model_iii": 0.3}, known) is None
    assert f". These are of: {PRESETS['survey'].title}. Its" in preset_note("any", "generalist", {"survey": 1.0}, known)
    assert preset_note("any", "generalist", {"model_ii": 0.75, "survey": 0.25}, known) == (
        "any was trained on lenses of: DeepLense Model II; DeepLense Model III. 25% of these are of: "
        f"{PRESETS['survey'].title}. Its answers about them mean little."
    )


def test_a_copy_of_a_data_set_elsewhere_is_measured_by_its_path(mae, tmp_path):
    shutil.copytree(open_dataset("lenses").path, tmp_path / "elsewhere")
    by_path, by_name = evaluate(mae, str(tmp_path / "elsewhere")), evaluate(mae, "lenses")
    np.testing.assert_array_equal(by_path.errors, by_name.errors)
