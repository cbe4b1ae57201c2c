"""Answers to the lenses of a data set are those that the same lenses get as files."""

from dataclasses import replace

import numpy as np
import pytest

from lensmae.data import LensImage, open_dataset
from lensmae.errors import CheckpointError
from lensmae.evaluation.images.analyse import Networks, analyse_images
from lensmae.evaluation.images.called import call_lenses, lenses_to_call
from lensmae.evaluation.ood.fit_reference import fit_reference
from lensmae.evaluation.ood.references import reference_or_problem, save_reference
from lensmae.evaluation.tasks import Task, run_task
from lensmae.models import Classifier, load_checkpoint
from lensmae.models.registry import reference_path


def test_a_lens_of_a_set_is_answered_as_its_file_and_kept(classifier, monkeypatch):
    model, dataset = load_checkpoint(classifier), open_dataset("lenses")
    known = fit_reference(model, dataset, 30, 9)
    # Half of the held-out lenses lie beyond this limit.
    save_reference(reference_path(model.path), replace(known, distances=known.distances / 2))
    rows = dataset.indices("test")
    assert lenses_to_call(model, dataset, rows) == len(rows)
    found = call_lenses(model, dataset, rows)
    scale = dataset.info.pixel_scale
    files = [LensImage(np.array(dataset.images[row]), str(row), "npy", pixel_scale=scale) for row in rows]
    told = analyse_images(files, Networks(classifier=model, references={"classifier": reference_or_problem(model.path)[0]}))
    assert found.names.tolist() == [one.called or "cannot tell" for one in told]
    np.testing.assert_allclose(found.probabilities, [one.classified.probabilities for one in told], atol=1e-6)
    assert np.isnan(found.answered).all(axis=1).tolist() == found.withheld.tolist()
    # Asked again, nothing is computed; with another reference it is.
    assert lenses_to_call(model, dataset, rows) == 0
    monkeypatch.setattr(Classifier, "answer", None)
    assert call_lenses(model, dataset, rows).names.tolist() == found.names.tolist()
    save_reference(reference_path(model.path), replace(known, distances=known.distances * 1e9))
    assert lenses_to_call(model, dataset, rows) == len(rows)


def test_where_nothing_is_known_of_the_domain_nothing_is_withheld(classifier):
    model, dataset = load_checkpoint(classifier), open_dataset("lenses")
    assert not call_lenses(model, dataset, dataset.indices("test")).withheld.any()


def test_the_task_of_a_job_keeps_the_same_answers_and_needs_a_classifier(classifier, mae):
    model, dataset = load_checkpoint(classifier), open_dataset("lenses")
    run_task(Task(work="call", checkpoint=classifier, data="lenses", split="test"))
    assert lenses_to_call(model, dataset, dataset.indices("test")) == 0
    with pytest.raises(CheckpointError, match="answers need a classifier"):
        run_task(Task(work="call", checkpoint=mae, data="lenses"))
