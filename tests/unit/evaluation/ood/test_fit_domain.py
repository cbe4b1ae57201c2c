"""Limits that catch failures, against scikit-learn, cases done by hand, and a small network that was really trained."""

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from lensmae.data import open_dataset
from lensmae.data.nuisances import NUISANCES
from lensmae.data.transforms import Transform
from lensmae.errors import DatasetError
from lensmae.evaluation.images.analyse import Networks, analyse_images
from lensmae.evaluation.images.verdicts import verdict
from lensmae.evaluation.ood.domain import check_domain
from lensmae.evaluation.ood.fit import fit_checkpoint, simulated_lenses, trained_strata
from lensmae.evaluation.ood.fit_domain import beyond, fit_domain, fit_limits
from lensmae.evaluation.ood.fit_reference import fit_reference
from lensmae.evaluation.ood.measures import Views, answer_measures, classifier_views, whitening_measures
from lensmae.evaluation.ood.quality import Quality
from lensmae.evaluation.ood.references import find_reference, read_reference, save_reference
from lensmae.evaluation.ood.risk import Foreign, aurc, failure_auroc, fit_foreign, fit_risk
from lensmae.evaluation.ood.trials import AS_FILES, AS_SIMULATED, Held, Trials
from lensmae.models import CheckpointCard, find_checkpoint, load_checkpoint, save_checkpoint
from lensmae.models.checkpoint import build_network
from lensmae.workspace import models_dir
from tests.unit.conftest import CLASSES, ENCODER, save


def test_the_area_under_the_risk_coverage_curve_is_that_of_a_case_done_by_hand():
    wrong = np.array([False, True, False, True])
    assert aurc(np.array([0.1, 0.4, 0.2, 0.3]), wrong) == pytest.approx((0 + 0 + 1 / 3 + 2 / 4) / 4)
    assert aurc(np.array([0.1, 0.9, 0.2, 0.8]), wrong) < aurc(np.array([0.9, 0.1, 0.8, 0.2]), wrong)
    assert failure_auroc(np.array([0.1, 0.9, 0.2, 0.8]), wrong) == roc_auc_score(wrong, [0.1, 0.9, 0.2, 0.8])
    assert failure_auroc(np.ones(3), np.zeros(3, bool)) is None


def test_disagreement_is_the_jensen_shannon_divergence_of_the_views():
    each = np.array([[[0.7, 0.2, 0.1]], [[0.1, 0.3, 0.6]]])
    measured = answer_measures(Views(np.zeros((1, 2)), np.log(each)))
    mean = each.mean(axis=0)
    expected = np.mean([(p * np.log(p / mean)).sum() for p in each])
    assert measured["disagreement"][0] == pytest.approx(expected)
    assert measured["confidence"][0] == pytest.approx(1 - mean.max())
    # Of probabilities, log sum exp is 0.
    assert measured["energy"][0] == pytest.approx(0, abs=1e-6)
    assert "disagreement" not in answer_measures(Views(np.zeros((1, 2)), np.log(each[:1])))


def test_the_risk_is_a_calibrated_probability_for_lenses_it_was_not_fitted_to():
    rng = np.random.default_rng(0)
    measure = rng.lognormal(0, 1, 6000)
    wrong = rng.random(6000) < 1 / (1 + np.exp(-(1.5 * np.log(measure) - 1)))
    risk, held_out = fit_risk({"disagreement": measure, "energy": rng.normal(size=6000)}, wrong, np.arange(6000))
    for low, high in ((0.0, 0.2), (0.4, 0.6), (0.8, 1.0)):
        chosen = (held_out >= low) & (held_out < high)
        assert wrong[chosen].mean() == pytest.approx(held_out[chosen].mean(), abs=0.05)
    assert risk.weights[0] > 10 * abs(risk.weights[1])
    assert fit_risk({"energy": measure[:20]}, np.zeros(20, bool), np.arange(20)) is None


def trials(rng, plain=400, noisy=400):
    """Answers of a network that is right on plain lenses and wrong on half of the noisy ones, with confidence."""
    count = plain + noisy
    wrong = (np.arange(count) >= plain) & (rng.random(count) < 0.5)
    labels = np.zeros(count, int)
    logits = np.where(wrong[:, None], [0.0, 5.0, 0.0], [5.0, 0.0, 0.0])[None]
    measures = {"embedding": rng.random(count), "disagreement": np.where(wrong, 0.2, 0.01) * rng.uniform(0.5, 1.5, count)}
    nuisance = np.where(np.arange(count) < plain, AS_SIMULATED, "noise")
    quality, lens = Quality(*np.full((3, count), 1e-3)), np.arange(count)
    views, strata = Views(np.zeros((count, 2)), logits), np.full(count, "model_ii")
    return Trials(views, measures, labels, quality, nuisance, np.zeros(count), lens, np.zeros(count, bool), strata)


