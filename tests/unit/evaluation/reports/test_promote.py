import json

import pytest
import torch
from safetensors.torch import load_file
from sklearn.metrics import roc_auc_score

from lensmae.data import open_dataset
from lensmae.data.transforms import Transform
from lensmae.errors import CheckpointError, LensMAEError
from lensmae.evaluation.classification.axion_mass import evaluate_masses
from lensmae.evaluation.classification.baselines import linear_probe
from lensmae.evaluation.measure.reports import evaluate
from lensmae.evaluation.ood.fit_reference import fit_reference
from lensmae.evaluation.ood.references import find_reference, save_reference
from lensmae.evaluation.reports.promote import keep_stress, promote
from lensmae.evaluation.stress.run import StressTested, stress
from lensmae.models import find_checkpoint, list_checkpoints, load_checkpoint, read_card
from lensmae.models.checkpoint import read_network, save_checkpoint
from lensmae.models.registry import reference_path
from lensmae.workspace import models_dir
from tests.unit.conftest import CLASSES, ENCODER, save


def test_a_promoted_checkpoint_carries_the_figures_of_its_rounded_weights(classifier, tmp_path):
    path = promote(classifier, "best", "lenses", description="A tiny one.")
    card = read_card(path)
    measured = evaluate("best", "lenses").summary()
    assert card.metrics["test"]["macro_auc"] == measured["macro_auc"]
    assert card.metrics["test"]["n"] == 9
    assert json.loads(path.with_suffix(".json").read_text())["metrics"] == card.metrics
    text = path.with_suffix(".md").read_text()
    assert "A tiny one." in text
    assert f"{measured['macro_auc']:.6g}" in text
    assert "best" in {entry.name for entry in list_checkpoints()}
    before, after = load_checkpoint(classifier).module.state_dict(), load_checkpoint("best").module.state_dict()
    assert all(torch.equal(after[name], before[name].half().float()) for name in before)


def test_a_stress_test_in_the_card_changes_no_weight_and_keeps_the_reference(classifier, tmp_path):
    path = promote(classifier, "best", "lenses", precision="int8")
    save_reference(reference_path(path), fit_reference(load_checkpoint("best"), open_dataset("lenses"), 60, 9))
    before = load_file(path)
    table = stress(
        [StressTested(load_checkpoint("best"), find_reference(path))], open_dataset("lenses"), limit=9, nuisances=["sky"]
    )
    assert keep_stress("best", table, "lenses") == path
    after = load_file(path)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    rows = read_card(path).metrics["stress"]
    assert rows["Sky level 0.1 of the peak"]["accuracy"] == pytest.approx(table["value"].iloc[2], abs=1e-4)
    assert rows["Sky level 0.1 of the peak"]["answered"] == pytest.approx(table["answered"].iloc[2], abs=1e-4)
    assert read_card(path).metrics["test"]["n"] == 9
    assert json.loads(path.with_suffix(".json").read_text())["metrics"] == read_card(path).metrics
    card = path.with_suffix(".md").read_text()
    figures = [f"{rows['Sky level 0.1 of the peak'][name]:g}" for name in ("accuracy", "auc", "ece", "answered")]
    assert "| condition | accuracy | auc | ece | answered |" in card
    assert f"| Sky level 0.1 of the peak | {' | '.join(figures)} |" in card
    assert find_reference(path) is not None


def test_a_failed_promotion_leaves_nothing_and_keeps_what_was_there(mae, superres):
    kept = promote(mae, "kept", "lenses", split="validation").read_bytes()
    with pytest.raises(LensMAEError):
        promote(superres, "kept", "lenses")
    assert find_checkpoint("kept").read_bytes() == kept
    assert not [path.name for path in find_checkpoint("kept").parent.iterdir() if path.name.startswith(".")]
    with pytest.raises(CheckpointError, match="int4"):
        promote(mae, "other", "lenses", precision="int4")


def test_baselines_stand_beside_a_promoted_classifier(classifier, mae):
    card = read_card(promote(classifier, "best", "lenses", encoder=mae))
    baselines = card.metrics["test"]["baselines"]
    assert baselines["pixels"]["training_lenses"] == 72
    dataset = open_dataset("lenses")
    rows = dataset.indices("test")
    probe = linear_probe(dataset, rows, load_checkpoint(mae)).probabilities
    expected = roc_auc_score(dataset.labels[rows], probe, multi_class="ovr")
    assert baselines["linear_probe"]["macro_auc"] == pytest.approx(expected)
    assert "baselines.pixels.macro_auc" in find_checkpoint("best").with_suffix(".md").read_text()


def test_a_promoted_mass_head_carries_its_error(workspace_with_lenses):
    architecture = {"encoder": ENCODER, "classes": 3, "mass_head": True}
    save("weigher", "classifier", architecture, transform=Transform(), classes=CLASSES)
    card = read_card(promote("weigher", "best", "lenses"))
    dataset = open_dataset("lenses")
    found = evaluate_masses(load_checkpoint("best"), dataset, dataset.indices("test")).summary()
    assert card.metrics["test"]["axion_mass"] == found
    assert "axion_mass.rms_dex" in find_checkpoint("best").with_suffix(".md").read_text()


def test_weights_of_two_networks_are_averaged_and_the_card_says_so(mae, tmp_path):
    other = tmp_path / "other.safetensors"
    card, network = read_network(find_checkpoint(str(mae)))
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter))
    save_checkpoint(other, card, network)
    kept = promote(str(mae), "mean", "lenses", precision="float32", average=(str(other), 0.25), limit=3)
    first, second, mean = (load_file(path) for path in (find_checkpoint(str(mae)), other, kept))
    for name, tensor in mean.items():
        torch.testing.assert_close(tensor, 0.75 * first[name] + 0.25 * second[name])
    # By its name alone: a card is read elsewhere.
    assert read_card(kept).training["averaged_with"] == {"checkpoint": "other", "share": 0.25}
    assert str(tmp_path) not in kept.with_suffix(".md").read_text()


def test_networks_that_differ_in_more_than_weights_are_not_averaged(mae, classifier):
    with pytest.raises(CheckpointError, match="their kind differs"):
        promote(str(mae), "mean", "lenses", average=(str(classifier), 0.5))
    assert not (models_dir() / "mean.safetensors").exists()
