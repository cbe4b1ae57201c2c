"""The residual of a whitening classifier's principal components shows which images are out of its domain."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from sklearn.decomposition import PCA

from lensmae.data import LensImage, open_dataset
from lensmae.data.transforms import Transform
from lensmae.evaluation.images.analyse import Networks, analyse_images
from lensmae.evaluation.images.answers import record, table
from lensmae.evaluation.images.verdicts import sentence
from lensmae.evaluation.ood.fit_reference import fit_reference
from lensmae.evaluation.ood.references import Domain, read_reference, save_reference
from lensmae.models import CheckpointCard, load_checkpoint, save_checkpoint
from lensmae.models.checkpoint import build_network
from lensmae.workspace import models_dir
from tests.unit.conftest import CLASSES, ENCODER

COMPONENTS = 12


@pytest.fixture
def whitening(workspace_with_lenses):
    lenses = open_dataset("lenses")
    architecture = {"encoder": ENCODER, "classes": 3, "whitening": COMPONENTS}
    network = build_network("classifier", architecture)
    flux = torch.from_numpy(np.array(lenses.images[lenses.indices("train")]))[:, None]
    network.whitening.fit(Transform().forward(flux))
    training = {"config": {"symmetry": False}}
    card = CheckpointCard(kind="classifier", architecture=architecture, transform=Transform(), classes=CLASSES, training=training)
    save_checkpoint(models_dir() / "whitens.safetensors", card, network)
    return load_checkpoint("whitens")


@pytest.fixture
def reference(whitening):
    return fit_reference(whitening, open_dataset("lenses"), reference=40, held_out=9)


def test_it_is_the_reconstruction_error_of_scikit_learns_principal_components(whitening):
    lenses = open_dataset("lenses")

    def network_input(rows):
        flux = torch.from_numpy(np.array(lenses.images[rows]))[:, None]
        return Transform().forward(flux).flatten(1).double().numpy()

    measured = PCA(COMPONENTS).fit(network_input(lenses.indices("train")))
    rows = lenses.indices("test")
    left = network_input(rows) - measured.inverse_transform(measured.transform(network_input(rows)))
    expected = np.sqrt(np.square(left).mean(axis=1))
    np.testing.assert_allclose(whitening.pca_residual(np.array(lenses.images[rows])), expected, rtol=1e-3, atol=1e-5)


def test_a_held_out_lens_is_in_domain_and_the_same_with_noise_is_not(whitening, reference):
    pixels = np.array(open_dataset("lenses").images[open_dataset("lenses").indices("validation")[0]])
    noise = np.random.default_rng(0).normal(0, 0.2 * pixels.max(), pixels.shape).astype(np.float32)
    images = [LensImage(pixels, "clean", "npy"), LensImage(pixels + noise, "noisy", "npy")]
    answers = analyse_images(images, Networks(whitening, references={"classifier": reference}))
    clean, noisy = (
        next(one for one in answer.checks["classifier"].novelty if one.measure == "pca_residual") for answer in answers
    )
    assert (clean.percentile < 100, noisy.percentile, noisy.outside) == (True, 100, True)
    assert clean.value == pytest.approx(whitening.pca_residual(pixels[None])[0])
    assert "its residual from the principal components of the training lenses is" in sentence(answers[1].checks["classifier"])
    assert record(answers[1])["domain"]["classifier"]["pca_residual"]["in_domain"] is False
    assert table(answers)["classifier_pca_residual_over_limit"].iloc[1] == pytest.approx(noisy.ratio)


def test_a_reference_of_an_earlier_version_has_none_and_is_read(tmp_path, whitening, reference):
    path = tmp_path / "a.reference.safetensors"
    save_reference(path, reference)
    assert len(read_reference(path).pca_residuals) == 9
    with safe_open(path, framework="np") as file:
        arrays, metadata = {name: file.get_tensor(name) for name in file.keys() if name != "pca_residuals"}, file.metadata()  # noqa: SIM118
    save_file(arrays, path, metadata=metadata)
    earlier = read_reference(path)
    assert earlier.pca_residuals.size == 0
    answer = analyse_images(
        [LensImage(np.ones((64, 64), np.float32), "a", "npy")], Networks(whitening, references={"classifier": earlier})
    )
    assert [one.measure for one in answer[0].checks["classifier"].novelty] == ["embedding"]


def test_a_reference_that_calls_it_remainder_is_read(tmp_path, whitening, reference):
    domain = Domain(limits={"embedding": 3.0, "pca_residual": 0.5}, lenses=9, detection={"pca_residual": {"auroc": 0.9}})
    measured = {"pca_residual": reference.pca_residuals, "embedding": reference.distances}
    path = tmp_path / "a.reference.safetensors"
    save_reference(path, replace(reference, card=reference.card.model_copy(update={"domain": domain}), measured=measured))
    with safe_open(path, framework="np") as file:
        names = {"pca_residuals": "remainders", "held.pca_residual": "held.remainder"}
        arrays = {names.get(name, name): file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = {name: text.replace("pca_residual", "remainder") for name, text in file.metadata().items()}
    save_file(arrays, path, metadata=metadata)
    earlier = read_reference(path)
    assert earlier.card.domain == domain
    np.testing.assert_array_equal(earlier.held_out("pca_residual"), reference.pca_residuals)
    np.testing.assert_array_equal(earlier.pca_residuals, reference.pca_residuals)


def test_a_network_that_does_not_whiten_has_none(classifier):
    model = load_checkpoint(classifier)
    assert not model.whitens
    assert fit_reference(model, open_dataset("lenses"), reference=40, held_out=9).pca_residuals.size == 0
