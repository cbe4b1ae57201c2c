"""A trained classifier is given a network for the axion mass."""

import numpy as np
import pytest
import torch

from lensmae.data import open_dataset, simulate_dataset
from lensmae.data.transforms import Transform
from lensmae.errors import CheckpointError, DatasetError
from lensmae.evaluation.classification.axion_mass import evaluate_masses
from lensmae.models import CheckpointCard, load_checkpoint, save_checkpoint
from lensmae.models.checkpoint import build_network
from lensmae.training import create_run, get_run, make_config, read_metrics, train_run
from lensmae.workspace import models_dir
from tests.unit.conftest import CLASSES, ENCODER, save

TINY = {"init": "whitened", "width": 32, "layers": 2, "batch_size": 12, "epochs": 60, "save_every": 60, "learning_rate": 3e-3}
pytestmark = pytest.mark.usefixtures("no_run_id")


@pytest.fixture
def whitened(workspace_with_lenses):
    """A classifier with random weights that whitens with components of the lenses, and has a linear mass head."""
    torch.manual_seed(3)
    flux = torch.from_numpy(np.array(open_dataset("lenses").images)).unsqueeze(1)
    transform = Transform(gain=1.0, per_image_peak=False).fitted(flux)
    architecture = {"encoder": ENCODER, "classes": 3, "whitening": 20, "mass_head": True}
    network = build_network("classifier", architecture)
    network.whitening.fit(transform.forward(flux))
    training = {"config": {"symmetry": False, "epochs": 5}, "run": "first"}
    facts = {"classes": CLASSES, "training": training, "data": {"name": "old"}}
    card = CheckpointCard(kind="classifier", architecture=architecture, transform=transform, **facts)
    save_checkpoint(models_dir() / "whitened.safetensors", card, network)
    return "whitened"


def start(name, **options):
    return create_run(make_config("mass", data="lenses", **{**TINY, **options}), name)


def test_the_mass_is_learned_and_the_classifier_stays_as_it_was(whitened):
    train_run(start("mass"))
    before, after = load_checkpoint(whitened), load_checkpoint("mass")
    dataset = open_dataset("lenses")
    images = np.array(dataset.images[:20])
    assert np.array_equal(before.predict(images), after.predict(images))
    trained = dataset.indices("train")
    errors = [evaluate_masses(model, dataset, trained).summary()["rms_dex"] for model in (before, after)]
    # Knowing nothing but the middle of the prior is 0.58 dex off.
    assert errors[1] < 0.25 < 0.5 < errors[0]
    unseen = evaluate_masses(after, dataset, dataset.indices("validation"))
    mean_error = np.abs(unseen.estimate - unseen.truth).mean()
    assert read_metrics("mass")["validation_mass_dex"].dropna().iloc[-1] == pytest.approx(mean_error, rel=1e-3)


def test_the_card_says_what_both_stages_were_trained_on(whitened):
    train_run(start("mass", epochs=2))
    card = load_checkpoint("mass").card
    assert card.training["run"] == "first"
    assert card.training["mass"]["config"]["kind"] == "mass"
    assert card.data["name"] == "old"
    assert card.data["mass"]["name"] == "lenses"
    # Of 30 axion lenses, the training split's; the other classes have no mass.
    assert card.data["mass"]["training_lenses"] == 24
    assert not card.symmetric
    assert "mass_head" not in card.architecture
    assert card.architecture["mass_network"] == {"width": 32, "layers": 2}


def test_a_run_stopped_and_resumed_ends_with_the_same_bits(whitened, stopped_and_resumed):
    train_run(start("whole", epochs=4, save_every=3))
    stopped_and_resumed(start("part", epochs=4, save_every=3))
    images = np.array(open_dataset("lenses").images[60:70])
    assert np.array_equal(load_checkpoint("whole").log_mass(images), load_checkpoint("part").log_mass(images))


def test_what_cannot_learn_a_mass_is_refused_with_the_reason(whitened):
    save("plain", "classifier", {"encoder": ENCODER, "classes": 3}, transform=Transform(), classes=CLASSES)
    with pytest.raises(CheckpointError, match="plain cannot be given a mass network"):
        train_run(start("a", init="plain"))
    with pytest.raises(CheckpointError, match="lenses turned by d4; train with symmetry set to none"):
        train_run(start("b", symmetry="d4"))
    simulate_dataset("model_ii", "smooth", per_class=5, seed=1, classes=["no_sub"], jobs=1)
    with pytest.raises(DatasetError, match="smooth has no training lenses with an axion mass"):
        train_run(create_run(make_config("mass", **{**TINY, "data": "smooth"}), "c"))
    assert get_run("c").state == "failed"


def test_half_precision_weights_tell_the_same_mass(whitened):
    """Components and their scale stay float32: rounded, they would hide what a short vortex does."""
    train_run(start("mass"))
    model, network = load_checkpoint("mass"), load_checkpoint("mass").module
    save_checkpoint(models_dir() / "half.safetensors", model.card, network, torch.float16)
    images = np.array(open_dataset("lenses").images[60:90])
    np.testing.assert_allclose(load_checkpoint("half").log_mass(images), model.log_mass(images), atol=0.005)
