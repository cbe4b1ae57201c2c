"""The pipeline of the Analyse page and of `lensmae predict`: many files, one answer each, whatever the others hold."""

import dataclasses

import numpy as np
import pytest
import torch

from lensmae.data import LensImage, open_dataset
from lensmae.data.symmetry import apply_d4
from lensmae.data.transforms import Transform
from lensmae.errors import ImageReadError
from lensmae.evaluation.images.analyse import (
    BATCH,
    Analysis,
    Networks,
    Refusal,
    Source,
    _by_network,
    analyse_files,
    analyse_images,
)
from lensmae.evaluation.images.answers import record, table
from lensmae.evaluation.images.classified import Classified, choose
from lensmae.evaluation.images.neighbours import neighbours
from lensmae.evaluation.images.verdicts import sentence, verdict, warnings
from lensmae.evaluation.ood.domain import DomainCheck
from lensmae.evaluation.ood.fit_reference import fit_reference
from lensmae.evaluation.ood.novelty import Novelty
from lensmae.models import CheckpointCard, load_checkpoint, save_checkpoint
from lensmae.models.checkpoint import build_network
from lensmae.workspace import models_dir
from tests.unit.conftest import CLASSES, ENCODER, save


@pytest.fixture
def networks(mae, classifier, superres):
    return Networks(load_checkpoint(classifier), load_checkpoint(mae), load_checkpoint(superres))


@pytest.fixture
def calibrated(mae, classifier):
    model, other = load_checkpoint(mae), load_checkpoint(classifier)
    references = {
        "mae": fit_reference(model, open_dataset("lenses"), 60, 9),
        "classifier": fit_reference(other, open_dataset("lenses"), 60, 9),
    }
    return Networks(other, model, references=references)


def lens(row, name="lens.npy"):
    return LensImage(np.array(open_dataset("lenses").images[row]), name, "npy", 0.101)


def known_lens(networks):
    """A lens that the classifier's reference holds, as it was embedded: in the domain of the networks."""
    reference, place = networks.references["classifier"], 7
    image = apply_d4(torch.from_numpy(lens(reference.rows[place]).pixels), int(reference.turns[place])).numpy()
    return LensImage(image, "known.npy", "npy")


def bad():
    raise ImageReadError("bad.npy was not read: it is empty.")


def test_every_file_of_many_is_answered_or_refused_in_its_place(networks):
    sources = [
        Source(f"{row}.npy", bad if row % 7 == 3 else lambda row=row: lens(row, f"{row}.npy")) for row in range(2 * BATCH + 5)
    ]
    done = []
    answers = list(analyse_files(sources, networks, done.append))
    assert [answer.name for answer in answers] == [source.name for source in sources]
    assert [isinstance(answer, Refusal) for answer in answers] == [row % 7 == 3 for row in range(len(sources))]
    assert done == [1, 3, 7, 15, 15 + BATCH, len(sources)]
    alone = analyse_images([lens(20)], networks)[0]
    np.testing.assert_allclose(answers[20].classified.probabilities, alone.classified.probabilities, rtol=1e-4)
    assert answers[20].reconstruction.score == pytest.approx(alone.reconstruction.score, rel=1e-4)


def test_the_first_answer_waits_for_one_file_and_none_for_more_than_a_batch(networks):
    opened = []
    answers = analyse_files([Source(str(row), lambda row=row: opened.append(row) or lens(row)) for row in range(40)], networks)
    next(answers)
    assert len(opened) == 1
    assert max(len(opened) - place for place, _ in enumerate(answers, start=1)) == BATCH


def test_an_error_that_is_not_about_the_file_is_not_swallowed(networks):
    def broken():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(analyse_files([Source("a", broken)], networks))


