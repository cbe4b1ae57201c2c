"""The Training page: a form from the configuration, runs, and their curve."""

import pandas as pd
import pytest

from lensmae.data import open_dataset
from lensmae.jobs import JobOptions, at_once
from lensmae.training import CONFIGS, RECIPES, create_run, list_runs, make_config
from lensmae.training.folder import open_run
from tests.app.conftest import assert_clean, texts

CURVE = {"step": [10, 20], "epoch": [1.0, 2.0], "train_loss": [1.0, 0.5], "validation_loss": [None, 0.4]}


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_field_of_a_configuration_has_a_widget(home, open_app, kind):
    app = open_app("training")
    if kind != "pretrain":
        app.button_group("kind").set_value(kind).run()
    assert_clean(app)
    recipe = list(RECIPES[kind])[-1]
    keys = {widget.key for group in (app.number_input, app.selectbox, app.checkbox, app.text_input) for widget in group}
    assert {f"{kind}-{recipe}-{name}" for name in CONFIGS[kind].model_fields if name != "kind"} <= keys


def test_the_form_launches_what_it_shows(home, open_app, monkeypatch):
    launched = []

    def launch(config, options, name):
        launched.append((config, options, name))
        return create_run(config, name)

    monkeypatch.setattr("lensmae.app.training.new_run.launch", launch)
    app = open_app("training")
    app.number_input("pretrain-demo-epochs").set_value(3.0)
    next(button for button in app.button if button.label == "Start training").click().run()
    assert_clean(app)
    assert launched == [(make_config("pretrain", "demo", data="lenses", init="scratch", epochs=3.0), JobOptions(), None)]
    assert app.selectbox("run").value == list_runs()[0].id


def test_a_value_out_of_bounds_is_refused_in_plain_words(home, open_app):
    app = open_app("training")
    # The field's bound is open at zero, so the widget admits it and the configuration does not.
    app.number_input("pretrain-demo-learning_rate").set_value(0.0)
    next(button for button in app.button if button.label == "Start training").click().run()
    assert not app.exception
    assert "learning_rate" in texts(app.error)
    assert list_runs() == []


def test_a_name_that_cannot_be_is_refused_and_the_runs_stay(home, open_app):
    create_run(make_config("pretrain", "demo", data="lenses"), "first")
    app = open_app("training")
    next(field for field in app.text_input if "ame" in field.label).set_value("bad name/..")
    next(button for button in app.button if button.label == "Start training").click().run()
    assert not app.exception
    assert "bad name/.." in texts(app.error)
    assert app.selectbox("run").value == "first"


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


def finished_run(name, **options):
    run_id = create_run(make_config("pretrain", "demo", data="lenses", **options), name)
    open_run(run_id).update(state="finished", step=20, total_steps=20)
    pd.DataFrame(CURVE).to_csv(open_run(run_id).metrics, index=False)
    return run_id


def test_every_option_says_what_it_means_and_what_it_allows(home, open_app):
    app = open_app("training")
    for group in (app.number_input, app.selectbox, app.checkbox):
        told = {widget.key: widget.help for widget in group if str(widget.key).startswith("pretrain-demo-")}
        for key, text in told.items():
            field = CONFIGS["pretrain"].model_fields[key.removeprefix("pretrain-demo-")]
            assert field.description[1:] in text
    mask_ratio = app.number_input("pretrain-demo-mask_ratio")
    assert mask_ratio.help == "Share of patches hidden (> 0, < 1; default 0.75)."


def test_a_duplicated_run_fills_the_form_with_its_configuration(home, open_app, monkeypatch):
    finished_run("first", epochs=7.0, mask_ratio=0.6)
    launched = []
    monkeypatch.setattr(
        "lensmae.app.training.new_run.launch", lambda config, options, name: launched.append(config) or create_run(config)
    )
    app = open_app("training")
    next(button for button in app.button if button.label == "Duplicate").click().run()
    assert_clean(app)
    next(button for button in app.button if button.label == "Start training").click().run()
    assert_clean(app)
    assert launched == [make_config("pretrain", "demo", data="lenses", epochs=7.0, mask_ratio=0.6)]


def test_compared_runs_show_only_what_differs_and_their_best(home, open_app):
    finished_run("first", seed=1)
    finished_run("second", seed=2)
    app = open_app("training", compare="first,second")
    app.multiselect("compare").set_value(["first", "second"]).run()
    assert_clean(app)
    table = app.dataframe[-1].value
    assert table.index.tolist() == ["first", "second"]
    assert table["seed"].tolist() == ["1", "2"]
    assert "mask_ratio" not in table
    assert table["best validation loss"].tolist() == [0.4, 0.4]


def test_the_number_of_runs_at_once_is_set_for_all(home, open_app):
    finished_run("first")
    app = open_app("training")
    app.number_input("at-once").set_value(3).run()
    assert_clean(app)
    assert at_once() == 3


def test_a_read_only_dashboard_hides_all_of_it(home, open_app, monkeypatch):
    finished_run("first")
    monkeypatch.setenv("LENSMAE_READ_ONLY", "1")
    app = open_app("training")
    assert_clean(app)
    assert "training is switched off" in texts(app.info)
    assert not app.dataframe
    assert not app.main.button
    assert "first" not in texts(app.markdown) + texts(app.caption)


def test_a_recipe_says_what_it_is_for_and_how_long_it_took_here(home, open_app):
    app = open_app("training")
    assert "Shows how a run goes" in texts(app.caption)
    assert "“Check first” below measures how long it takes here." in texts(app.caption)
    create_run(make_config("pretrain", "demo", data="lenses", epochs=50), "first")
    open_run("first").update(state="stopped", images_per_second=1.0)
    images = 2 * open_dataset("lenses").info.splits["train"]
    app = open_app("training")
    assert f"About {images // 60} min {images % 60:02} s here on lenses, as fast as the run first." in texts(app.caption)
    assert_clean(app)
