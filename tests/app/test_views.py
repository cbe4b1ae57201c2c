"""Saved views, and what a change inside a part of a page does to the whole of it."""

from lensmae.data.records.views import save_view, saved_views
from tests.app.conftest import SMALL, assert_clean, texts


def test_a_view_is_saved_under_a_name_with_all_choices_listed_and_deleted(home, open_app):
    app = open_app(None, lens="7", tour="1", **SMALL)
    app.text_input("view-name").set_value("a *ring*")
    next(button for button in app.button if button.label == "Save this view").click().run()
    assert_clean(app)
    (view,) = saved_views()
    assert (view.name, view.page) == ("a *ring*", "")
    assert "lens=7" in view.address
    assert "mae=small-mae" in view.address
    assert "tour" not in view.address
    # What is chosen by default is named too: another set or network may be the default tomorrow.
    assert {"data=lenses", "pairs=pairs"} <= set(view.address.split("&"))
    app.button("forget-a *ring*").click().run()
    assert_clean(app)
    assert saved_views() == []


def test_a_read_only_dashboard_lists_views_and_takes_none(home, open_app, monkeypatch):
    save_view("ring", "data", "set=lenses")
    monkeypatch.setenv("LENSMAE_READ_ONLY", "1")
    app = open_app(None, **SMALL)
    assert_clean(app)
    assert "Save this view" not in [button.label for button in app.button]


def test_another_network_can_be_asked_for_anomalies_and_the_sidebar_follows(home, open_app):
    app = open_app("reconstruction", **SMALL)
    app.session_state["ask"] = "anomaly"
    app.run()
    next(button for button in app.button if button.label == "Ask mae-no-sub instead").click().run()
    assert_clean(app)
    assert app.selectbox("mae").value == "mae-no-sub"
    assert "without substructure only" in texts(app.success)


def test_temperature_scaling_that_makes_it_worse_says_so(home, open_app):
    from lensmae.data import open_dataset
    from lensmae.evaluation import evaluate_classifier
    from lensmae.evaluation.classification.calibration import fit_temperature, negative_log_likelihood, tempered
    from lensmae.models import load_checkpoint

    model, data = load_checkpoint("small-classifier"), open_dataset("lenses")
    fitted = evaluate_classifier(model, data, "validation")
    temperature = fit_temperature(fitted.probabilities, fitted.labels)
    for split in ("test", "train"):
        report = evaluate_classifier(model, data, split, limit=200)
        losses = [
            negative_log_likelihood(p, report.labels) for p in (report.probabilities, tempered(report.probabilities, temperature))
        ]
        app = open_app("classification", **SMALL)
        app.session_state["view"], app.session_state["split"] = "calibration", split
        app.run()
        assert_clean(app)
        assert ("Temperature scaling makes" in texts(app.warning)) == (losses[1] > losses[0])


def test_the_confusion_matrix_opens_on_the_fullest_wrong_cell_of_what_is_measured(home, open_app):
    from lensmae.data import open_dataset
    from lensmae.evaluation import evaluate_classifier
    from lensmae.models import load_checkpoint

    app = open_app("classification", **SMALL)
    for split in ("test", "train"):
        app.session_state["split"] = split
        app.run()
        report = evaluate_classifier(load_checkpoint("small-classifier"), open_dataset("lenses"), split, limit=200)
        counts = report.confusion_of(report.probabilities.argmax(axis=1))
        cell = report.classes.index(app.session_state["true"]), report.classes.index(app.session_state["called"])
        assert cell[0] != cell[1]
        assert counts[cell] == max(counts[row][column] for row in range(3) for column in range(3) if row != column)
