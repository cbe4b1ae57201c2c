import ast
import subprocess
import sys

import numpy as np
import pytest
import torch

from lensmae.data import open_dataset
from lensmae.data.transforms import Transform
from lensmae.errors import ConfigError, DatasetError
from lensmae.evaluation import embed_dataset
from lensmae.evaluation.embeddings import embed
from lensmae.evaluation.embeddings.embed import errors_to_measure, lenses_to_embed, reconstruction_errors
from lensmae.evaluation.ood.network_input import network_inputs
from lensmae.models import load_checkpoint
from lensmae.workspace import workspace
from tests.unit.conftest import MAE, save


def test_embeddings_are_the_models_features_of_the_asked_rows_in_their_order(mae):
    model, dataset = load_checkpoint(mae), open_dataset("lenses")
    rows = np.array([80, 3, 41])
    expected = [model.embed(np.array(dataset.images[row])[None], rounded=True)[0] for row in rows]
    np.testing.assert_allclose(embed_dataset(model, dataset, rows), expected, rtol=1e-4, atol=1e-5)


def test_a_thread_a_core_embeds_the_same_and_gives_the_threads_back(mae, classifier):
    dataset = open_dataset("lenses")
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        for name, count in ((mae, 90), (classifier, 7)):
            model = load_checkpoint(name)
            images = np.asarray(dataset.images[:count])
            np.testing.assert_allclose(model.pooled_thread_a_core(images), model.pooled(images), rtol=1e-4, atol=1e-5)
            rounded = model.pooled_thread_a_core(images, rounded=True)
            np.testing.assert_allclose(rounded, model.pooled(images, rounded=True), rtol=1e-2, atol=1e-2)
            assert torch.get_num_threads() == 2
        with pytest.raises(ValueError, match="no layer"):
            model.pooled_thread_a_core(images, layer=50)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_embeddings_are_kept_on_disk_and_told_apart_by_model_and_rows(mae, classifier):
    dataset, rows = open_dataset("lenses"), np.arange(5)
    model, told = load_checkpoint(mae), []
    first = embed_dataset(model, dataset, rows, progress=lambda done, total: told.append((done, total)))
    assert told == [(5, 5)]
    again = embed_dataset(model, dataset, rows, progress=lambda done, total: told.append("computed again"))
    np.testing.assert_array_equal(first, again)
    assert told == [(5, 5)]
    assert not np.array_equal(embed_dataset(model, dataset, rows + 1), first)
    assert not np.array_equal(embed_dataset(load_checkpoint(classifier), dataset, rows), first)


def test_nothing_is_kept_for_a_visitor_of_a_read_only_dashboard(mae, monkeypatch):
    monkeypatch.setenv("LENSMAE_READ_ONLY", "1")
    embed_dataset(load_checkpoint(mae), open_dataset("lenses"), np.arange(3))
    assert not (workspace() / "cache").exists()


def test_images_that_the_model_cannot_cut_into_patches_are_said_in_words(mae):
    with pytest.raises(DatasetError, match="divisible by 8"):
        load_checkpoint(mae).patch_grid((3, 36, 36))


def test_images_of_another_size_are_brought_to_the_network_first(mae):
    model, pairs, rows = load_checkpoint(mae), open_dataset("pairs"), np.arange(3)
    brought, said = network_inputs(pairs, model)
    assert brought.images.shape[1:] == (model.image_size, model.image_size) != pairs.images.shape[1:]
    assert said
    np.testing.assert_allclose(
        embed_dataset(model, pairs, rows), model.embed(np.asarray(brought.images[rows]), rounded=True), atol=1e-5
    )


def test_a_super_resolver_embeds_images_of_any_size(superres):
    assert embed_dataset(load_checkpoint(superres), open_dataset("pairs"), np.arange(3)).shape == (3, 24)


@pytest.mark.parametrize(("pooling", "place"), [("mean", 0), ("class token", 1), ("max", 2)])
def test_another_pooling_of_a_layer_costs_no_further_forward_pass(mae, monkeypatch, pooling, place):
    model, dataset, rows = load_checkpoint(mae), open_dataset("lenses"), np.arange(6)
    expected = model.pooled(np.asarray(dataset.images[rows]), 1, rounded=True)[place]
    embed_dataset(model, dataset, rows, layer=1)
    monkeypatch.setattr(type(model), "pooled", None)
    np.testing.assert_allclose(embed_dataset(model, dataset, rows, layer=1, pooling=pooling), expected, atol=1e-6)


