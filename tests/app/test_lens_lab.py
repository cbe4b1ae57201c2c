"""The Lens lab without a browser: sliders, the address, a data set's lens, saving."""

import numpy as np
import pytest

from lensmae.app.lens_lab import substructure
from lensmae.app.lens_lab.substructure import halos_text, read_halos
from lensmae.app.lens_view.events import Click, Drag
from lensmae.data import open_dataset
from lensmae.data.simulation.lens_lab import Subhalo
from lensmae.evaluation.ood.fit import fit_checkpoint
from lensmae.models import find_checkpoint, save_checkpoint
from lensmae.models.checkpoint import read_network
from tests.app.conftest import SMALL, assert_clean, texts


def probabilities(app):
    return {metric.label: metric.value for metric in app.metric if metric.label.startswith("P(")}


def reconstruction_error(app):
    return next(element.value for element in app.markdown if element.value.startswith("Reconstruction error"))


def test_the_lab_opens_with_a_lens_and_the_networks_answers(home, open_app):
    app = open_app("lens_lab", **SMALL)
    assert_clean(app)
    assert set(probabilities(app)) == {"P(no_sub)", "P(cdm)", "P(axion)"}
    assert sum(float(value.rstrip("%")) for value in probabilities(app).values()) == pytest.approx(100, abs=0.2)
    assert "Class: no_sub" in texts(app.caption)


def test_a_slider_changes_the_lens_and_so_the_answer(home, open_app):
    app = open_app("lens_lab", **SMALL)
    before = reconstruction_error(app)
    app.slider("theta_E").set_value(2.2).run()
    assert_clean(app)
    assert reconstruction_error(app) != before


def test_another_telescope_brings_its_own_psf_and_noise(home, open_app):
    app = open_app("lens_lab", **SMALL)
    assert app.slider("psf_fwhm").value == 0.16
    assert app.slider("noise_level").value == 0.0
    app.selectbox("telescope").set_value("survey_jwst").run()
    assert_clean(app)
    assert app.slider("psf_fwhm").value == 0.092
    assert app.slider("noise_level").value == 1.0
    assert app.slider("lens_magnitude").value == 19.0
    app.selectbox("telescope").set_value("model_i").run()
    assert_clean(app)
    assert "150×150 pixels" in texts(app.caption)


def test_subhalos_are_added_weighed_drawn_and_removed(home, open_app):
    app = open_app("lens_lab", **SMALL)
    app.segmented_control("matter").set_value("subhalos").run()
    app.button("add_halo").click().run()
    assert "Class: cdm" in texts(app.caption)
    app.slider("lab_mass").set_value(10.0).run()
    assert app.session_state["lab_halos"][0].mass == pytest.approx(1e10)
    app.button("draw_halos").click().run()
    assert_clean(app)
    assert len(app.session_state["lab_halos"]) == 25
    app.button("remove_halo").click().run()
    assert len(app.session_state["lab_halos"]) == 24


def test_a_lens_unlike_those_that_the_classifier_was_trained_on_is_said_to_be(home, open_app):
    app = open_app("lens_lab", **SMALL | {"classifier": "classifier-model-ii"})
    assert texts(app.warning) == ""
    assert set(probabilities(app)) == {"P(no_sub)", "P(cdm)", "P(axion)"}
    assert "The Einstein radius looks like 0.81 arcsec here" in texts(app.caption)
    app.segmented_control("matter").set_value("subhalos").run()
    app.button("add_halo").click().run()
    app.button("add_halo").click().run()
    assert "25 subhalos, and this one 2 subhalos" in texts(app.info)
    app.slider("theta_E").set_value(2.5).run()
    assert "Cannot tell. The image is out of the domain of classifier-model-ii: " in texts(app.warning)
    assert probabilities(app) == {}
    app.selectbox("telescope").set_value("survey_jwst").run()
    assert_clean(app)
    assert "Cannot tell. The image is out of the domain of classifier-model-ii: " in texts(app.warning)


@pytest.mark.parametrize("place", [40, 70])
def test_a_lens_of_a_data_set_opens_as_it_was(home, open_app, place):
    """One of cold dark matter, one of axions: saved again, it has the pixels of the data set."""
    app = open_app("lens_lab", lens=str(place), **SMALL)
    next(button for button in app.button if button.label.startswith("Start from lens")).click().run()
    assert_clean(app)
    lens = open_dataset("lenses")
    assert f"Class: {lens.lenses['class'][place]}" in texts(app.caption)
    save(app, home)
    np.testing.assert_allclose(open_dataset("kept").images[0], lens.images[place], rtol=1e-4, atol=1e-4)


def save(app, home):
    """Save the lens as `kept`; the session's data sets are shared, so this test's own folder is a real one."""
    shared = home / "datasets"
    if shared.is_symlink():
        target = shared.resolve()
        shared.unlink()
        shared.mkdir()
        for folder in target.iterdir():
            (shared / folder.name).symlink_to(folder)
    app.text_input[0].set_value("kept")
    next(button for button in app.button if button.label == "Save to the data set").click().run()
    assert_clean(app)
    assert "of kept" in texts(app.success)


