import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from typer.testing import CliRunner

from lensmae import cli
from lensmae.data import open_dataset
from lensmae.data.transforms import Transform
from lensmae.errors import ConfigError
from lensmae.evaluation import evaluate
from lensmae.evaluation.classification.baselines import pixel_regression
from lensmae.models import load_checkpoint
from lensmae.training import create_run, make_config, train_run
from studies.report import measure, with_earlier
from studies.report_text import headline_table, replaced_table, results_text, write_report
from tests.unit.conftest import CLASSES, ENCODER, save

README = "# X\n\n<!-- results: written by `lensmae report` -->\nold\n<!-- end of results -->\n\nafter\n"


@pytest.fixture
def measured(mae, classifier, superres):
    return measure("lenses", "pairs", checkpoints=[mae, classifier, superres])


def test_a_report_holds_what_evaluate_says_and_its_baselines(measured, classifier, superres):
    record = measured.record
    own = evaluate(classifier, "lenses").summary()
    assert record["classification"][classifier]["macro_auc"] == own["macro_auc"]
    assert set(record["simple_classifiers"]) == {"linear_probe", "pixels"}
    found, pairs = record["superres"][superres], open_dataset("pairs")
    rows = pairs.indices("test")
    mse = np.square(pairs.targets[rows].astype(float) - pairs.truths[rows]).mean(axis=(1, 2))
    assert found["hr_psnr_to_truth"] == pytest.approx(np.mean(-10 * np.log10(mse)))
    drawn = load_checkpoint(superres).predict(np.asarray(pairs.images[rows]))
    mse = np.square(drawn.astype(float) - pairs.truths[rows]).mean(axis=(1, 2))
    assert found["psnr_to_truth"] == pytest.approx(np.mean(-10 * np.log10(mse)))


def test_the_error_of_a_class_is_the_mean_over_its_lenses(measured, mae):
    report = measured.reconstruction[mae]
    labels = open_dataset("lenses").lenses["class"].to_numpy()[report.indices]
    found = measured.record["reconstruction"][mae]
    assert found["masked_mse_by_class"]["cdm"] == pytest.approx(report.errors[labels == "cdm"].mean())
    assert {"auc.cdm", "auc.axion"} <= set(found["unsupervised"])


def test_an_mae_that_learned_no_sub_alone_is_measured_beside_its_linear_prior(workspace_with_lenses):
    options = {"data": "lenses", "classes": "no_sub", "linear_prior": 12, "symmetry": "none", "epochs": 1, "batch_size": 12}
    size = {"emb_dim": 24, "encoder_layers": 1, "decoder_layers": 1, "patch_size": 8}
    create_run(make_config("pretrain", **options, **size), "pure")
    train_run("pure")
    record = measure("lenses", "pairs", checkpoints=["pure"]).record
    found = record["reconstruction"]["pure"]
    assert found["unsupervised"]["trained_on"] == ["no_sub"]
    assert set(found["unsupervised"]["linear_prior"]) == {"cdm", "axion"}
    # So short a training leaves the prior's answers nearly as they were.
    assert found["unsupervised"]["auc.cdm"] == pytest.approx(found["unsupervised"]["linear_prior"]["cdm"], abs=0.2)
    table = headline_table(record)
    assert f"cdm AUC {found['unsupervised']['auc.cdm']:.4f}" in table
    assert "its linear prior alone" in table