def test_the_last_layer_by_number_or_by_default_is_the_same(mae):
    model, dataset, rows = load_checkpoint(mae), open_dataset("lenses"), np.arange(4)
    embed_dataset(model, dataset, rows, layer=2)
    assert lenses_to_embed(model, dataset, rows) == 0
    assert lenses_to_embed(model, dataset, rows, layer=1) == 4


def test_a_layer_or_pooling_that_is_not_there_is_said_in_words(mae):
    model, dataset = load_checkpoint(mae), open_dataset("lenses")
    with pytest.raises(ConfigError, match="layers 1 to 2"):
        embed_dataset(model, dataset, np.arange(2), layer=3)
    with pytest.raises(ConfigError, match="median"):
        embed_dataset(model, dataset, np.arange(2), pooling="median")


def test_work_that_was_stopped_goes_on_where_it_was(mae, monkeypatch):
    monkeypatch.setattr(embed, "_PART", 20)
    monkeypatch.setattr(embed, "_BATCH", 10)
    model, dataset, rows = load_checkpoint(mae), open_dataset("lenses"), np.arange(60)

    def stop(done, total):
        if done == 50:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed_dataset(model, dataset, rows, stop)
    assert lenses_to_embed(model, dataset, rows) == 20
    told = []
    embed_dataset(model, dataset, rows, lambda done, total: told.append((done, total)))
    assert told == [(50, 60), (60, 60)]


def test_a_checkpoint_that_changed_under_its_name_is_embedded_anew(mae):
    dataset, rows = open_dataset("lenses"), np.arange(3)
    before = embed_dataset(load_checkpoint(mae), dataset, rows)
    save(mae, "mae", MAE, seed=5, transform=Transform())
    assert not np.allclose(embed_dataset(load_checkpoint(mae), dataset, rows), before)


def test_the_reconstruction_error_of_a_lens_is_the_same_in_every_choice_of_rows(mae):
    model, dataset = load_checkpoint(mae), open_dataset("lenses")
    together = reconstruction_errors(model, dataset, np.array([4, 50, 71]))
    assert together.shape == (3,)
    np.testing.assert_allclose(reconstruction_errors(model, dataset, np.array([71, 4])), together[[2, 0]], rtol=1e-4)
    assert errors_to_measure(model, dataset, np.array([4, 50, 71])) == 0


def test_the_reconstruction_error_is_that_of_hidden_pixels(mae):
    model, dataset = load_checkpoint(mae), open_dataset("lenses")
    image = np.asarray(dataset.images[[7]])
    drawn = model.predict(image, mask_ratio=0.75, seed=7)
    expected = ((drawn.prediction - image)[drawn.mask] / np.ptp(image)) ** 2
    np.testing.assert_allclose(reconstruction_errors(model, dataset, np.array([7])), [expected.mean()], rtol=1e-4)


def test_umap_and_scikit_learn_are_not_loaded_before_they_are_needed():
    code = "import lensmae.evaluation, sys; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"umap", "sklearn", "pytorch_lightning", "lenstronomy"} & set(ast.literal_eval(loaded))


def test_the_brightest_half_of_the_patches_is_what_is_encoded(mae, classifier):
    model, dataset, rows = load_checkpoint(mae), open_dataset("lenses"), np.arange(5)
    found = embed_dataset(model, dataset, rows, patches="brightest half")
    flux = torch.from_numpy(np.asarray(dataset.images[rows])).unsqueeze(1)
    means = torch.nn.functional.avg_pool2d(flux, model.patch_size).flatten(1)
    places = np.argsort(-means.numpy(), axis=1)[:, : means.shape[1] // 2]
    with torch.inference_mode():
        patches = model.module.encoder.patches(model.transform.forward(flux)).numpy()
        bright = torch.from_numpy(np.take_along_axis(patches, places[..., None], axis=1))
        expected = model.module.encoder.encode(bright)[:, 1:].mean(dim=1)
    np.testing.assert_allclose(found, expected, atol=1e-2 if model.rounds else 1e-5)
    assert not np.array_equal(found, embed_dataset(model, dataset, rows))
    with pytest.raises(ConfigError, match="autoencoder"):
        embed_dataset(load_checkpoint(classifier), dataset, rows, patches="brightest half")
