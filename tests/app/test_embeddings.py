"""The Embeddings page: networks, layers, colours, quality, uploads, and a dashboard that only reads."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from lensmae.app.embeddings import view_data
from lensmae.data import open_dataset
from lensmae.data.records.grades import Mark, add_marks, graded
from lensmae.evaluation import Projection, embed_dataset, project
from lensmae.models import load_checkpoint
from tests.app.conftest import SMALL, assert_clean, fit_domain, texts


@pytest.fixture
def opened(home, open_app):
    """The page on all lenses, by PCA."""

    def page(**address):
        app = open_app("embeddings", **SMALL)
        app.segmented_control("method").set_value("pca").run()
        for key, value in address.items():
            found = [*app.segmented_control, *app.selectbox]
            next(widget for widget in found if widget.key == key).set_value(value).run()
        return app

    return page


@pytest.mark.parametrize("network", ["classifier", "mae", "both"])
@pytest.mark.parametrize("dimensions", ["2", "3"])
def test_each_network_has_its_plane_and_its_figures(opened, network, dimensions):
    app = opened(network=network, dims=dimensions)
    assert_clean(app)
    said = texts(app.caption)
    for name in ("small-classifier", "small-mae") if network == "both" else (f"small-{network}",):
        assert f"90 lenses, all splits of lenses; {name}, last layer, mean of tokens; PCA in {dimensions} dimensions" in said
    labels = [metric.label for metric in app.metric]
    assert labels == ["Linear probe", "10 nearest", "Silhouette", "Trustworthiness"] * (2 if network == "both" else 1)
    assert all(metric.value != "–" for metric in app.metric)


def test_every_colour_can_be_chosen(opened):
    app = opened()
    names = app.selectbox("colour").options
    assert names[0] == "class"
    assert {"predicted class", "prediction correct", "confidence", "reconstruction error", "split"} <= set(names)
    for name in names:
        app.selectbox("colour").set_value(name).run()
        assert_clean(app)


def test_layer_and_pooling_reach_the_plane(opened):
    app = opened(layer="1", pooling="max")
    assert_clean(app)
    assert "small-classifier, layer 1, max of tokens" in texts(app.caption)


def test_without_training_lenses_the_probes_say_what_they_need(opened):
    app = opened(split="test")
    assert_clean(app)
    assert {metric.label: metric.value for metric in app.metric}["Linear probe"] == "–"
    assert "need lenses of the training split" in texts(app.caption)


def test_an_uploaded_image_finds_its_neighbours(opened):
    app = opened()
    buffer = io.BytesIO()
    image = open_dataset("lenses").images[40]
    Image.fromarray(np.uint8(255 * image / image.max())).save(buffer, "PNG")
    app.file_uploader("search-image").upload("mine.png", buffer.getvalue()).run()
    assert_clean(app)
    assert "Its" not in texts(app.warning)
    assert "Nearest neighbours" in texts(app.header)


def test_a_bad_upload_gets_a_message_and_the_page_stays(opened):
    app = opened()
    app.file_uploader("search-image").upload("bad.npy", b"nothing").run()
    assert not app.exception
    assert texts(app.error).startswith("bad.npy was not read")
    assert len(app.metric) == 4


def test_a_read_only_dashboard_shows_pca_where_umap_is_not_there(home, open_app, monkeypatch):
    monkeypatch.setenv("LENSMAE_READ_ONLY", "1")
    app = open_app("embeddings", **SMALL)
    assert_clean(app)
    assert "read-only: PCA instead" in texts(app.info)
    assert not (home / "cache").exists()


def test_a_read_only_dashboard_embeds_few_lenses_only(home, open_app, monkeypatch):
    monkeypatch.setenv("LENSMAE_READ_ONLY", "1")
    monkeypatch.setattr(view_data, "_AT_ONCE", 50)
    app = open_app("embeddings", **SMALL)
    assert_clean(app)
    assert "Choose at most 50 lenses" in texts(app.info)


def test_umap_is_shown_where_it_is_kept(home, open_app):
    dataset = open_dataset("lenses")
    project(embed_dataset(load_checkpoint("small-classifier"), dataset, np.arange(90)), Projection())
    app = open_app("embeddings", **SMALL)
    assert_clean(app)
    assert "UMAP in 2 dimensions, 15 neighbours" in texts(app.caption)


def test_several_examples_are_searched_by_and_can_be_taken_back(opened):
    app = opened()
    app.number_input("lens").set_value(3).run()
    app.button("example-like").click().run()
    assert_clean(app)
    assert "Most like 3" in [heading.value for heading in app.header]
    app.number_input("lens").set_value(40).run()
    app.button("example-unlike").click().run()
    assert "Most like 3, least like 40" in [heading.value for heading in app.header]
    assert_clean(app)
    next(button for button in app.button if button.label == "Clear the examples").click().run()
    assert not [heading.value for heading in app.header if heading.value.startswith("Most like")]


def test_pictures_can_lie_on_the_plane(opened):
    app = opened()
    app.session_state["pictures"] = True
    app.run()
    assert_clean(app)


def test_only_lenses_with_a_property_are_shown(opened):
    app = opened(filter="class")
    app.button_group("filter-names").set_value(["axion"]).run()
    assert_clean(app)
    assert "30 of 90 lenses, all splits of lenses" in texts(app.caption)
    app.selectbox("filter").set_value("confidence").run()
    app.number_input("filter-high").set_value(2.0).run()
    assert "90 lenses, all splits" in texts(app.caption)
    app.number_input("filter-high").set_value(-1.0).run()
    assert "No lens is left" in texts(app.info)
    assert_clean(app)


def test_lenses_can_be_coloured_by_what_two_networks_call_them(home, opened):
    copy = home / "checkpoints/twin.safetensors"
    copy.write_bytes((home / "checkpoints/small-classifier.safetensors").read_bytes())
    app = opened(colour="predicted class, beside twin")
    assert_clean(app)
    traces = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
    assert all(trace["name"].startswith(("both ", "lens ")) for trace in traces)
    assert "small-classifier: " in texts(app.caption)
    assert "twin: " in texts(app.caption)


def test_out_of_the_networks_domain_points_have_no_class_and_no_confidence(home, opened):
    fit_domain(home, 1e-9)
    app = opened(colour="predicted class", filter="confidence")
    assert_clean(app)
    traces = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
    assert {trace["name"] for trace in traces if trace["name"][0] != "l"} == {"cannot tell (90)"}
    app.selectbox("colour").set_value("prediction correct").run()
    traces = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
    assert {trace["name"] for trace in traces if trace["name"][0] != "l"} == {"cannot tell (90)"}
    assert "no lens has a value" in app.number_input("filter-low").help


def test_a_class_is_not_told_of_a_lens_out_of_its_networks_domain(home, opened):
    for factor, said in ((1e9, " 0."), (1e-9, " cannot tell")):
        fit_domain(home, factor)
        app = opened()
        assert_clean(app)
        label = next(text for text in texts(app.caption).splitlines() if text.startswith("small-classifier: "))
        assert said in label


def test_a_kept_selection_is_a_tag_and_a_link_selects_it_again(home, opened, open_app):
    fingerprint = open_dataset("lenses").info.fingerprint
    add_marks(fingerprint, "ann", [Mark(str(row), f"lens {row}", "tag", "arcs") for row in (3, 40, 70)])
    app = opened()
    next(button for button in app.button if button.label.startswith("arcs")).click().run()
    assert_clean(app)
    assert app.query_params["selected"] == "tag:arcs"
    assert "3 lenses selected" in [heading.value for heading in app.header]
    # Nobody but ann takes her tags off again.
    assert "forget-arcs" not in [button.key for button in app.button]
    app.session_state["_grader"] = "ann"
    app.run()
    app.button("forget-arcs").click().run()
    assert_clean(app)
    assert graded(fingerprint).empty


def test_of_very_many_lenses_some_are_drawn_and_a_lasso_takes_all(home, open_app, monkeypatch):
    for module in ("lensmae.figures.scatter", "lensmae.app.embeddings.page"):
        monkeypatch.setattr(f"{module}.MOST_DRAWN", 12)
    around = ";".join(f"{x},{y}" for x, y in ((-1e6, -1e6), (1e6, -1e6), (1e6, 1e6), (-1e6, 1e6)))
    app = open_app("embeddings", **SMALL, method="pca", most="all", selected=f"classifier:{around}")
    assert_clean(app)
    assert "12 of them, chosen at random, are plotted; lasso, box, search and downloads take all." in texts(app.caption)
    assert any(heading.value == "90 lenses selected" for heading in app.header)
    drawn = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
    assert sum(len(base64.b64decode(trace["customdata"]["bdata"])) // 4 for trace in drawn if "customdata" in trace) == 12
