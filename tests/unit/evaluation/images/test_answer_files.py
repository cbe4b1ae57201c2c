"""Answers come back from disk as they were, to the networks that gave them, and never where a file is damaged."""

from dataclasses import fields, is_dataclass

import numpy as np
import pytest

from lensmae.data import open_dataset, read_image
from lensmae.data.images.writer import fits_bytes
from lensmae.evaluation.images import answer_files
from lensmae.evaluation.images.analyse import Networks, analyse_images
from lensmae.evaluation.images.answer_files import AnswerFiles
from lensmae.evaluation.ood.fit_reference import fit_reference
from lensmae.models import load_checkpoint


@pytest.fixture
def networks(classifier, mae):
    """A classifier with a reference, and an autoencoder without one."""
    model = load_checkpoint(classifier)
    known = {"classifier": fit_reference(model, open_dataset("lenses"), 30, 9)}
    return Networks(classifier=model, mae=load_checkpoint(mae), references=known)


@pytest.fixture
def answer(networks):
    image = np.array(open_dataset("lenses").images[0])
    return analyse_images([read_image(fits_bytes(image, 0.1), "a.fits").found()], networks)[0]


def same(first, second):
    if isinstance(first, np.ndarray):
        return first.dtype == second.dtype and np.array_equal(first, second)
    if is_dataclass(first):
        named = [field.name for field in fields(first)]
        return type(first) is type(second) and all(same(getattr(first, name), getattr(second, name)) for name in named)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return first == second


def test_an_answer_comes_back_as_it_was(networks, answer):
    AnswerFiles(networks).put("a", answer, "data:image/png;base64,")
    found, picture = AnswerFiles(networks).get("a")
    assert same(found, answer)
    assert picture == "data:image/png;base64,"
    assert AnswerFiles(networks).get("b") is None


def test_other_networks_or_references_have_answers_of_their_own(networks, answer):
    AnswerFiles(networks).put("a", answer, "")
    assert AnswerFiles(Networks(classifier=networks.classifier, references=networks.references)).get("a") is None
    assert AnswerFiles(Networks(classifier=networks.classifier, mae=networks.mae)).get("a") is None


@pytest.mark.parametrize("damage", [lambda whole: whole[: len(whole) // 2], lambda _: b"", lambda _: b"no archive"])
def test_a_damaged_file_is_no_answer_and_the_next_one_takes_its_place(networks, answer, damage):
    files = AnswerFiles(networks)
    files.put("a", answer, "")
    files.path("a").write_bytes(damage(files.path("a").read_bytes()))
    assert files.get("a") is None
    files.put("a", answer, "")
    assert same(files.get("a")[0], answer)


def test_only_parts_of_an_answer_are_built_from_a_file(networks, answer, monkeypatch):
    files = AnswerFiles(networks)
    files.put("a", answer, "")
    monkeypatch.setitem(answer_files._TYPES, "Analysis", None)
    assert files.get("a") is None
    monkeypatch.delitem(answer_files._TYPES, "Analysis")
    assert files.get("a") is None


def test_a_read_only_dashboard_reads_but_keeps_nothing(networks, answer, monkeypatch):
    files = AnswerFiles(networks)
    files.put("a", answer, "")
    monkeypatch.setenv("LENSMAE_READ_ONLY", "1")
    files.put("b", answer, "")
    assert (files.get("a") is None, files.path("b").exists()) == (False, False)


def test_those_that_nobody_asked_for_longest_go_first(networks, answer, monkeypatch):
    import os

    files = AnswerFiles(networks)
    for age, name in enumerate("cba"):
        files.put(name, answer, "")
        os.utime(files.path(name), (1000 + age, 1000 + age))
    monkeypatch.setattr(answer_files, "_BYTES", 2 * files.path("a").stat().st_size)
    # Asked for just now.
    assert files.get("c") is not None
    files.tidy()
    assert [files.path(name).exists() for name in "abc"] == [True, False, True]
