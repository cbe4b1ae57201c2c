"""The Reconstruction page without a browser: every question answers, and links reopen what they should."""

import numpy as np
import pytest

from lensmae.app.jobs.board import board
from lensmae.evaluation.reconstruction.custom_masks import mask_text
from tests.app.conftest import SMALL, assert_clean, fit_domain, texts


@pytest.fixture(autouse=True)
def no_jobs():
    board().clear()


def finish_jobs(app):
    """Wait for the background work that the page began, and draw the page with its results."""
    assert board().wait(60)
    return app.run()


def ask(app, section):
    return app.button_group("ask").set_value(section).run()


def test_a_lens_gets_its_place_in_the_set(home, open_app):
    app = finish_jobs(open_app("reconstruction", **SMALL))
    assert_clean(app)
    assert "of 9 lenses of the test split of lenses" in texts(app.caption)


@pytest.mark.parametrize("section", ["attention", "anomaly", "files"])
def test_every_question_is_answered(home, open_app, section):
    app = ask(open_app("reconstruction", **SMALL), section)
    assert_clean(app)


def test_the_anomaly_view_says_what_the_network_was_trained_on(home, open_app):
    app = ask(open_app("reconstruction", lens="40", **SMALL), "anomaly")
    assert "does not say what it was trained on" in texts(app.warning)
    assert "Rings are the true subhalos" in texts(app.caption)
    assert "Ask mae-no-sub instead" in [button.label for button in app.button]
    app.button(key="start-Score 3 no_sub lenses").click().run()
    assert_clean(finish_jobs(app))
    assert [metric.label for metric in app.metric] == ["Mean error, MSE", "Largest error of a patch, MSE"]
    assert "of 3 no_sub lenses" in app.metric[0].delta
    assert "Signal-to-noise: the same in units" in texts(app.caption)


def test_maps_are_compared_with_the_true_substructure_and_three_lenses_prove_nothing(home, open_app):
    app = ask(open_app("reconstruction", lens="40", **SMALL), "anomaly")
    app.button(key="start-Score 3 no_sub lenses").click().run()
    app = finish_jobs(app)
    app.button(key="start-Test on 6 lenses with substructure").click().run()
    app = finish_jobs(app)
    assert_clean(app)
    said = texts(app.info)
    assert "AUC of cdm against 3 lenses" in said
    assert "AUC of axion against 3 lenses" in said
    assert "too few lenses to tell" in said


def test_the_sensitivity_to_a_subhalo_is_mapped(home, open_app):
    app = ask(open_app("reconstruction", lens="40", **SMALL), "anomaly")
    app.slider("subhalo-mass").set_value(10.0).run()
    app.button(key="start-Map the sensitivity").click().run()
    app = finish_jobs(app)
    assert_clean(app)
    assert "A subhalo of 1.0·10¹⁰ solar masses would stand out by 5 σ or more in" in texts(app.caption)


def test_many_masks_are_drawn_when_asked_for(home, open_app):
    app = ask(open_app("reconstruction", **SMALL), "spread")
    assert_clean(app)
    app.button(key="start-Reconstruct under 64 masks").click().run()
    assert_clean(finish_jobs(app))
    assert "over 64 masks" in texts(app.caption)


def test_an_own_mask_begins_with_what_was_shown_and_can_be_inverted_and_cleared(home, open_app):
    app = open_app("reconstruction", **SMALL)
    app.button_group("strategy").set_value("own").run()
    assert_clean(app)
    shown = app.query_params["mask"]
    hidden = np.unpackbits(np.frombuffer(bytes.fromhex(shown), np.uint8)).astype(bool).reshape(8, 8)
    assert hidden.sum() == 48
    next(button for button in app.button if button.label == "Invert").click().run()
    assert app.query_params["mask"] == mask_text(~hidden)
    next(button for button in app.button if button.label == "Show all").click().run()
    assert app.query_params["mask"] == "0" * 16
    assert_clean(app)


def test_two_checkpoints_of_other_patch_sizes_cannot_share_a_mask_and_that_is_said(home, open_app):
    app = open_app("reconstruction", **SMALL)
    app.selectbox("versus").set_value("mae").run()
    assert "no mask is the same for both" in texts(app.error)


def test_two_checkpoints_reconstruct_the_same_lens_under_the_same_mask(home, open_app):
    (home / "checkpoints/twin.safetensors").write_bytes((home / "checkpoints/small-mae.safetensors").read_bytes())
    app = open_app("reconstruction", **SMALL)
    app.selectbox("versus").set_value("twin").run()
    assert_clean(app)
    app = ask(app, "files")
    assert_clean(app)


@pytest.mark.parametrize("page", ["reconstruction", None])
@pytest.mark.parametrize(("factor", "outside"), [(1e-9, True), (1e9, False)])
def test_a_lens_out_of_the_networks_domain_is_said_beside_its_reconstruction(home, open_app, page, factor, outside):
    fit_domain(home, factor, "mae")
    app = finish_jobs(open_app(page, **SMALL))
    assert_clean(app)
    assert ("Out of the domain of small-mae" in texts(app.warning)) == outside
    assert "never measured" not in texts(app.caption)


def test_where_nothing_is_known_of_the_domain_that_is_said(home, open_app):
    app = open_app("reconstruction", **SMALL, strategy="Own", mask="f000000000000001")
    assert_clean(app)
    assert "What is in the domain of small-mae was never measured" in texts(app.caption)


def test_a_network_that_has_the_lens_in_its_domain_is_offered_instead(home, open_app):
    (home / "checkpoints/twin.safetensors").write_bytes((home / "checkpoints/small-mae.safetensors").read_bytes())
    fit_domain(home, 1e9, "mae")
    (home / "checkpoints/small-mae.reference.safetensors").rename(home / "checkpoints/twin.reference.safetensors")
    fit_domain(home, 1e-9, "mae")
    app = finish_jobs(finish_jobs(open_app("reconstruction", **SMALL)))
    app.button("ask-in-domain").click().run()
    app = finish_jobs(app)
    assert_clean(app)
    assert app.session_state["mae"] == app.selectbox("mae").value
    assert "Out of the domain" not in texts(app.warning)
