import importlib
from pathlib import Path

import numpy as np
import pytest
import torch

from lensmae.data import open_dataset
from lensmae.data.symmetry import D4_ORDER, apply_d4, draw_elements, random_d4, undo_d4
from lensmae.data.transforms import Transform
from lensmae.errors import ConfigError, DatasetError
from lensmae.models import LensClassifier, MAEEncoder
from lensmae.training import KINDS, RECIPES, config_from_record, kinds, make_config
from lensmae.training.callbacks import device_name
from lensmae.training.kinds.pretrain import PretrainObjective
from lensmae.training.loading.batches import BatchPlan
from lensmae.training.loading.datamodule import LensData
from lensmae.training.optimizer import build_optimizer, learning_rate_factor, parameter_groups
from lensmae.training.task import LensTask


@pytest.mark.parametrize(("kind", "recipe"), [(kind, recipe) for kind in RECIPES for recipe in RECIPES[kind]])
def test_every_recipe_is_a_valid_configuration_and_survives_its_record(kind, recipe):
    config = make_config(kind, recipe, data="x")
    assert config_from_record(config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    "wrong", [{"epochs": -1}, {"batch_size": 0}, {"mask_ratio": 1.0}, {"nonsense": 3}, {"precision": "int4"}]
)
def test_wrong_options_are_named(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        make_config("pretrain", data="x", **wrong)


def test_every_epoch_reads_every_image_once_in_a_new_order():
    plan = BatchPlan(np.arange(100, 160), batch_size=20, seed=4)
    epochs = [np.concatenate([plan.rows(epoch * 3 + step) for step in range(3)]) for epoch in range(2)]
    assert all(sorted(epoch) == list(range(100, 160)) for epoch in epochs)
    assert not np.array_equal(*epochs)
    assert np.array_equal(plan.rows(4), BatchPlan(np.arange(100, 160), 20, 4).rows(4))


def test_a_deep_stem_needs_a_stem():
    with pytest.raises(ConfigError, match="stem_width"):
        make_config("classifier", data="x", stem_depth=2)


@pytest.mark.parametrize(("stored", "symmetry"), [(True, "d4"), (False, "none"), ("half_turn", "half_turn")])
def test_records_from_before_half_turns_were_a_choice_are_read(stored, symmetry):
    record = make_config("pretrain", data="x").model_dump(mode="json") | {"symmetry": stored}
    assert config_from_record(record).symmetry == symmetry


@pytest.mark.parametrize(("symmetry", "elements"), [("none", {0}), ("half_turn", {0, 2}), ("d4", set(range(8)))])
def test_a_symmetry_draws_its_own_elements_and_all_of_them(symmetry, elements):
    drawn = draw_elements(symmetry, 200, torch.Generator().manual_seed(0))
    assert set(drawn.tolist()) == elements


def test_an_empty_split_is_refused():
    with pytest.raises(DatasetError, match="empty"):
        BatchPlan(np.array([], dtype=int), 4, 0)


def test_schedule_rises_to_one_and_falls_to_zero():
    factors = [learning_rate_factor(step, 100, 0.1) for step in range(100)]
    assert factors[0] == pytest.approx(0.1)
    assert max(factors) == factors[9] == 1.0
    assert factors[55] == pytest.approx(0.5 * (1 + np.cos(np.pi * 45 / 90)))
    assert factors[-1] < 1e-3


def test_the_weight_average_of_a_short_run_follows_its_weights():
    network = torch.nn.Linear(1, 1, bias=False)
    task = LensTask(network, PretrainObjective(make_config("pretrain", data="x", ema_decay=0.999), Transform(), 20))
    values, expected = np.arange(20.0), None
    for count, value in enumerate(values):
        with torch.no_grad():
            network.weight.fill_(value)
        task.average.follow(network, count)
        decay = min(0.999, (1 + count) / (10 + count))
        expected = value if expected is None else decay * expected + (1 - decay) * value
    assert float(task.average.module.weight) == pytest.approx(expected)
    # With the final decay from the first step on it would be 0.19.
    assert expected > 10


def test_layer_decay_falls_from_head_to_embeddings_and_spares_vectors_from_weight_decay():
    network = LensClassifier(MAEEncoder(image_size=16, emb_dim=24, layers=2, heads=3))
    groups = parameter_groups(network, 1.0, 0.05, 0.5)
    rates = {id(p): (g["lr"], g["weight_decay"]) for g in groups for p in g["params"]}
    assert rates[id(network.head.weight)] == (1.0, 0.05)
    assert rates[id(network.encoder.transformer[1].mlp.fc1.weight)] == (0.5, 0.05)
    assert rates[id(network.encoder.transformer[0].mlp.fc1.bias)] == (0.25, 0.0)
    assert rates[id(network.encoder.pos_embedding)] == (0.125, 0.0)
    assert rates[id(network.encoder.patchify.weight)] == (0.125, 0.05)
    assert len(rates) == len(list(network.parameters()))


def test_the_eight_symmetries_are_different_and_have_inverses():
    image = torch.rand(1, 1, 5, 5)
    turned = [apply_d4(image, element) for element in range(D4_ORDER)]
    assert len({tuple(t.flatten().tolist()) for t in turned}) == 8
    assert all(torch.equal(undo_d4(t, element), image) for element, t in enumerate(turned))
    mixed = random_d4(image.expand(8, -1, -1, -1), torch.arange(8))
    assert torch.equal(mixed, torch.cat(turned))


@pytest.mark.parametrize("stretch", ["linear", "log1p", "asinh"])
@pytest.mark.parametrize("per_image_peak", [True, False])
def test_transforms_are_inverted_exactly_enough_and_keep_negative_pixels(stretch, per_image_peak):
    flux = torch.randn(4, 1, 8, 8, dtype=torch.float64)
    transform = Transform(stretch=stretch, per_image_peak=per_image_peak).fitted(flux)
    peak = transform.scale(flux)
    torch.testing.assert_close(transform.inverse(transform.forward(flux, peak), peak), flux)
    assert transform.forward(flux).mean().abs() < 1e-9
    assert transform.forward(flux).std() == pytest.approx(1.0)


def test_a_fixed_flux_scale_takes_only_known_peaks_as_they_are():
    transform = Transform(gain=1.0, per_image_peak=False, known_peaks=(3.0, 5.0))
    flux = torch.rand(1, 1, 4, 4)
    flux /= flux.max()
    torch.testing.assert_close(transform.forward(4.2 * flux), torch.log1p(4.2 * flux))
    # Another unit: brought to the middle of the known maxima, whatever it was.
    for factor in (1e-9, 1.0, 7e5):
        torch.testing.assert_close(transform.forward(factor * flux), torch.log1p(4.0 * flux))
    torch.testing.assert_close(transform.forward(0 * flux), 0 * flux)


def test_log1p_agrees_with_numpy_on_flux():
    flux = torch.rand(1, 1, 4, 4) * 3
    expected = np.log1p(4.0 * flux.numpy() / flux.max().item())
    np.testing.assert_allclose(Transform().forward(flux).numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_gradients_are_clipped_beside_the_fused_step(precision):
    network = torch.nn.Linear(4, 4)
    config = make_config("pretrain", data="x", clip=0.5, precision=precision)
    task = LensTask(network, PretrainObjective(config, Transform(), 10))
    optimizer, _ = build_optimizer(network, config, 10)
    network(torch.full((1, 4), 100.0)).square().sum().backward()
    task.configure_gradient_clipping(optimizer, config.clip, "norm")
    norm = torch.stack([weight.grad.norm() for weight in network.parameters()]).norm()
    assert float(norm) == pytest.approx(0.5, rel=1e-4)
    assert all(group["fused"] for group in optimizer.param_groups)


def test_the_rows_of_a_batch_stay_where_the_images_are_read(workspace_with_lenses):
    data = LensData(open_dataset("lenses"), make_config("pretrain", data="lenses"))
    rows = next(iter(data.val_dataloader()))
    assert data.transfer_batch_to_device(rows, torch.device("meta"), 0) is rows


def test_a_graphics_card_is_called_by_its_name(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"card {device.index}")
    assert device_name(torch.device("cuda", 1)) == "card 1"
    assert device_name(torch.device("cpu")).startswith("CPU, ")


def test_every_module_of_a_kind_of_training_is_in_the_registry():
    """A new kind is its module and a name in the registry: command, form and records find all the rest there."""
    folder = Path(kinds.__file__).parent
    modules = [importlib.import_module(f"{kinds.__name__}.{path.stem}") for path in folder.glob("*.py")]
    found = [module.KIND for module in modules if hasattr(module, "KIND")]
    assert sorted(kind.name for kind in found) == sorted(KINDS)
    for kind in found:
        assert KINDS[kind.name] is kind
        record = make_config(kind.name, data="x").model_dump()
        assert type(config_from_record(record)) is kind.config


@pytest.mark.parametrize("kind", KINDS)
def test_every_recipe_is_explained(kind):
    assert set(KINDS[kind].advice) == set(KINDS[kind].recipes)
    assert all(note.endswith(".") for note in KINDS[kind].advice.values())
