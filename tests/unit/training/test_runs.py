"""Real, small training runs on simulated lenses."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from lensmae.data import LensDataset, open_dataset
from lensmae.errors import CheckpointError, ConfigError, DatasetError, RunError
from lensmae.evaluation.measure.reports import evaluate
from lensmae.models import load_checkpoint
from lensmae.models.checkpoint import read_network
from lensmae.training import (
    change_epochs,
    create_run,
    delete_run,
    get_run,
    list_runs,
    make_config,
    open_run,
    read_metrics,
    stop,
    train_run,
)
from lensmae.training.callbacks import Follower
from lensmae.training.kinds.classifier import ClassifierObjective
from lensmae.training.kinds.registry import start_network
from lensmae.training.loading.batches import BatchPlan
from lensmae.training.loading.datamodule import LensData

ROOT = Path(__file__).resolve().parents[3]
TINY = {"emb_dim": 24, "encoder_layers": 2, "patch_size": 8, "batch_size": 12, "epochs": 3, "save_every": 4, "validate_every": 2}
KINDS = {
    "pretrain": {"data": "lenses", "decoder_layers": 1},
    "classifier": {"data": "lenses", "init": "scratch", "drop_path": 0.2, "mass_head": True, "keep_tokens": 20},
    "superres": {"data": "pairs", "init": "scratch", "batch_size": 4, "width": 8, "depth": 1, "patch_size": 15},
}
pytestmark = [pytest.mark.usefixtures("no_run_id"), pytest.mark.slow]


def start(kind, name, **options):
    return create_run(make_config(kind, **{**TINY, **KINDS[kind], **options}), name)


def run_python(script, ends_with=0):
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=dict(os.environ), capture_output=True, timeout=120)
    assert ended.returncode == ends_with, ended.stderr.decode()


def same_weights(first, second):
    one, other = load_file(first), load_file(second)
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_run_stopped_between_saves_and_resumed_ends_with_the_same_bits(kind, monkeypatch):
    whole = train_run(start(kind, "whole"))
    original = Follower.on_train_batch_end

    def stop_after_three(self, trainer, task, *rest):
        # Callbacks hear of a batch before the module counts it: this is the end of the third step.
        if task.step == 2:
            stop("parts")
        original(self, trainer, task, *rest)

    parts = start(kind, "parts")
    monkeypatch.setattr(Follower, "on_train_batch_end", stop_after_three)
    assert train_run(parts) is None
    assert (get_run("parts").state, get_run("parts").step) == ("stopped", 3)
    monkeypatch.setattr(Follower, "on_train_batch_end", original)
    assert same_weights(whole, train_run(parts))
    assert get_run("parts").state == "finished"
    assert load_checkpoint("parts").card.transform == load_checkpoint("whole").card.transform


def test_a_run_whose_weights_become_nan_ends_and_keeps_the_save_before(monkeypatch):
    original = ClassifierObjective.loss

    def breaking(self, network, batch, step, answer):
        return original(self, network, batch, step, answer) * (np.nan if step == 5 else 1)

    monkeypatch.setattr(ClassifierObjective, "loss", breaking)
    run_id = start("classifier", "lost")
    with pytest.raises(RunError, match="Between steps 4 and 8 the weights became NaN"):
        train_run(run_id)
    assert (get_run("lost").state, get_run("lost").message.split(";")[0][-15:]) == ("failed", "NaN or infinite")
    saved = torch.load(open_run("lost").checkpoint, weights_only=True)
    assert saved["lensmae_step"] == 4
    assert all(tensor.isfinite().all() for tensor in saved["state_dict"].values())


def test_a_killed_run_is_seen_as_lost_and_resumes_to_the_same_bits(workspace_with_lenses):
    # In processes of their own, as runs are: what earlier tests did to this one is no part of the promise.
    start("pretrain", "whole")
    run_python("from lensmae.training import train_run; train_run('whole')")
    start("pretrain", "killed")
    # The process kills itself as SIGKILL does, in the middle of step 7: after a save at 4, before the one at 8.
    script = (
        "import os, signal\n"
        "from lensmae.training.task import LensTask\n"
        "from lensmae.training import train_run\n"
        "step = LensTask.training_step\n"
        "def dying(self, *a):\n"
        "    if self.step == 6: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return step(self, *a)\n"
        "LensTask.training_step = dying\n"
        "train_run('killed')\n"
    )
    run_python(script, -signal.SIGKILL)
    assert get_run("killed").state == "lost"
    assert read_metrics("killed")["step"].tolist() == [4]
    run_python("from lensmae.training import train_run; train_run('killed')")
    assert same_weights(open_run("whole").product, open_run("killed").product)
    assert read_metrics("killed")["step"].tolist() == read_metrics("whole")["step"].tolist()


def test_two_processes_train_as_one_does(workspace_with_lenses):
    """Two gloo processes halve each batch; sums in another order may differ in the last bits of float32."""
    train_run(start("pretrain", "one"))
    options = {**TINY, **KINDS["pretrain"], "devices": 2, "strategy": "ddp", "accelerator": "cpu"}
    arguments = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    command = [sys.executable, "-m", "lensmae", "train", "pretrain", "--name", "two", *arguments]
    ended = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, timeout=600)
    assert ended.returncode == 0, ended.stderr.decode()
    one, two = read_metrics("one"), read_metrics("two")
    assert two["train_loss"].tolist() == pytest.approx(one["train_loss"].tolist(), rel=1e-4)
    assert {status.id for status in list_runs()} == {"one", "two"}


def test_learning_lowers_the_loss_and_validation_is_recorded():
    train_run(start("pretrain", "longer", epochs=20, learning_rate=3e-3))
    curve = read_metrics("longer")
    assert curve["train_loss"].iloc[-1] < 0.5 * curve["train_loss"].iloc[0]
    assert curve["validation_loss"].dropna().iloc[-1] < curve["validation_loss"].dropna().iloc[0]
    kept = load_checkpoint("longer").card.metrics["validation"]["validation_loss"]
    assert kept == pytest.approx(curve["validation_loss"].dropna().iloc[-1])


def test_no_sub_pretraining_reads_no_other_class(workspace_with_lenses):
    from lensmae.data import open_dataset
    from lensmae.training.loading.datamodule import LensData

    dataset = open_dataset("lenses")
    data = LensData(dataset, make_config("pretrain", data="lenses", classes="no_sub"))
    rows = [*data.plan.indices, *(row for batch in data.validation_rows for row in batch)]
    assert set(dataset.lenses["class"].iloc[rows]) == {"no_sub"}
    assert set(dataset.lenses["split"].iloc[rows]) == {"train", "validation"}


def test_a_data_set_that_does_not_fit_fails_the_run_with_its_reason():
    run = start("superres", "wrong", data="lenses")
    with pytest.raises(DatasetError, match="pairs"):
        train_run(run)
    assert get_run("wrong").state == "failed"
    assert "pairs" in get_run("wrong").message


def test_unknown_finished_and_running_runs_are_refused_in_plain_words():
    with pytest.raises(RunError, match="no run"):
        open_run("nothing")
    train_run(start("pretrain", "done", epochs=0.5))
    with pytest.raises(RunError, match="finished"):
        train_run("done")
    with pytest.raises(RunError, match="not running"):
        stop("done")
    with pytest.raises(RunError, match="already exists"):
        start("pretrain", "done")
    delete_run("done")
    assert list_runs() == []


def test_pretraining_can_go_on_from_a_checkpoint_with_its_weights_and_transform():
    first = train_run(start("pretrain", "first"))
    train_run(start("pretrain", "second", init="first", epochs=0.2, learning_rate=1e-12, ema_decay=0))
    one, other = load_file(first), load_file(open_run("second").product)
    assert all(torch.allclose(one[name], other[name], atol=1e-6) for name in one)
    assert load_checkpoint("second").transform == load_checkpoint("first").transform


@pytest.mark.parametrize(
    ("kind", "options"),
    [("classifier", {}), ("classifier", {"backbone": "resnet18"}), ("classifier", {"whitening": 12}), ("superres", {})],
)
def test_every_kind_goes_on_from_a_checkpoint_of_its_own_kind_with_all_its_weights(kind, options):
    first = train_run(start(kind, "first", epochs=1, **options))
    others = {"init": "first", "epochs": 0.2, "learning_rate": 1e-12, "ema_decay": 0}
    # Its size is the checkpoint's, whatever the configuration says.
    product = train_run(start(kind, "second", **{**options, **others, "emb_dim": 48}))
    one, other = load_file(first), load_file(product)
    moving = ("running_mean", "running_var", "num_batches_tracked")
    assert one.keys() == other.keys()
    assert all(torch.allclose(one[name], other[name], atol=1e-6) for name in one if not name.endswith(moving))
    assert load_checkpoint("second").transform == load_checkpoint("first").transform


def test_a_classifier_of_other_classes_keeps_all_but_the_head():
    train_run(start("classifier", "three", epochs=0.2))
    dataset = open_dataset("lenses")
    two = LensDataset(
        dataset.path,
        dataset.info.model_copy(update={"classes": ("lens", "galaxy")}),
        *(dataset.images, None, None),
        dataset.lenses,
    )
    config = make_config("classifier", **{**TINY, **KINDS["classifier"], "init": "three"})
    card, network = start_network(config, two, dataset.indices("train"))
    three = read_network(open_run("three").product)[1].state_dict()
    assert card.classes == ("lens", "galaxy")
    assert network.head.weight.shape == (2, 24)
    assert all(torch.equal(tensor, three[name]) for name, tensor in network.state_dict().items() if not name.startswith("head."))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"backbone": "resnet18"}, "set backbone to vit"),
        ({"backbone": "convnet", "transform": "surviving"}, "set backbone to vit"),
    ],
)
def test_a_classifier_of_another_backbone_gives_nothing_to_start_from(options, words):
    train_run(start("classifier", "vit", epochs=0.2))
    with pytest.raises(CheckpointError, match=words):
        train_run(start("classifier", "other", init="vit", **options))


def test_a_classifier_cannot_be_pretrained_on():
    train_run(start("classifier", "head", epochs=0.2))
    with pytest.raises(CheckpointError, match="goes on from an MAE"):
        train_run(start("pretrain", "wrong", init="head"))


def test_a_stopped_and_a_finished_run_can_be_lengthened_and_a_finished_one_not_shortened():
    start("pretrain", "length", epochs=2)
    open_run("length").update(state="stopped")
    change_epochs("length", 3)
    first = train_run("length").read_bytes()
    assert get_run("length").step == get_run("length").total_steps == 18
    with pytest.raises(RunError, match="only be made longer"):
        change_epochs("length", 2)
    change_epochs("length", 4)
    assert get_run("length").state == "stopped"
    # The model stays until the longer run has made another.
    assert open_run("length").product.read_bytes() == first
    assert train_run("length").read_bytes() != first
    assert read_metrics("length")["step"].tolist()[-1] == 24


def test_a_whitened_classifier_resumes_to_the_same_bits_and_tells_its_orientation(stopped_and_resumed):
    options = {"whitening": 12, "symmetry": "none"}
    whole = train_run(start("classifier", "whole", **options))
    assert same_weights(whole, stopped_and_resumed(start("classifier", "part", **options)))
    loaded = load_checkpoint("whole")
    assert not loaded.card.symmetric
    lens = open_dataset("lenses").images[:2]
    assert np.array_equal(loaded.predict(lens), loaded.predict(lens, d4=False))
    assert loaded.embed(lens).shape == (2, 24)


def test_whitening_wants_more_images_than_components():
    with pytest.raises(DatasetError, match="more than that many"):
        train_run(start("classifier", "few", whitening=400))


@pytest.mark.parametrize("options", [{"init": "judge"}, {"init": "scratch", "backbone": "resnet18"}])
def test_a_classifier_of_the_residual_carries_the_prior_and_resumes_to_the_same_bits(options, stopped_and_resumed):
    train_run(start("pretrain", "judge", classes="no_sub", linear_prior=12, symmetry="none", epochs=1))
    options = {"residual_of": "judge", "symmetry": "none", **options}
    whole = train_run(start("classifier", "whole", **options))
    assert same_weights(whole, stopped_and_resumed(start("classifier", "part", **options)))
    judge, loaded = load_checkpoint("judge"), load_checkpoint("whole")
    assert loaded.transform == judge.transform
    assert torch.equal(loaded.module.prior.basis, judge.module.prior.basis)
    assert not loaded.any_size
    # All that it sees is the residual: what the prior explains to the last digit is all the same to it.
    flux = torch.from_numpy(np.array(open_dataset("lenses").images[:2])).unsqueeze(1)
    with torch.inference_mode():
        inputs = judge.transform.forward(flux)
        explained = judge.module.prior.mean.view(1, 1, 64, 64) - inputs
        shown = judge.module.prior.residual(inputs + explained)
        assert shown.abs().max() < 0.01 * judge.module.prior.residual(inputs).abs().max()
    assert loaded.predict(flux[:, 0].numpy()).shape == (2, 3)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"residual_of": "plain"}, CheckpointError, "linear prior"),
        ({"residual_of": "nothing"}, CheckpointError, "nothing"),
        ({"residual_of": "plain", "symmetry": "d4"}, ConfigError, "symmetry"),
        ({"residual_of": "plain", "whitening": 8}, ConfigError, "whitening"),
    ],
)
def test_a_residual_needs_a_prior_and_one_orientation(options, error, words):
    train_run(start("pretrain", "plain", epochs=0.2))
    with pytest.raises(error, match=words):
        train_run(start("classifier", "none", **{"symmetry": "none", **options}))


def test_an_mae_with_a_linear_prior_resumes_to_the_same_bits_and_starts_from_it(stopped_and_resumed):
    options = {"linear_prior": 12, "symmetry": "none", "epochs": 6, "learning_rate": 3e-3}
    whole = train_run(start("pretrain", "whole", **options))
    assert same_weights(whole, stopped_and_resumed(start("pretrain", "part", **options)))
    found = evaluate("whole", "lenses", "train").summary()
    assert found["masked_mse"] < found["visible_mean"]["masked_mse"]
    # So few steps change little of what the prior alone draws.
    assert found["masked_mse"] == pytest.approx(found["linear_prior"]["masked_mse"], rel=0.05)


def test_a_linear_prior_is_added_to_a_trained_mae_whose_encoder_stays():
    train_run(start("pretrain", "plain", epochs=1))
    train_run(start("pretrain", "more", epochs=1, init="plain", linear_prior=12, learning_rate=1e-9, ema_decay=0.0))
    plain, more = load_checkpoint("plain"), load_checkpoint("more")
    for name, tensor in plain.module.encoder.state_dict().items():
        torch.testing.assert_close(more.module.encoder.state_dict()[name], tensor, rtol=0, atol=1e-6)
    # Fine-tuning takes the encoder, which works at any size, and leaves the prior.
    train_run(start("classifier", "tuned", epochs=1, init="more"))
    assert load_checkpoint("tuned").any_size


@pytest.mark.parametrize("validation", [True, False])
def test_batch_norms_of_a_weight_average_are_measured_for_it(monkeypatch, validation):
    if not validation:
        monkeypatch.setattr(LensData, "_validation_rows", lambda _: [])
    options = {"batch_size": 12, "epochs": 2, "ema_decay": 0.9, "symmetry": "none"}
    create_run(make_config("classifier", "resnet18", data="lenses", **options), "r")
    card, network = read_network(train_run("r"))
    dataset = open_dataset("lenses")
    plan = BatchPlan(dataset.indices("train"), 12, 0)
    rows = np.concatenate([plan.rows(step) for step in range(plan.steps_per_epoch)])
    images = torch.from_numpy(np.asarray(dataset.images[rows])).unsqueeze(1)
    with torch.no_grad():
        features = network.conv(card.transform.forward(images))
    assert torch.allclose(network.norm.running_mean, features.mean((0, 2, 3)), atol=1e-5)
    # Without this, the statistics would be those of the last step's weights.
    last = torch.load(open_run("r").checkpoint, weights_only=True)["state_dict"]
    assert not torch.allclose(network.conv.weight, last["network.conv.weight"], atol=1e-5)
