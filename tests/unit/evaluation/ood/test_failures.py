"""Limits fitted to where the plain method does better: made-up tries, and networks that were never trained."""

import numpy as np
import pytest

from lensmae.data import open_dataset
from lensmae.data.simulation.batched import generator_of, simulate_batch
from lensmae.evaluation.ood.domain import check_domain
from lensmae.evaluation.ood.failures import Tries, fit_failures, with_domain
from lensmae.evaluation.ood.fit_domain import beyond
from lensmae.evaluation.ood.fit_reference import fit_reference, fit_reference_on
from lensmae.evaluation.ood.references import ReferenceCard, read_reference, save_reference
from lensmae.evaluation.reconstruction.full_reconstruction import reconstruct
from lensmae.evaluation.reconstruction.inpainting import error_ratios
from lensmae.evaluation.superresolution.preset_pairs import gains, preset_pairs
from lensmae.models import bicubic_upsample, load_checkpoint
from tests.unit.conftest import CLASSES


@pytest.fixture
def reference(mae):
    return fit_reference(load_checkpoint(mae), open_dataset("lenses"), reference=40, held_out=9)


def test_where_failures_are_rare_nothing_is_withheld_for_them(reference):
    rng, failed = np.random.default_rng(1), np.arange(600) >= 595
    measures = {"embedding": rng.uniform(1, 2, 600), "noise": rng.uniform(1, 2, 600)}
    domain = with_domain(reference, Tries(measures, failed, np.full(600, "superres"), np.arange(600))).card.domain
    assert (set(domain.limits), domain.risk) == ({"embedding"}, None)
    assert domain.flagged <= 0.03


def test_limits_catch_the_failures_and_leave_the_rest(reference):
    rng = np.random.default_rng(0)
    failed = np.arange(600) >= 500
    measures = {"embedding": rng.uniform(1, 2, 600), "error": rng.uniform(1, 2, 600), "noise": np.where(failed, 0.1, 1e-3)}
    measures["noise"] *= rng.uniform(0.5, 2, 600)
    tries = Tries(measures, failed, np.where(failed, "noise", "as simulated"), np.arange(600))
    fitted = with_domain(reference, tries)
    domain = fitted.card.domain
    flagged = beyond(measures | {"risk": domain.risk.of(measures)}, domain.limits)
    # Of those told, at most one in fifty may fail.
    assert failed[~flagged].mean() <= 0.02
    assert flagged[~failed].mean() <= 0.04
    assert domain.nuisances["noise"] == {
        "n": 100.0,
        "failed": 1.0,
        "flagged": flagged[failed].mean(),
        "failed_of_answers": None if flagged[failed].all() else 1.0,
    }
    assert domain.confident == {"wrong": 100.0, "flagged": flagged[failed].mean()}
    assert domain.detection["noise"]["auroc"] > 0.99
    assert abs(domain.detection["embedding"]["auroc"] - 0.5) < 0.1


def test_an_autoencoder_that_knows_nothing_is_told_where_inpainting_is_better(mae, reference, tmp_path):
    model, images = load_checkpoint(mae), np.array(open_dataset("lenses").images[:8])
    fitted = fit_failures(model, reference, images, each=4)
    assert fitted.card.domain.nuisances["as simulated"]["failed"] == pytest.approx((error_ratios(model, images) > 1).mean())
    save_reference(tmp_path / "a.reference.safetensors", fitted)
    read = read_reference(tmp_path / "a.reference.safetensors")
    assert read.card == fitted.card
    checks = check_domain(model, read, images, errors=reconstruct(model, images).score)
    assert {one.measure for one in checks[0].novelty} == set(read.card.domain.limits)


def test_gains_of_a_super_resolver_are_those_of_the_formula(superres):
    model = load_checkpoint(superres)
    pairs = preset_pairs(2, 7)[0]
    error, plain = (
        np.square(drawn - pairs.high).mean(axis=(1, 2)) for drawn in (model.predict(pairs.low), bicubic_upsample(pairs.low, 2))
    )
    np.testing.assert_allclose(gains(model, pairs.low, pairs.high), 10 * np.log10(plain / error), rtol=1e-3)
    np.testing.assert_allclose(gains(model, 1e-3 * pairs.low + 5, 1e-3 * pairs.high + 5), 10 * np.log10(plain / error), atol=0.02)


def test_a_super_resolver_is_judged_on_pairs_of_every_preset(workspace_with_lenses, superres):
    model, done = load_checkpoint(superres), []
    facts = {"fingerprint": "", "preset": "superres", "pixel_scale": None, "size": 75, "classes": CLASSES, "trained_on": False}
    card = ReferenceCard(checkpoint="tiny", kind="superres", sha256="", data="superres, simulated", **facts)
    images = simulate_batch("superres", 20, generator_of(3)).images.numpy()
    base = fit_reference_on(model, card, images, np.zeros(20, int), known=14)
    domain = fit_failures(model, base, np.empty(0), each=3, progress=lambda *at: done.append(at)).card.domain
    assert {"superres", "noise", "survey_hst", "survey_hst, pixels binned"} <= set(domain.nuisances)
    assert done[-1][0] == done[-1][1] == domain.lenses
