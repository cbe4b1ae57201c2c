"""Grades, tags and notes on the Data page; keys are tested with a real browser."""

import io

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from lensmae.data import open_dataset
from lensmae.data.records.grades import Mark, add_marks, graded, revision
from tests.app.conftest import SMALL, assert_clean, fit_domain, texts


@pytest.fixture
def sheet(home, open_app):
    """The Grades view of `lenses`."""

    def opened(**address):
        app = open_app("data", **SMALL)
        app.session_state["view"] = "grades"
        for key, value in address.items():
            app.session_state[key] = value
        app.run()
        assert_clean(app)
        return app

    return opened


def fingerprint():
    return open_dataset("lenses").info.fingerprint


def choose_grader(app, name):
    next(field for field in app.text_input if field.label == "Grader").set_value(name).run()
    assert_clean(app)
    return app


def marks():
    names = open_dataset("lenses").lenses["id"]
    add_marks(fingerprint(), "ann", [Mark(str(row), names[row], "grade", "A") for row in (3, 70)])
    add_marks(fingerprint(), "bob", [Mark("3", names[3], "grade", "X"), Mark("70", names[70], "grade", "A")])
    add_marks(fingerprint(), "bob", [Mark("70", names[70], "tag", "ring")])


def test_tags_and_notes_are_kept_under_the_graders_name(sheet):
    app = choose_grader(sheet(), "ann")
    note = next(field for field in app.text_input if field.label == "Note")
    note.set_value("**arc** in the north").run()
    assert_clean(app)
    found = graded(fingerprint())
    assert found[["item", "grader", "note"]].values.tolist() == [["0", "ann", "**arc** in the north"]]
    # The same text again is no entry that undo would have to take back.
    written = revision(fingerprint())
    next(field for field in app.text_input if field.label == "Note").set_value("**arc** in the north ").run()
    assert_clean(app)
    assert revision(fingerprint()) == written


def test_filters_order_and_agreement_show_what_was_graded(sheet):
    marks()
    app = sheet(**{"f-grade": ["A"], "grade-predicted": True, "sort": "P(cdm)", "descending": True})
    assert "2 of 90 lenses" in texts(app.caption)
    shown = app.dataframe[1].value
    assert set(shown["row"]) == {3, 70}
    assert shown["P(cdm)"].is_monotonic_decreasing
    agreement = next(frame.value for frame in app.dataframe if "kappa" in frame.value)
    assert agreement[["graders", "images", "agree"]].values.tolist() == [["ann and bob", 2, 0.5]]
    assert {"Agreement", "Ranking"} <= {heading.value for heading in app.header}


def test_the_true_class_is_hidden_until_the_lens_is_graded(sheet):
    marks()
    app = sheet()
    names = open_dataset("lenses").lenses
    # The id names the class, and so do the parameters of its substructure.
    hidden = app.dataframe[1].value
    assert hidden[["id", "class", "theta_E"]].isna().all(axis=None)
    assert names["id"][0] not in texts(app.caption)
    assert "true class hidden until you have graded it" in texts(app.caption)
    # Who does not grade sees what others did.
    assert hidden.set_index("row")["grade"][[3, 70]].tolist() == ["A", "A"]
    app = choose_grader(app, "ann")
    app.run()
    known = app.dataframe[1].value.set_index("row")["class"].dropna()
    assert known.to_dict() == {row: names["class"][row] for row in (3, 70)}
    app = choose_grader(app, "cyd")
    app.run()
    assert app.dataframe[1].value[["class", "grade", "note"]].isna().all(axis=None)
    app.toggle("truth").set_value(True).run()
    assert_clean(app)
    assert app.dataframe[1].value["id"].tolist() == names["id"].tolist()
    assert f"{names['id'][0]} · {names['class'][0]}" in texts(app.caption)


