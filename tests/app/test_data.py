"""The Data page: a look into a set, simulating, importing, deleting; nothing of that where the dashboard is read-only."""

import io
import shutil

import numpy as np
import pytest

from lensmae.app.data import dataset_jobs
from lensmae.app.shared.plain_text import plain
from lensmae.data import list_datasets, open_dataset, simulate_dataset
from tests.app.conftest import assert_clean, texts
from tests.unit.data.originals import write_classes


@pytest.fixture
def own(home, lens_home, monkeypatch):
    """The workspace with data sets of its own, which may be changed."""
    shutil.rmtree(home / "datasets")
    shutil.copytree(lens_home / "datasets", home / "datasets")
    yield home
    for name, job in dataset_jobs.all_jobs().items():
        job.cancel()
        assert job.finished.wait(60)
        dataset_jobs.forget(name, job)


def press(app, label):
    next(button for button in app.button if button.label == label).click().run()


def ended(name):
    """The job that makes a data set, once it is over."""
    job = dataset_jobs.all_jobs()[name]
    assert job.finished.wait(120)
    return job


def test_a_set_is_shown_as_gallery_distributions_and_lens_by_lens(home, open_app):
    app = open_app("data", set="lenses")
    assert_clean(app)
    assert app.dataframe[0].value["name"].tolist() == ["lenses", "pairs"]
    assert {metric.label: metric.value for metric in app.metric}["Lenses"] == "90"
    names = [button.label for button in app.button]
    assert sum(name.startswith(plain("cdm_")) for name in names) == 6
    app.button_group("view").set_value("parameters").run()
    assert_clean(app)
    assert "90 lenses, all splits" in texts(app.caption)
    app.button_group("view").set_value("lens").run()
    app.number_input("row").set_value(40).run()
    assert_clean(app)
    shown = app.dataframe[-1].value.set_index("parameter")["value"]
    assert shown["id"] == open_dataset("lenses").lenses["id"][40]


def test_a_click_on_a_thumbnail_opens_that_lens(home, open_app):
    app = open_app("data", set="lenses")
    thumbnail = next(button for button in app.button if button.label.startswith(plain("axion_")))
    thumbnail.click().run()
    assert app.button_group("view").value == "lens"
    assert plain(open_dataset("lenses").lenses["id"][app.number_input("row").value]) == thumbnail.label
    assert int(app.query_params["row"]) == app.number_input("row").value


def test_pairs_are_shown_with_their_truth(home, open_app):
    app = open_app("data", set="pairs", view="One lens")
    assert_clean(app)
    assert {metric.label: metric.value for metric in app.metric}["Pixels"] == "75×75 → 150×150"


def test_the_form_simulates_a_set_that_is_then_listed(own, open_app):
    app = open_app("data")
    app.text_input("new-name-model_ii").set_value("fresh")
    app.number_input("new-count").set_value(2)
    press(app, "Simulate")
    job = ended("fresh")
    assert job.message == "fresh is ready: 6 lenses."
    app.run()
    assert_clean(app)
    assert "fresh" in app.dataframe[0].value["name"].tolist()
    assert job.message in texts(app.success)
    press(app, "Dismiss")
    assert dataset_jobs.all_jobs() == {}


def test_the_form_simulates_the_chosen_class_alone(own, open_app):
    app = open_app("data")
    app.text_input("new-name-model_ii").set_value("vortices")
    app.number_input("new-count").set_value(2)
    app.button_group("new-classes-model_ii").set_value(["axion"])
    press(app, "Simulate")
    assert ended("vortices").message == "vortices is ready: 2 lenses."
    assert open_dataset("vortices").info.classes == ("axion",)
    press(app.run(), "Dismiss")


def test_an_import_says_what_it_found_before_it_starts_and_what_it_left_out(own, open_app, tmp_path):
    write_classes(tmp_path / "src")
    (tmp_path / "src/cdm/cdm_sim_0001.npy").write_bytes(b"damaged")
    app = open_app("data")
    app.button_group("new-way").set_value("folder").run()
    app.text_input("import-path").set_value(str(tmp_path / "src"))
    press(app, "Look at it")
    assert "class folders: 9 lenses (3 no_sub, 3 cdm, 3 axion)" in texts(app.info)
    assert [info.name for info in list_datasets()] == ["lenses", "pairs"]
    app.text_input("import-name").set_value("brought")
    press(app, "Import")
    assert ended("brought").message == "brought is ready: 8 lenses. Left out, and named below: 1."
    app.run().selectbox("set").set_value("brought").run()
    assert_clean(app)
    assert any("cdm/cdm_sim_0001.npy" in frame.value.to_string() for frame in app.dataframe)


def test_an_uploaded_stack_is_imported_and_the_upload_is_removed(own, open_app):
    file = io.BytesIO()
    stack = np.random.default_rng(0).random((5, 16, 16)).astype(np.float32)
    np.savez(file, images=stack, labels=np.array(["cdm"] * 5))
    app = open_app("data")
    app.button_group("new-way").set_value("upload").run()
    app.file_uploader("import-file").upload("my lenses.npz", file.getvalue())
    press(app, "Look at it")
    assert "stack: 5 lenses (5 cdm)" in texts(app.info)
    assert app.text_input("import-name").value == "my-lenses"
    press(app, "Import")
    assert ended("my-lenses").state == "finished"
    np.testing.assert_array_equal(open_dataset("my-lenses").images, stack)
    assert list((own / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("path", "message"), [("", "Say which folder"), ("/nowhere/at/all", "no folder or file"), (__file__, "it is a text")]
)
def test_a_bad_source_is_said_in_plain_words(own, open_app, path, message):
    app = open_app("data")
    app.button_group("new-way").set_value("folder").run()
    app.text_input("import-path").set_value(path)
    press(app, "Look at it")
    assert not app.exception
    assert message in texts(app.error)


def test_names_that_are_taken_or_unsafe_are_refused(own, open_app):
    app = open_app("data")
    for name, message in (("lenses", "already"), ("../out", "cannot name")):
        app.text_input("new-name-model_ii").set_value(name)
        press(app, "Simulate")
        assert message in texts(app.error)
    assert dataset_jobs.all_jobs() == {}


def test_deleting_takes_two_clicks_and_removes_the_set(own, open_app):
    simulate_dataset("model_ii", "waste", 1, 0, jobs=1)
    app = open_app("data", set="waste")
    press(app, "Delete waste")
    assert [info.name for info in list_datasets()] == ["lenses", "pairs"]
    assert not app.exception
    assert "waste is deleted." in texts(app.success)
    assert "waste" not in app.dataframe[0].value["name"].tolist()


def test_a_killed_import_is_offered_to_go_on(own, open_app, tmp_path):
    from lensmae.data import import_dataset

    write_classes(tmp_path / "src", per_class=100, side=8)

    def killed(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_dataset(tmp_path / "src", "late", jobs=1, progress=killed)
    app = open_app("data")
    app.button_group("new-way").set_value("folder").run()
    assert "late" in texts(app.markdown)
    press(app, "Go on")
    assert ended("late").message == "late is ready: 300 lenses."


def test_read_only_shows_and_changes_nothing(home, open_app, monkeypatch):
    monkeypatch.setenv("LENSMAE_READ_ONLY", "1")
    app = open_app("data", set="lenses")
    assert_clean(app)
    labels = [button.label for button in app.button]
    assert not [label for label in labels if label.startswith(("Delete", "Simulate", "Import", "Look at it"))]
    assert not [widget for widget in app.button_group if widget.key == "new-way"]
