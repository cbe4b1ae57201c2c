"""What is known before a run, and what several runs have in common: probe, meaning of fields, loggers, comparison."""

import importlib.util

import pandas as pd
import pytest

from lensmae.errors import DatasetError, RunError
from lensmae.jobs import JobState, ProcessJob
from lensmae.models import load_checkpoint
from lensmae.training import CONFIGS, create_run, list_runs, make_config, open_run, read_metrics, train_run
from lensmae.training.compare import best_figures, compare_runs
from lensmae.training.fields import bounds_text, field_text
from lensmae.training.probe import measure

TINY = {"emb_dim": 24, "encoder_layers": 1, "decoder_layers": 1, "patch_size": 8, "batch_size": 12, "save_every": 4}
pytestmark = pytest.mark.usefixtures("no_run_id")


def test_a_probe_counts_what_the_run_then_has():
    config = make_config("pretrain", data="lenses", epochs=2, **TINY)
    found = measure(config, seconds=0.2)
    run = create_run(config, "real")
    train_run(run)
    network = load_checkpoint(run).module
    assert found.parameters == sum(weight.numel() for weight in network.parameters())
    assert found.steps == open_run(run).status().total_steps == 12
    assert (found.training_lenses, found.validation_lenses) == (72, 9)
    assert 0 < found.prepare_s < found.seconds
    assert found.fits
    # Nothing is kept.
    assert sorted(path.name for path in open_run(run).path.parent.iterdir()) == ["real"]


def test_a_run_too_short_to_time_is_probed_all_the_same():
    assert measure(make_config("pretrain", data="lenses", epochs=0.01, **TINY), seconds=0.05).steps == 1


def test_a_probe_of_few_labels_whitens_with_all_training_lenses_as_the_run_does():
    few = {"init": "scratch", "labels": 12, "whitening": 20, "epochs": 1, "emb_dim": 24, "encoder_layers": 1, "batch_size": 12}
    assert measure(make_config("classifier", data="lenses", **few), seconds=0.05).training_lenses == 12


def test_a_probe_refuses_what_the_run_would_refuse():
    with pytest.raises(DatasetError, match="pairs"):
        measure(make_config("superres", data="lenses", init="scratch", emb_dim=24))


def test_a_probe_in_a_process_of_its_own_says_what_is_wrong():
    config = make_config("pretrain", data="nowhere", **TINY)
    job = ProcessJob("lensmae.training.probe:answer", config.model_dump(mode="json"))
    job.start()
    assert job.finished.wait(120)
    assert job.state is JobState.FAILED
    assert "nowhere" in job.message


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_field_has_a_meaning_and_every_number_a_range(kind):
    for name, info in CONFIGS[kind].model_fields.items():
        if name != "kind":
            assert info.description, name
        if info.annotation in (int, float):
            assert bounds_text(info), name


def test_a_field_is_told_with_its_range_and_default():
    fields = CONFIGS["pretrain"].model_fields
    assert field_text(fields["mask_ratio"], 0.75) == "share of patches hidden (> 0, < 1; default 0.75)"
    assert field_text(fields["init"]) == "checkpoint to start from (name, run id or path); 'scratch' for random weights"


def test_a_logger_that_is_not_installed_is_refused_in_plain_words():
    missing = next((name for name in ("wandb", "mlflow", "tensorboard") if importlib.util.find_spec(name) is None), None)
    if missing is None:
        pytest.skip("All loggers are installed here.")
    with pytest.raises(RunError, match=f"pip install {missing}"):
        create_run(make_config("pretrain", data="lenses", logger=missing, **TINY), "logged")
    assert list_runs() == []


def test_tensorboard_gets_the_curve_of_the_csv_at_the_steps_of_the_run():
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason="TensorBoard is not installed.")
    run = create_run(make_config("pretrain", data="lenses", logger="tensorboard", epochs=2, **TINY), "logged")
    train_run(run)
    stored = events.EventAccumulator(str(open_run(run).path / "tensorboard")).Reload().Scalars("train_loss")
    curve = read_metrics(run)
    assert [point.step for point in stored] == curve["step"].tolist()
    assert [point.value for point in stored] == pytest.approx(curve["train_loss"].tolist(), rel=1e-6)


def test_mlflow_gets_the_curve_of_the_csv_in_files_of_the_run_also_where_that_is_resumed(monkeypatch, stopped_and_resumed):
    tracking = pytest.importorskip("mlflow.tracking", reason="MLflow is not installed.")
    for name in ("MLFLOW_ALLOW_FILE_STORE", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    run = create_run(make_config("pretrain", data="lenses", logger="mlflow", epochs=2, **TINY), "logged")
    stopped_and_resumed(run)
    client = tracking.MlflowClient((open_run(run).path / "mlruns").as_uri())
    (logged,) = client.search_runs([client.get_experiment_by_name("lensmae").experiment_id])
    assert (logged.info.run_name, logged.info.status) == (run, "FINISHED")
    stored, curve = client.get_metric_history(logged.info.run_id, "train_loss"), read_metrics(run)
    assert [point.step for point in stored] == curve["step"].tolist()
    assert [point.value for point in stored] == pytest.approx(curve["train_loss"].tolist(), rel=1e-6)


def test_the_best_of_a_curve_is_the_least_loss_and_the_greatest_auc():
    curve = pd.DataFrame(
        {"step": [1, 2, 3], "train_loss": [3.0, 1.0, 2.0], "validation_auc": [0.5, None, 0.4], "speed": [1, 2, 3]}
    )
    assert best_figures(curve) == {"best train loss": 1.0, "best validation auc": 0.5}


def test_runs_of_different_kinds_are_compared_by_what_differs():
    create_run(make_config("pretrain", data="lenses", seed=1), "one")
    create_run(make_config("classifier", data="lenses", seed=1), "two")
    table = compare_runs(["one", "two"])
    assert table.loc["one", "kind"] == "pretrain"
    assert table.loc["two", "mask_ratio"] == "–"
    assert "seed" not in table