def test_predictions_are_withheld_out_of_the_networks_domain_in_table_and_filters(home, sheet):
    marks()
    fit_domain(home, 1e-9)
    app = sheet(**{"grade-predicted": True})
    table = app.dataframe[1].value
    assert set(table["predicted"]) == {"cannot tell"}
    assert table.filter(like="P(").isna().all(axis=None)
    app.toggle("f-wrong").set_value(True).run()
    assert_clean(app)
    assert "0 of 90 lenses" in texts(app.caption)


def test_what_is_shown_becomes_a_data_set_with_labels_of_ones_own(sheet):
    marks()
    app = sheet(**{"f-grade": ["A", "B", "X"]})
    next(box for box in app.selectbox if box.label == "Labelled by").set_value("tag")
    next(field for field in app.text_input if field.value == "lenses-graded").set_value("rings")
    next(button for button in app.button if button.label.startswith("Make it of these")).click().run()
    assert_clean(app)
    made = open_dataset("rings")
    assert made.info.counts == {"ring": 1}
    assert made.lenses["origin_row"].tolist() == [70]


def test_grades_of_a_file_are_taken_over_and_a_bad_file_is_refused(sheet):
    app = sheet()
    names = open_dataset("lenses").lenses["id"]
    table = pd.DataFrame({"id": [names[1], names[2]], "grade": ["B", "C"], "grader": ["cyd", "cyd"]})
    good = io.BytesIO()
    table.to_parquet(good)
    upload = next(one for one in app.file_uploader if "Parquet" in one.label)
    upload.upload("grades.parquet", good.getvalue())
    next(button for button in app.button if button.label == "Take over").click().run()
    assert_clean(app)
    assert graded(fingerprint())[["item", "grade"]].values.tolist() == [["1", "B"], ["2", "C"]]
    # What was drawn above the form shows them too.
    assert "Imported: the marks of 2 images" in texts(app.success)
    assert app.dataframe[1].value["grade"].tolist()[:4] == ["", "B", "C", ""]
    upload = next(one for one in app.file_uploader if "Parquet" in one.label)
    upload.upload("bad.csv", b"id,grade\nnobody,A\n")
    next(button for button in app.button if button.label == "Take over").click().run()
    assert "names no image that is here" in texts(app.error)
    assert len(graded(fingerprint())) == 2


def test_a_read_only_dashboard_shows_grades_and_takes_none(sheet, monkeypatch):
    marks()
    monkeypatch.setenv("LENSMAE_READ_ONLY", "1")
    app = sheet(**{"f-grade": ["A"]})
    assert "keeps no grades" in texts(app.caption)
    assert "Grader" not in [field.label for field in app.text_input]


def _ranked_uploads():
    import pandas as pd

    from lensmae.app.grading.measures import rank

    grades, scores = ["A", "X", "B", "X", "A", "X"], [0.9, 0.8, 0.7, 0.3, 0.2, 0.1]
    tags = [("ring",), (), (), (), (), ()]
    columns = {"grade": grades, "tags": tags, "predicted": ["cdm"] * 6, "height_px": range(6), "P(cdm)": scores}
    columns["P(no_sub)"] = [float("nan")] * 3 + [0.3, 0.2, 0.1]
    rank(pd.DataFrame(columns), "uploads", str)


def test_images_without_a_true_class_are_ranked_by_their_grades():
    app = AppTest.from_function(_ranked_uploads, default_timeout=60).run()
    assert_clean(app)
    # Not by the size of the image, which comes first in the table.
    assert app.selectbox("rank-by").value == "P(cdm)"
    # What a network predicted is nothing to look for.
    assert app.selectbox("rank-find").options == ["grade A", "grade A or B", "tag ring"]
    app.selectbox("rank-find").set_value("grade A or B")
    app.number_input("rank-n").set_value(3).run()
    assert [metric.value for metric in app.metric][:2] == ["66.7%", "66.7%"]
    # Of three good ones two have no number: they come last and are missed, not left out of the count.
    app.selectbox("rank-by").set_value("P(no_sub)").run()
    assert_clean(app)
    assert [metric.value for metric in app.metric][:2] == ["33.3%", "33.3%"]
    assert "3 of 6 images do not have this number" in texts(app.caption)