def test_probabilities_are_the_mean_over_the_symmetries_and_the_spread_their_deviation(networks):
    image = lens(40)
    found = analyse_images([image], networks)[0].classified
    turned = [apply_d4(torch.from_numpy(image.pixels), element).numpy() for element in range(8)]
    each = networks.classifier.predict(np.stack(turned), d4=False)
    np.testing.assert_allclose(found.probabilities, each.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(found.spread, each.std(axis=0), rtol=1e-3, atol=1e-6)
    assert found.log_mass is None


def test_a_network_that_knows_one_orientation_is_asked_once_and_has_no_spread(networks):
    networks.classifier.card = networks.classifier.card.model_copy(update={"training": {"config": {"symmetry": False}}})
    image = lens(40)
    found = analyse_images([image], networks)[0].classified
    assert found.spread is None
    np.testing.assert_allclose(found.probabilities, networks.classifier.predict(image.pixels[None], d4=False)[0], rtol=1e-5)


def test_the_axion_mass_is_told_where_the_network_has_such_a_head(workspace_with_lenses):
    name = save(
        "with-mass", "classifier", {"encoder": ENCODER, "classes": 3, "mass_head": True}, transform=Transform(), classes=CLASSES
    )
    model = load_checkpoint(name)
    found = analyse_images([lens(70)], Networks(model))[0].classified
    inputs = model.transform.forward(torch.from_numpy(lens(70).pixels)[None, None])
    with torch.inference_mode():
        each = torch.stack([model.module.log_mass(apply_d4(inputs, element)) for element in range(8)])
    assert found.log_mass == pytest.approx(float(each.mean()), rel=1e-5)
    assert found.log_mass_spread == pytest.approx(float(each.std(correction=0)), rel=1e-2)


@pytest.mark.parametrize(("called", "known", "told"), [("axion", True, True), ("cdm", True, False), ("axion", False, False)])
def test_the_axion_mass_is_told_of_images_called_axion_that_are_like_training_lenses(workspace_with_lenses, called, known, told):
    name = save(
        "with-mass", "classifier", {"encoder": ENCODER, "classes": 3, "mass_head": True}, transform=Transform(), classes=CLASSES
    )
    model = load_checkpoint(name)
    model.module.head.bias.data[CLASSES.index(called)] = 10.0
    reference = fit_reference(model, open_dataset("lenses"), reference=40, held_out=9)
    noise = np.random.default_rng(0).random((64, 64)).astype(np.float32)
    rows = [int(row) for row in open_dataset("lenses").indices("train")[:1]]
    image = lens(rows[0]) if known else LensImage(noise, "noise.npy", "npy")
    answer = analyse_images([image], Networks(model, references={"classifier": reference}))[0]
    assert answer.checks["classifier"].in_domain is known
    assert answer.classified.tells_mass is told
    assert ("log10_axion_mass_ev" in table([answer])) is told
    assert ("log10_axion_mass_ev" in record(answer)) is told


def test_any_size_and_any_unit_gets_an_answer(networks):
    large = LensImage(np.random.default_rng(0).normal(1e6, 10, (301, 222)).astype(np.float32), "large.fits", "fits")
    answer = analyse_images([large], networks)[0]
    assert answer.shape == (301, 222)
    assert {kind: image.pixels.shape for kind, image in answer.fitted.items()} == {
        "classifier": (64, 64),
        "mae": (64, 64),
        "superres": (80, 80),
    }
    assert any("222x222" in note for note in answer.fitted["mae"].notes)


@pytest.mark.parametrize("level", [0.0, 5.0])
def test_no_class_is_told_of_an_image_whose_pixels_are_all_equal(calibrated, level):
    blank = LensImage(np.full((70, 64), level, dtype=np.float32), "blank.npy", "npy")
    seen, unseen = analyse_images([known_lens(calibrated), blank], calibrated)
    assert seen.classified is not None
    assert unseen.classified is None
    assert record(unseen)["class"] is None
    assert "probabilities" not in record(unseen)
    assert table([unseen, seen])["class"].isna().tolist() == [True, False]


def test_a_training_lens_is_nearest_to_itself_and_noise_lies_outside(calibrated):
    reference = calibrated.references["classifier"]
    place = 7
    known, strange = analyse_images([known_lens(calibrated), LensImage(NOISE, "noise", "npy")], calibrated)
    assert known.checks["classifier"].neighbours[0] == place
    np.testing.assert_allclose(known.checks["classifier"].point, reference.space.points[place], atol=0.05)
    assert warnings(known) == []
    assert known.in_domain == {"classifier": True, "mae": True, "superres": None}
    assert strange.in_domain == {"classifier": False, "mae": False, "superres": None}
    assert len(warnings(strange)) == 2
    measures = {one.measure: one for one in strange.checks["mae"].novelty}
    assert set(measures) == {"embedding", "error"}
    assert measures["error"].percentile == 100
    assert "times" in sentence(strange.checks["mae"])
    assert "did not" not in sentence(strange.checks["mae"])


NOISE = np.random.default_rng(0).random((64, 64)).astype(np.float32)


def test_out_of_the_domain_no_class_is_told_and_it_is_said_why_and_what_would_help(calibrated):
    inside, outside = analyse_images([known_lens(calibrated), LensImage(NOISE, "noise.npy", "npy")], calibrated)
    told, withheld = record(inside), record(outside)
    assert told["class"] == max(told["probabilities"], key=told["probabilities"].get)
    assert told["in_domain"] == {"classifier": True, "mae": True, "superres": None}
    assert (withheld["file"], withheld["class"]) == ("noise.npy", None)
    assert sum(withheld["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert withheld["in_domain"] == {"classifier": False, "mae": False, "superres": None}
    assert withheld["verdict"].startswith("Cannot tell. The image is out of the domain of tiny-classifier: ")
    assert "its embedding lies" in withheld["verdict"]
    assert "What would help: a cut-out with the lens in its centre" in withheld["verdict"]
    assert withheld["domain"]["classifier"]["would_help"]
    assert table([inside, outside])["class"].isna().tolist() == [False, True]


def test_each_answer_is_judged_by_the_domain_of_its_own_network(calibrated):
    """An image strange to the autoencoder alone keeps its class."""
    reference = calibrated.references["mae"]
    narrow = dataclasses.replace(reference, errors=reference.errors * 1e-9, distances=reference.distances * 1e-9)
    others = dataclasses.replace(calibrated, references=calibrated.references | {"mae": narrow})
    answer = analyse_images([known_lens(calibrated)], others)[0]
    assert answer.in_domain == {"classifier": True, "mae": False, "superres": None}
    assert answer.called == answer.classified.name


def test_the_specialist_answers_in_its_domain_and_the_generalist_else(calibrated, workspace_with_lenses):
    architecture = {"encoder": ENCODER, "classes": 3}
    special = load_checkpoint(save("special", "classifier", architecture, seed=5, transform=Transform(), classes=CLASSES))
    own = fit_reference(special, open_dataset("lenses"), 60, 9)
    own = dataclasses.replace(own, distances=np.full(9, np.median(own.distances) * 10, np.float32))
    both = dataclasses.replace(calibrated, specialist=special, references=calibrated.references | {"specialist": own})
    inside, outside = analyse_images([known_lens(calibrated), LensImage(NOISE, "noise.npy", "npy")], both)
    assert analyse_images([known_lens(calibrated)], calibrated)[0].classified.probabilities.max() < 0.9
    assert inside.classified.checkpoint == "special"
    assert outside.classified.checkpoint == "tiny-classifier"
    assert not outside.classified.declined.in_domain
    said = verdict(outside.classified)
    assert "special was asked first, but the image is out of its domain" in said
    # What is asked most, whether and why, comes first.
    assert said.startswith("Cannot tell. The image is out of the domain of tiny-classifier: ")
    assert verdict(inside.classified) == "Answered by special: the image is in its domain."


def test_a_specialist_that_a_sure_generalist_contradicts_does_not_answer():
    def said(name, probabilities, inside):
        check = DomainCheck(None, () if inside else (Novelty("embedding", 2.0, 100.0, 1.0, 9),), *[np.empty(0)] * 4)
        return Classified(CLASSES, np.array(probabilities), None, None, None, name, check)

    special = said("special", [0.9, 0.05, 0.05], True)
    for probabilities, inside, who in (
        ([0.02, 0.95, 0.03], True, "general"),
        ([0.02, 0.95, 0.03], False, "special"),
        ([0.2, 0.5, 0.3], True, "special"),
        ([0.95, 0.02, 0.03], True, "special"),
    ):
        assert choose(special, said("general", probabilities, inside)).checkpoint == who


def test_a_network_of_one_size_does_not_answer_for_resampled_images(workspace_with_lenses):
    lenses = open_dataset("lenses")
    architecture = {"encoder": ENCODER, "classes": 3, "whitening": 12}
    network = build_network("classifier", architecture)
    network.whitening.fit(Transform().forward(torch.from_numpy(np.array(lenses.images[:60]))[:, None]))
    card = CheckpointCard(kind="classifier", architecture=architecture, transform=Transform(), classes=CLASSES)
    save_checkpoint(models_dir() / "whitens.safetensors", card, network)
    model = load_checkpoint("whitens")
    asked = Networks(model, references={"classifier": fit_reference(model, lenses, 60, 9)})
    small = known_lens(asked)
    large = LensImage(np.kron(small.pixels, np.ones((2, 2), dtype=np.float32)), "large", "npy")
    same, resampled = analyse_images([small, large], asked)
    np.testing.assert_allclose(resampled.classified.probabilities, same.classified.probabilities, atol=1e-3)
    assert (same.called is not None, resampled.called) == (True, None)
    assert "resampled" in verdict(resampled.classified)


def test_the_table_has_one_row_a_file_with_numbers_and_reasons(calibrated):
    answers = [Refusal("bad.npy", "bad.npy was not read: it is empty."), *analyse_images([lens(3), lens(50)], calibrated)]
    found = table(answers)
    assert found["file"].tolist() == ["bad.npy", "lens.npy", "lens.npy"]
    np.testing.assert_allclose(found[[f"P({name})" for name in CLASSES]].iloc[1:].sum(axis=1), 1, atol=1e-5)
    assert {"masked_mse", "mae_error_percentile", "mae_distance_over_limit", "in_domain_mae", "sd(cdm)"} <= set(found)
    assert list(found)[-2:] == ["notes", "refused"]
    assert record(answers[0]) == {"file": "bad.npy", "refused": "bad.npy was not read: it is empty."}


def test_without_networks_there_is_still_what_was_read():
    answer = analyse_images([LensImage(np.ones((9, 9), dtype=np.float32), "a", "npy", None, ("A note.",))], Networks())[0]
    assert isinstance(answer, Analysis)
    assert (set(answer.in_domain.values()), answer.notes, answer.shape) == ({None}, ("A note.",), (9, 9))
    assert record(answer)["class"] is None


def test_neighbours_are_shown_from_the_data_set_or_as_thumbnails(calibrated):
    reference, dataset = calibrated.references["mae"], open_dataset("lenses")
    check = analyse_images([lens(3)], calibrated)[0].checks["mae"]
    full, small = neighbours(check, reference, dataset), neighbours(check, reference)
    assert [one.row for one in full] == reference.rows[check.neighbours].tolist()
    for one, thumb in zip(full, small, strict=True):
        assert np.sort(one.image.ravel()).tolist() == np.sort(dataset.images[one.row].ravel()).tolist()
        blocks = one.image.reshape(32, 2, 32, 2).mean(axis=(1, 3))
        assert np.corrcoef(blocks.ravel(), thumb.image.ravel())[0, 1] > 0.999
    assert (np.diff([one.distance for one in full]) >= 0).all()


def test_an_image_of_known_pixel_scale_is_brought_to_that_of_the_training_lenses(calibrated):
    """A lens seen with pixels half as large, and twice as many, is the same lens."""
    image = lens(3)
    fine = LensImage(np.kron(image.pixels, np.ones((2, 2), dtype=np.float32)), "fine", "npy", image.pixel_scale / 2)
    here, there = (one.fitted["mae"].pixels for one in analyse_images([image, fine], calibrated))
    np.testing.assert_allclose(here, there, rtol=1e-5)
    assert any("resampled" in note for note in analyse_images([fine], calibrated)[0].fitted["mae"].notes)


def test_what_each_network_is_given_is_said_by_its_name_where_it_differs():
    notes = _by_network({"classifier": ("64x64 pixels.",), "mae": ("64x64 pixels.",), "superres": ("75x75 pixels.",)})
    assert notes == ("Input of classifier and mae: 64x64 pixels.", "Input of superres: 75x75 pixels.")
    assert _by_network({"classifier": ("64x64 pixels.",), "mae": ("64x64 pixels.",)}) == ("64x64 pixels.",)
