"""Views of the Classification page that measure in the background."""

import pandas as pd

from lensmae.app.jobs.board import board
from lensmae.evaluation.classification.probe_results import NAME
from lensmae.evaluation.classification.probes import COLUMNS
from lensmae.models import find_checkpoint
from tests.app.conftest import SMALL, assert_clean, fit_domain, texts


def pressed(app, label):
    next(button for button in app.button if button.label.startswith(label)).click().run()
    assert board().wait(240)
    return app.run()


def view(open_app, name):
    return open_app("classification", **SMALL).button_group("view").set_value(name).run()


def test_of_one_lens_out_of_its_domain_it_is_said_that_the_classifier_cannot_tell(home, open_app):
    fit_domain(home, 1e-9)
    app = view(open_app, "saliency")
    assert_clean(app)
    assert "small-classifier cannot tell the class" in texts(app.warning)


def test_robustness_is_measured_when_asked_for_and_drawn_with_its_numbers(home, open_app):
    app = view(open_app, "robustness")
    assert_clean(app)
    app.button_group("stress-most").set_value("30").run()
    app = pressed(app, "Test on 30 lenses of")
    assert_clean(app)
    assert "Wilson's of accuracies" in texts(app.caption)


def test_a_read_only_dashboard_measures_no_robustness(home, open_app, monkeypatch):
    monkeypatch.setenv("LENSMAE_READ_ONLY", "1")
    app = view(open_app, "robustness")
    assert_clean(app)
    assert "`lensmae stress` does" in texts(app.info)
    assert "unseen lenses" not in texts(app.caption)
    travelled = app.selectbox("classifier").set_value("classifier-model-ii").run()
    assert_clean(travelled)
    assert "300 unseen lenses of DeepLense Model II under each condition" in texts(travelled.caption)


def test_what_travels_with_an_autoencoder_says_how_well_it_separates_the_classes(home, open_app):
    row = {"checkpoint": "small-mae", "condition": "as given", "probe": "linear", "layer": "last", "labels": 2000, "n": 1000}
    figures = {"accuracy": 0.93, "low": 0.91, "high": 0.95, "auc": 0.98, "auc_low": 0.97, "auc_high": 0.99}
    table = pd.DataFrame([row | figures], columns=list(COLUMNS))
    table.to_csv(find_checkpoint("small-mae").with_name(NAME), index=False)
    said = "Frozen, small-mae separates the classes well: with 2,000 labels as given, 93%"
    app = view(open_app, "representation")
    assert_clean(app)
    assert said in texts(app.caption)
    assert said in texts(open_app("embeddings", **SMALL).caption)


def test_the_comparison_opens_with_a_second_network_and_the_measured_baselines(home, open_app):
    app = view(open_app, "comparison")
    assert_clean(app)
    assert app.multiselect("beside").value == ["classifier"]
    assert {"Lens by lens", "Baselines of the results table"} <= {heading.value for heading in app.header}
    table = next(frame.value for frame in app.dataframe if "network" in frame.value)
    assert any(name.startswith("resnet18:") for name in table["network"])


def test_a_comparison_lens_by_lens_withholds_what_each_network_would_withhold(home, open_app):
    fit_domain(home, 1e-9)
    app = view(open_app, "comparison")
    assert_clean(app)
    table = next(frame.value for frame in app.dataframe if "true class" in frame.value)
    assert len(table) > 0
    assert set(table["small-classifier"]) == {"cannot tell"}
    assert table["P, small-classifier"].isna().all()
    assert set(table["right"]) <= {"small-classifier", "classifier", "neither"}
    assert f"small-classifier for {len(table)}" in texts(app.caption)