def test_what_a_file_does_to_the_lens_reaches_the_networks_and_what_is_saved(home, open_app):
    app = open_app("lens_lab", **SMALL)
    before = reconstruction_error(app)
    app.multiselect("nuisances").set_value(["noise", "mirror"]).run()
    app.select_slider("nuisance-noise").set_value("0.03").run()
    assert_clean(app)
    assert reconstruction_error(app) != before
    save(app, home)
    kept = open_dataset("kept")
    assert kept.lenses["nuisance"].iloc[0] == "noise 0.03 + mirror 1"
    image = np.asarray(kept.images[0])
    # Corners hold no lens: what is there is the noise, 3 % of the peak.
    assert image[:8, :8].std() == pytest.approx(0.03 * image.max(), rel=0.3)


def test_the_lens_is_seen_through_three_telescopes(home, open_app):
    app = open_app("lens_lab", **SMALL)
    app.session_state["telescopes"] = True
    app.run()
    assert_clean(app)
    said = texts(app.caption)
    assert "128×128 pixels of 0.05 arcsec" in said
    assert "One field of 6.4 arcsec and one scale" in said


def test_a_sweep_answers_for_thirteen_masses(home, open_app):
    app = open_app("lens_lab", **SMALL)
    app.segmented_control("matter").set_value("axion").run()
    assert "Class: axion" in texts(app.caption)
    app.button("sweep").click().run()
    assert_clean(app)
    _, table = app.session_state["lab_sweep"]
    assert len(table) == 13
    assert len(app.get("plotly_chart")) == 1
    assert "for this lens only" in texts(app.caption)
    assert table[["no_sub", "cdm", "axion"]].sum(axis=1).to_numpy() == pytest.approx(np.ones(13), abs=1e-5)


def test_a_read_only_dashboard_neither_sweeps_nor_saves(home, open_app, monkeypatch):
    monkeypatch.setenv("LENSMAE_READ_ONLY", "1")
    app = open_app("lens_lab", **SMALL)
    app.segmented_control("matter").set_value("axion").run()
    assert app.button("sweep").disabled
    assert not any(button.label == "Save to the data set" for button in app.button)


def test_subhalos_survive_the_address_and_nonsense_does_not():
    halos = (Subhalo(3.2e9, 0.81, -0.2), Subhalo(1e8, -1.5, 0.004, 12.5))
    again = read_halos(halos_text(halos))
    assert [halo.mass for halo in again] == pytest.approx([3.2e9, 1e8], rel=1e-6)
    assert [(halo.x, halo.y, halo.concentration) for halo in again] == [(0.81, -0.2, None), (-1.5, 0.004, 12.5)]
    for nonsense in ("", "9", "9,nan,0", "900,0,0", "9,0,0,1,1", "<b>", "9,0,0;" * 5000, "9,1e9,0"):
        assert read_halos(nonsense) is None


def test_a_drag_moves_what_was_dragged_and_stays_within_the_sliders(monkeypatch):
    state = {"lab_halos": (Subhalo(1e9, 0, 0), Subhalo(1e8, 1, 1)), "vortex_x": 0.0, "vortex_y": 0.0, "matter": "axion"}
    monkeypatch.setattr(substructure.st, "session_state", state)
    # 150 pixels of 0.05 arcsec: the middle is at 74.5.
    substructure.moved(Drag("subhalos", 1, 84.5, 64.5, final=True), 150, 0.05)
    assert (state["lab_halos"][1].x, state["lab_halos"][1].y) == (0.5, -0.5)
    assert state["lab_pick"] == 1
    substructure.moved(Drag("subhalos", 7, 0, 0, final=True), 150, 0.05)
    substructure.moved(Drag("source", 0, 94.5, 149.4, final=False), 150, 0.05)
    assert (state["source_x"], state["source_y"]) == (1.0, 2.0)
    substructure.moved(Drag("angle of the vortex", 0, 74.5, 20.0, final=True), 150, 0.05)
    assert state["angle"] == 90.0
    substructure.moved(Click(0, 0.0, 74.5), 150, 0.05)
    assert (state["vortex_x"], state["vortex_y"]) == (-2.0, 0.0)
    state["matter"] = "none"
    substructure.moved(Click(0, 74.5, 84.5), 150, 0.05)
    assert state["matter"] == "subhalos"
    assert state["lab_halos"][2] == Subhalo(1e8, 0.0, 0.5)


def test_a_reference_of_other_weights_is_said_and_the_lab_still_answers(home, open_app):
    path = fit_checkpoint("small-classifier", "lenses", reference=40, held_out=9)
    weights = find_checkpoint("small-classifier")
    network = read_network(weights)
    network[1].head.bias.data += 1.0
    save_checkpoint(weights, *network)
    assert path.is_file()
    app = open_app("lens_lab", **SMALL)
    assert_clean(app)
    assert "belongs to other weights" in texts(app.info)
    assert set(probabilities(app)) == {"P(no_sub)", "P(cdm)", "P(axion)"}