def test_files_are_written_and_only_the_marked_part_of_readme_changes(measured, classifier, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(README)
    path = write_report(measured, tmp_path / "out", "lensmae report lenses pairs", readme)
    text = path.read_text()
    record = json.loads((tmp_path / "out/results.json").read_text())
    area = record["classification"][classifier]["macro_auc"]
    assert f"{area:.5f}" in text
    assert "lensmae report lenses pairs" in text
    assert (tmp_path / f"out/results-roc-{classifier}.png").read_bytes().startswith(b"\x89PNG")
    changed = readme.read_text()
    assert "old" not in changed
    assert changed.startswith("# X\n")
    assert changed.endswith("\nafter\n")
    assert headline_table(record) in changed
    assert replaced_table(changed, headline_table(record)) == changed


def test_what_was_measured_before_on_the_same_images_is_kept_with_its_date(measured, mae, classifier, tmp_path):
    write_report(measured, tmp_path, "first")
    first = json.loads((tmp_path / "results.json").read_text())
    only = measure("lenses", "pairs", checkpoints=[classifier])
    text = write_report(only, tmp_path, "second", keep=True).read_text()
    record = json.loads((tmp_path / "results.json").read_text())
    assert record["reconstruction"] == {mae: first["reconstruction"][mae] | {"measured": first["date"]}}
    assert "measured" not in record["classification"][classifier]
    assert record["simple_classifiers"] == first["simple_classifiers"]
    assert f"`{mae}`, measured on {first['date'][:10]}" in text
    # Without the option, and for other images, nothing is taken over.
    other = measure("lenses", "pairs", checkpoints=[classifier], split="train")
    write_report(other, tmp_path, "third", keep=True)
    third = json.loads((tmp_path / "results.json").read_text())
    assert third["reconstruction"] == {}
    assert "simple_classifiers" not in third
    write_report(measured, tmp_path, "fourth")
    write_report(only, tmp_path, "fifth")
    assert json.loads((tmp_path / "results.json").read_text())["reconstruction"] == {}


def test_the_studies_are_told_with_their_budget_and_what_the_models_see(measured):
    trial = {"images": 2000, "seed": 0, "n": 1500}
    results = [trial | {"model": "mae", "labels": 100, "accuracy": accuracy, "macro_auc": 0.98} for accuracy in (0.92, 0.94)]
    results.append(trial | {"model": "resnet18", "labels": 100, "accuracy": 0.5, "macro_auc": 0.7})
    ablation = [{"variant": "recipe", "macro_auc": 0.999, "accuracy": 0.98, "epochs": 0.2, "n": 1500}]
    text = results_text(measured.record | {"command": "x", "few_labels": results, "ablation": ablation})
    assert "| 100 | 33 | mae | 0.930 ± 0.014 | 0.980 ± 0.000 | 2 |" in text
    assert "| 100 | 33 | resnet18 | 0.500 | 0.700 | 1 |" in text
    assert "Every training passed 2,000 images" in text
    assert "mae: starts from `mae-no-sub`" in text
    assert "resnet18-residual:" not in text
    assert "| recipe | 0.99900 | 98.00% | 0.2 | 1,500 |" in text


def test_a_mass_head_stands_beside_a_linear_regression_and_a_constant(workspace_with_lenses):
    architecture = {"encoder": ENCODER, "classes": 3, "mass_head": True}
    save("weigher", "classifier", architecture, transform=Transform(), classes=CLASSES)
    save("silent", "classifier", {"encoder": ENCODER, "classes": 3}, transform=Transform(), classes=CLASSES)
    record = measure("lenses", "pairs", checkpoints=["weigher", "silent"]).record
    assert "axion_mass" not in record["classification"]["silent"]
    mass, simple = record["classification"]["weigher"]["axion_mass"], record["simple_masses"]
    dataset = open_dataset("lenses")
    truth = np.log10(dataset.lenses["axion_mass_ev"].to_numpy()[dataset.indices("test")])
    truth = truth[np.isfinite(truth)]
    assert simple["constant"]["rms_dex"] == pytest.approx(np.sqrt(np.mean((truth + 23) ** 2)))
    assert simple["linear"]["training_lenses"] == 24
    text, table = results_text(record | {"command": "x"}), headline_table(record)
    own, linear = mass["rms_dex_resolved"], simple["linear"]["rms_dex_resolved"]
    assert f"| `weigher` | {own:.4f} | {mass['n_resolved']} | {mass['rms_dex']:.4f} |" in text
    assert f"| linear regression on principal components, 24 training lenses | {linear:.4f} |" in text
    assert f"| {own:.3f} dex | {linear:.3f} dex linear regression" in table


def test_a_readme_without_a_place_for_the_table_is_left_alone(measured, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("# X\n")
    with pytest.raises(ConfigError, match="no place for the table"):
        write_report(measured, tmp_path / "out", "x", readme)
    assert readme.read_text() == "# X\n"
    assert not (tmp_path / "out").exists()


def test_simple_baselines_can_be_fitted_to_another_set(measured, mae, classifier):
    dataset = open_dataset("lenses")
    again = measure("lenses", "pairs", checkpoints=[mae, classifier], training="lenses").record["simple_classifiers"]
    assert again["pixels"]["training_lenses"] == len(dataset.indices("train"))
    rows = dataset.indices("test")
    expected = roc_auc_score(dataset.labels[rows], pixel_regression(dataset, rows).probabilities, multi_class="ovr")
    assert again["pixels"]["macro_auc"] == pytest.approx(expected)


def test_the_command_writes_a_report(mae, classifier, superres, tmp_path):
    chosen = [part for name in (mae, classifier, superres) for part in ("--checkpoint", name)]
    result = CliRunner().invoke(
        cli.app, ["report", "lenses", "pairs", *chosen, "--limit", "6", "--stressed", "2", "--folder", str(tmp_path)]
    )
    assert result.exit_code == 0, result.output
    assert "lensmae report lenses pairs --limit 6" in (tmp_path / "RESULTS.md").read_text()


def test_the_stress_test_is_part_of_the_report_and_of_readmes_table(classifier, mae, superres, tmp_path):
    found = measure("lenses", "pairs", checkpoints=(classifier,), stressed=10, limit=12)
    record = json.loads(json.dumps(found.record))
    rows = record["stress"]
    assert {row["nuisance"] for row in rows} >= {"as given", "noise", "mirror", "jpeg", "other preset"}
    noisy = next(row for row in rows if (row["nuisance"], row["strength"]) == ("noise", 0.001))
    assert noisy["answered"] is None
    text = results_text(record | {"command": "lensmae report"})
    assert f"| `{classifier}` | Noise | 0.001 rms/peak | accuracy | {noisy['value']:.3f} |" in text
    table = headline_table(record)
    assert f"noise 0.1 % {noisy['value']:.1%}" in table
    assert "moved a pixel" in table
    kept = with_earlier(record | {"stress": [dict(noisy, checkpoint="other")]}, record)
    assert {row["checkpoint"] for row in kept["stress"]} == {"other", classifier}
