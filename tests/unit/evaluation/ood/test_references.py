"""A reference travels beside its checkpoint, belongs to these weights only, and is read safely."""

import dataclasses

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

from lensmae.data import open_dataset, simulate_dataset
from lensmae.data.symmetry import apply_d4
from lensmae.errors import CheckpointError, DatasetError
from lensmae.evaluation.ood.fit import fit_checkpoint
from lensmae.evaluation.ood.fit_reference import fit_reference, thinned
from lensmae.evaluation.ood.references import find_reference, read_reference, save_reference
from lensmae.evaluation.reconstruction.full_reconstruction import reconstruct
from lensmae.models import find_checkpoint, list_checkpoints, load_checkpoint
from lensmae.models.registry import reference_path


@pytest.fixture
def reference(mae):
    return fit_reference(load_checkpoint(mae), open_dataset("lenses"), reference=40, held_out=9)


def test_a_reference_holds_training_lenses_and_measures_held_out_ones(mae, reference):
    dataset, model = open_dataset("lenses"), load_checkpoint(mae)
    assert set(reference.rows) <= set(dataset.indices("train"))
    assert len(reference.distances) == len(reference.errors) == 9
    place = 5
    image = torch.from_numpy(np.array(dataset.images[reference.rows[place]]))
    turned = apply_d4(image, int(reference.turns[place])).numpy()
    np.testing.assert_allclose(reference.embeddings[place], model.embed(turned[None])[0], rtol=2e-3, atol=1e-3)
    assert reference.class_of(place) == dataset.lenses["class"].iloc[reference.rows[place]]
    shown, block = reference.picture(place), turned.reshape(32, 2, 32, 2).mean(axis=(1, 3))
    assert np.corrcoef(shown.ravel(), block.ravel())[0, 1] > 0.999


def test_errors_are_the_anomaly_scores_of_validation_lenses(mae, reference):
    """All nine validation lenses are measured, so turning apart their scores are known."""
    dataset, model = open_dataset("lenses"), load_checkpoint(mae)
    images = np.array(dataset.images[dataset.indices("validation")])
    every = [reconstruct(model, apply_d4(torch.from_numpy(images), element).numpy()).score for element in range(8)]
    nearest = np.abs(np.stack(every)[None] - reference.errors[:, None, None]).min(axis=(1, 2))
    np.testing.assert_allclose(nearest / reference.errors, 0, atol=1e-3)


def test_a_network_that_knows_one_orientation_is_asked_in_that_one(mae):
    model = load_checkpoint(mae)
    model.card = model.card.model_copy(update={"training": {"config": {"symmetry": False}}})
    assert (fit_reference(model, open_dataset("lenses"), reference=40, held_out=9).turns == 0).all()


def test_of_a_network_that_learned_no_sub_alone_only_no_sub_is_usual(mae):
    model = load_checkpoint(mae)
    model.card = model.card.model_copy(update={"training": {"config": {"classes": "no_sub"}}})
    dataset = simulate_dataset("model_ii", "larger", 60, 3, jobs=1)
    found = fit_reference(model, dataset, reference=200, held_out=50)
    assert {found.class_of(place) for place in range(len(found.rows))} == {"no_sub"}
    of_no_sub = dataset.labels[dataset.indices("validation")] == dataset.info.classes.index("no_sub")
    assert len(found.errors) == of_no_sub.sum() < len(of_no_sub)


def test_what_is_written_beside_the_checkpoint_is_found_again_and_is_no_checkpoint(mae):
    path = fit_checkpoint(mae, "lenses", reference=40, held_out=9)
    assert path == reference_path(find_checkpoint(mae))
    found = find_reference(find_checkpoint(mae))
    assert found.card.data == "lenses"
    assert not found.card.trained_on
    assert [entry.name for entry in list_checkpoints() if entry.origin == "workspace"] == [mae]
    with pytest.raises(CheckpointError, match="There is no checkpoint"):
        find_checkpoint(f"{mae}.reference")