def test_limits_catch_what_is_wrong_with_confidence_and_leave_plain_lenses():
    found = trials(np.random.default_rng(0))
    limits, risk = fit_limits(found, strict=False)
    assert set(limits) == {"embedding", "risk"}
    flagged = beyond(dict(found.measures) | {"risk": risk.of(found.measures)}, limits)
    assert flagged[found.wrong].mean() >= 0.97
    assert flagged[found.plain].mean() <= 0.02


def test_images_of_another_kind_are_told_by_their_embeddings_and_others_rarely():
    rng = np.random.default_rng(3)
    foreign, quality = np.arange(600) >= 400, Quality(*rng.uniform(1, 2, (3, 600)))
    embeddings = rng.normal(size=(600, 8)) + 2.5 * foreign[:, None] * np.array([1, 1, 0, 0, 0, 0, 0, 0])
    found, held_out = fit_foreign(embeddings, quality, foreign, np.arange(600))
    assert roc_auc_score(foreign, held_out) > 0.96
    again = found.of(embeddings, quality)
    assert np.corrcoef(np.argsort(np.argsort(again)), np.argsort(np.argsort(held_out)))[0, 1] > 0.95
    assert again.min() >= 1.0
    assert fit_foreign(embeddings[:400], quality[:400], foreign[:400], np.arange(400)) is None


def test_images_of_another_quality_are_told_by_it():
    rng = np.random.default_rng(4)
    foreign = np.arange(600) >= 400
    quality = Quality(
        rng.uniform(1e-4, 1e-3, 600), rng.uniform(1e-3, 1e-2, 600), np.where(foreign, 2.5, 3.5) + rng.normal(0, 0.1, 600)
    )
    assert roc_auc_score(foreign, fit_foreign(rng.normal(size=(600, 8)), quality, foreign, np.arange(600))[1]) > 0.99


def test_a_file_of_an_earlier_version_tells_by_embeddings_alone():
    embeddings = np.random.default_rng(5).normal(size=(20, 8))
    old = Foreign(centre=(0.0,) * 8, weights=(1.0,) * 8, intercept=0.5)
    expected = 1 + np.log1p(np.exp(embeddings.sum(axis=1) + 0.5))
    np.testing.assert_allclose(old.of(embeddings, Quality(*np.ones((3, 20)))), expected)


def test_a_broad_network_withholds_what_is_foreign_or_risky():
    found = trials(np.random.default_rng(4))
    foreign = np.arange(len(found.labels)) % 5 == 0
    wrong_label = np.where(foreign, -1, found.labels)
    measures = dict(found.measures) | {"foreign": np.where(foreign, 9.0, 1.0) + np.random.default_rng(5).random(len(foreign))}
    broad = dataclasses.replace(found, labels=wrong_label, foreign=foreign, measures=measures)
    limits, risk = fit_limits(broad, strict=False)
    flagged = beyond(dict(measures) | ({} if risk is None else {"risk": risk.of(measures)}), limits)
    assert flagged[foreign].mean() > 0.95
    assert flagged[broad.wrong & ~foreign].mean() > 0.9
    assert flagged[~broad.wrong & ~foreign].mean() < 0.1


def test_where_the_image_gives_failures_away_no_risk_is_fitted():
    found = trials(np.random.default_rng(1))
    measures = {"embedding": np.where(found.wrong, 5.0, 1.0) * np.random.default_rng(2).uniform(0.9, 1.1, len(found.wrong))}
    limits, risk = fit_limits(dataclasses.replace(found, measures=measures), strict=True)
    assert (set(limits), risk) == ({"embedding"}, None)
    assert beyond(measures, limits)[found.wrong].all()


@pytest.fixture
def whitening(workspace_with_lenses):
    """An untrained network that sees lenses through real principal components of real lenses."""
    from lensmae.data.simulation.batched import generator_of, simulate_batch

    images = simulate_batch("model_ii", 400, generator_of(5, 0, 0)).images
    architecture = {"encoder": ENCODER, "classes": 3, "whitening": 60}
    network = build_network("classifier", architecture)
    transform = Transform(per_image_peak=False, gain=1.0)
    network.whitening.fit(transform.forward(images[:, None]))
    card = CheckpointCard(
        kind="classifier",
        architecture=architecture,
        transform=transform,
        classes=CLASSES,
        training={"config": {"symmetry": "half_turn"}},
        data={"preset": "model_ii"},
    )
    save_checkpoint(models_dir() / "whitens.safetensors", card, network)
    return load_checkpoint("whitens")


def test_a_lens_turned_moved_scaled_or_noisy_is_out_of_the_domain_of_a_network_of_one_pose(whitening):
    known, _ = simulated_lenses(whitening, 300, seed=1)
    new, _ = simulated_lenses(whitening, 60, seed=2)
    scale, peak = whitening.components(known).std(axis=0), float(np.median(known.max(axis=(1, 2))))
    usual = whitening_measures(whitening, new, scale, peak)
    changed = {
        "orientation": np.rot90(new, 1, axes=(1, 2)),
        "centre": np.roll(new, 1, axis=2),
        "flux scale": 1.5 * new,
        "background": new + np.random.default_rng(0).normal(0, 1e-3, new.shape) * new.max(axis=(1, 2), keepdims=True),
    }
    for name, images in changed.items():
        found = whitening_measures(whitening, np.ascontiguousarray(images, np.float32), scale, peak)[name]
        assert np.median(found) > np.quantile(usual[name], 0.9), name


