"""The Training page: a form from the configuration, runs, and their curve."""

import pandas as pd
import pytest

from lensmae.app.training.promotion import PAGES
from lensmae.jobs import JobOptions, at_once
from lensmae.training import CONFIGS, KINDS, RECIPES, create_run, list_runs, make_config
from lensmae.training.folder import open_run
from lensmae.training.loading.stream import EPOCH
from tests.app.conftest import assert_clean, texts
from tests.models import ARCHITECTURES

RECIPE_NOTE = KINDS["pretrain"].advice["demo"]
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
    assert launched == [(make_config("pretrain", "demo", init="scratch", epochs=3.0), JobOptions(), None)]
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
    app = open_app("training", compare=["first", "second"])
    assert_clean(app)
    assert app.multiselect("compare").value == ["first", "second"]
    table = app.dataframe[-1].value
    assert table.index.tolist() == ["first", "second"]
    assert table["seed"].tolist() == ["1", "2"]
    assert "mask ratio" not in table
    assert table["best validation loss"].tolist() == [0.4, 0.4]


def test_a_link_to_runs_that_are_not_here_says_so(home, open_app):
    finished_run("first")
    finished_run("second")
    app = open_app("training", compare="first,second")
    assert [one.value for one in app.warning] == ["The address asks for the comparison with “first,second”, which is not here."]
    assert app.multiselect("compare").value == []


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
    assert RECIPE_NOTE in texts(app.caption)
    assert "“Check first” below measures how long it takes here." in texts(app.caption)
    create_run(make_config("pretrain", "demo", epochs=50), "first")
    open_run("first").update(state="stopped", images_per_second=50.0)
    app = open_app("training")
    seconds = round(make_config("pretrain", "demo").epochs * EPOCH / 50)
    lenses = "DeepLense Model II, new lenses at every step"
    expected = f"About {seconds // 60} min {seconds % 60:02} s here on {lenses}; as fast as the run first."
    assert expected in texts(app.caption)
    assert_clean(app)


def test_a_check_of_another_recipe_is_no_longer_shown(home, open_app, monkeypatch):
    found = {"memory_bytes": 1, "memory_available_bytes": 2, "seconds": 60.0, "steps": 9, "images_per_second": 3.0}
    found |= {"device": "CPU", "parameters": 1e6, "training_lenses": 8, "validation_lenses": 2, "notes": []}
    monkeypatch.setattr("lensmae.app.training.dry_run._measured", lambda *_: found)
    app = open_app("training")
    next(button for button in app.button if button.label == "Check first").click().run()
    assert_clean(app)
    assert "It fits" in texts(app.success)
    app.button_group("recipe-pretrain").set_value("fast").run()
    assert_clean(app)
    assert not app.success
    app.button_group("recipe-pretrain").set_value("demo").run()
    assert not app.success


def test_a_demo_says_that_it_is_one_and_a_finished_run_is_opened_where_it_is_used(home, open_app):
    run_id = create_run(make_config("pretrain", "demo"), "first")
    open_run(run_id).update(state="finished", step=20, total_steps=20)
    app = open_app("training")
    assert_clean(app)
    assert f"A demo. {RECIPE_NOTE}" in texts(app.caption)
    links = [(link.proto.label, link.proto.query_string) for link in app.get("page_link")]
    assert ("Open on Reconstruction", "mae=first") in links


def test_what_every_kind_of_training_makes_has_a_page():
    assert set(PAGES) == {kind.makes for kind in KINDS.values()} == set(ARCHITECTURES)
