"""The Training page: a form from the configuration, runs, and their curve."""

import pandas as pd
import pytest

from lensmae.training import CONFIGS, RECIPES, create_run, list_runs, make_config
from lensmae.training.folder import open_run
from tests.app.conftest import assert_clean, texts


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_field_of_a_configuration_has_a_widget(home, open_app, kind):
    app = open_app("training")
    if kind != "pretrain":
        app.button_group("kind").set_value(kind).run()
    assert_clean(app)
    recipe = list(RECIPES[kind])[-1]
    keys = {widget.key for group in (app.number_input, app.selectbox, app.checkbox) for widget in group}
    assert {f"{kind}-{recipe}-{name}" for name in CONFIGS[kind].model_fields if name != "kind"} <= keys


def test_the_form_launches_what_it_shows(home, open_app, monkeypatch):
    launched = []
    monkeypatch.setattr("lensmae.training.launch", lambda config: launched.append(config) or create_run(config))
    app = open_app("training")
    app.number_input("pretrain-demo-epochs").set_value(3.0)
    next(button for button in app.button if button.label == "Start training").click().run()
    assert_clean(app)
    assert launched == [make_config("pretrain", "demo", data="lenses", init="scratch", epochs=3.0)]
    assert app.selectbox("run").value == list_runs()[0].id


def test_a_value_out_of_bounds_is_refused_in_plain_words(home, open_app):
    app = open_app("training")
    # The field's bound is open at zero, so the widget admits it and the configuration does not.
    app.number_input("pretrain-demo-learning_rate").set_value(0.0)
    next(button for button in app.button if button.label == "Start training").click().run()
    assert not app.exception
    assert "learning_rate" in texts(app.error)
    assert list_runs() == []


def test_a_run_is_listed_with_its_curve(home, open_app):
    run_id = create_run(make_config("pretrain", "demo", data="lenses"), "first")
    open_run(run_id).update(state="finished", step=20, total_steps=20)
    curve = pd.DataFrame({"step": [10, 20], "train_loss": [1.0, 0.5], "validation_masked_mse": [None, 0.01]})
    curve.to_csv(open_run(run_id).metrics, index=False)
    app = open_app("training")
    assert_clean(app)
    assert app.dataframe[0].value["run"].tolist() == ["first"]
    assert {metric.label: metric.value for metric in app.metric}["Step"] == "20 of 20"


def test_an_unknown_run_in_the_address_gets_a_plain_notice(home, open_app):
    create_run(make_config("pretrain", "demo", data="lenses"), "first")
    app = open_app("training", run="../../etc")
    assert_clean(app)