def test_fitting_reports_every_nuisance_and_survives_the_file(whitening, tmp_path):
    base = fit_reference(whitening, open_dataset("lenses"), 60, 9)
    known, _ = simulated_lenses(whitening, 200, seed=1)
    images, labels = simulated_lenses(whitening, 60, seed=2)
    done = []
    held = Held(images, labels, np.full(60, "model_ii"))
    fitted = fit_domain(whitening, base, known, held, each=12, progress=lambda *at: done.append(at))
    domain = fitted.card.domain
    assert set(domain.nuisances) == {AS_SIMULATED, *NUISANCES}
    assert done[-1][0] == done[-1][1] == 60 + 12 * (len(NUISANCES) + 2)
    assert domain.flagged <= 0.05
    assert domain.nuisances["sky"]["flagged"] == 1.0
    save_reference(tmp_path / "a.reference.safetensors", fitted)
    read = read_reference(tmp_path / "a.reference.safetensors")
    assert read.card == fitted.card
    np.testing.assert_array_equal(read.component_scale, fitted.component_scale)
    views = classifier_views(whitening, images[:4])
    for one, other in zip(
        check_domain(whitening, fitted, images[:4], views=views), check_domain(whitening, read, images[:4]), strict=True
    ):
        assert [(m.measure, m.limit) for m in one.novelty] == [(m.measure, m.limit) for m in other.novelty]
        np.testing.assert_allclose([m.value for m in one.novelty], [m.value for m in other.novelty], rtol=1e-4)


def test_without_a_data_set_the_lenses_of_its_preset_are_simulated(whitening):
    path = fit_checkpoint("whitens", reference=40, held_out=60, each=6)
    reference = find_reference(find_checkpoint("whitens"))
    assert path.is_file()
    assert reference.card.data == "model_ii, simulated"
    assert len(reference.embeddings) == 40
    from lensmae.data import LensImage

    noisy = simulated_lenses(whitening, 1, seed=3)[0][0] + np.random.default_rng(0).normal(0, 0.05, (64, 64)).astype(np.float32)
    asked = Networks(whitening, references={"classifier": reference})
    answer = analyse_images([LensImage(noisy, "noisy.npy", "npy")], asked)[0]
    assert answer.called is None
    assert "its background is not that of a noise-free image" in verdict(answer.classified)


def test_a_generalist_is_trusted_under_nuisances_and_not_with_what_it_was_not_trained_on(workspace_with_lenses):
    card = {"data": {"preset": "generalist"}, "training": {"config": {"symmetry": "d4", "strata": "model_ii=2,model_iii=1"}}}
    model = load_checkpoint(
        save("broad", "classifier", {"encoder": ENCODER, "classes": 3}, transform=Transform(), classes=CLASSES, **card)
    )
    assert trained_strata(model) == {"model_ii": 2.0, "model_iii": 1.0}
    fit_checkpoint("broad", reference=40, held_out=60, each=12)
    domain = find_reference(find_checkpoint("broad")).card.domain
    assert set(domain.nuisances) == {AS_SIMULATED, AS_FILES, *NUISANCES, "survey", "galaxies", "model_i_64", "pairs_64"}
    assert (domain.nuisances["galaxies"]["accuracy"], domain.nuisances["galaxies"]["ece"]) == (0.0, None)
    assert domain.temperature.of(Quality(*np.full((3, 2), 1e-3))).min() >= 0.05
    # Noise is met three times as often, and all together at most by every lens.
    assert sum(domain.expectation.lenses) == 60 + 12 * (len(NUISANCES) + 2) + 60
    assert {cell.stratum for cell in domain.expectation.cells} <= {"", "model_ii", "model_iii"}


def test_a_network_of_unknown_lenses_asks_for_a_data_set(classifier):
    with pytest.raises(DatasetError, match="fit-ood tiny-classifier DATA"):
        fit_checkpoint(classifier)


def test_too_few_lenses_are_a_plain_message(classifier):
    model, lenses = load_checkpoint(classifier), open_dataset("lenses")
    few = Held(np.array(lenses.images[:5]), np.zeros(5, int), np.full(5, "model_ii"))
    with pytest.raises(DatasetError, match="at least 20"):
        fit_domain(model, fit_reference(model, lenses, 60, 9), np.empty((0, 64, 64)), few)


def test_torch_and_numpy_agree_on_what_one_view_is(classifier):
    model, images = load_checkpoint(classifier), np.array(open_dataset("lenses").images[:3])
    views = classifier_views(model, images)
    np.testing.assert_allclose(views.probabilities, model.predict(images), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(views.embeddings, model.embed(images), rtol=1e-4, atol=1e-5)
    assert torch.is_tensor(model.module.head.weight)