def test_arrays_survive_the_file(tmp_path, reference):
    save_reference(tmp_path / "a.reference.safetensors", reference)
    read = read_reference(tmp_path / "a.reference.safetensors")
    for field in dataclasses.fields(reference)[1:]:
        np.testing.assert_array_equal(getattr(read, field.name), getattr(reference, field.name))
    assert read.card == reference.card


def test_a_thinned_reference_keeps_some_lenses_and_measures_distances_to_those(reference):
    few = thinned(reference, 15)
    assert len(few.embeddings) == len(few.rows) == len(few.thumbnails) == 15
    assert set(few.rows) < set(reference.rows)
    assert len(few.distances) == len(few.errors) == 9
    left = ~np.isin(reference.rows, few.rows)
    every = few.space.distances(reference.embeddings[left])
    assert np.abs(every[None] - few.distances[:, None]).min(axis=1).max() < 1e-3
    assert thinned(reference, 40) is reference


def test_other_weights_under_the_same_name_refuse_the_reference(mae):
    fit_checkpoint(mae, "lenses", reference=40, held_out=9)
    path = find_checkpoint(mae)
    path.write_bytes(path.read_bytes()[:-4] + b"\x01\x02\x03\x04")
    with pytest.raises(CheckpointError, match=r"other weights than tiny-mae\.safetensors holds now.*lensmae fit-ood"):
        find_reference(path)


def test_without_a_reference_there_is_none(mae):
    assert find_reference(find_checkpoint(mae)) is None


@pytest.mark.parametrize("kind", ["classifier", "superres"])
def test_every_kind_of_checkpoint_has_a_reference(kind, request):
    model, dataset = load_checkpoint(request.getfixturevalue(kind)), open_dataset("lenses")
    if kind == "superres":
        pairs = open_dataset("pairs")
        dataset = dataclasses.replace(pairs, lenses=pairs.lenses.assign(split=["train"] * 12 + ["validation"] * 8))
    found = fit_reference(model, dataset, 40, 9)
    assert found.card.kind == kind
    assert found.errors.size == 0


def test_a_set_that_cannot_say_what_is_usual_is_a_plain_message(mae, superres):
    with pytest.raises(DatasetError, match="1 validation lens"):
        fit_reference(load_checkpoint(mae), open_dataset("lenses"), held_out=1)
    with pytest.raises(DatasetError, match="pairs"):
        fit_reference(load_checkpoint(superres), open_dataset("lenses"))


CHANGES = {
    "not a file of ours": lambda arrays, meta: (arrays, {}),
    "an array is missing": lambda arrays, meta: ({k: v for k, v in arrays.items() if k != "rows"}, meta),
    "arrays of two lengths": lambda arrays, meta: (arrays | {"rows": arrays["rows"][1:]}, meta),
    "another type": lambda arrays, meta: (arrays | {"embeddings": arrays["embeddings"].astype(np.float64)}, meta),
    "a class that is not there": lambda arrays, meta: (arrays | {"labels": arrays["labels"] + 9}, meta),
    "no numbers": lambda arrays, meta: (arrays | {"distances": arrays["distances"] * np.nan}, meta),
    "no held-out lens": lambda arrays, meta: (arrays | {"distances": arrays["distances"][:0]}, meta),
    "of another method": lambda arrays, meta: (arrays, {k: v.replace('"method":1', '"method":2') for k, v in meta.items()}),
    "a header that is no JSON": lambda arrays, meta: (arrays, dict.fromkeys(meta, "{")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_damaged_reference_is_a_plain_message(tmp_path, reference, change):
    path = tmp_path / "a.reference.safetensors"
    save_reference(path, reference)
    with safe_open(path, framework="np") as file:
        arrays, metadata = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118
    arrays, metadata = CHANGES[change](arrays, metadata)
    save_file(arrays, path, metadata=metadata)
    with pytest.raises(CheckpointError, match=r"a\.reference\.safetensors.*lensmae fit-ood"):
        read_reference(path)


def test_a_file_cut_short_is_a_plain_message(tmp_path, reference):
    path = tmp_path / "a.reference.safetensors"
    save_reference(path, reference)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CheckpointError, match="readable reference"):
        read_reference(path)
