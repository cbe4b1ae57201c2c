import numpy as np
import pytest

from lensmae.models import load_checkpoint
from lensmae.training import FilmFolder, create_run, make_config, open_run, train_run
from lensmae.training.film import MOST_FRAMES

TINY = {"emb_dim": 24, "encoder_layers": 1, "patch_size": 8, "batch_size": 12, "save_every": 2}


@pytest.fixture
def film(tmp_path):
    film = FilmFolder(tmp_path / "film")
    film.start(0, np.ones((2, 8, 8)), np.ones((2, 8, 8)), np.zeros((2, 2, 2), dtype=bool))
    return film


def test_frames_come_back_in_the_order_of_their_steps_at_half_precision(film):
    pictures = np.random.default_rng(0).random((3, 2, 8, 8)).astype(np.float32)
    for step, picture in zip((0, 5, 100), pictures, strict=True):
        film.add(step, picture)
    read = film.read()
    assert read.steps == (0, 5, 100)
    np.testing.assert_allclose(read.frames, pictures, rtol=1e-3, atol=1e-4)
    assert film.stamp() == "0000000100"


def test_a_long_film_keeps_its_first_and_newest_frame_and_few_between_them_evenly(film):
    for step in range(0, 2000, 10):
        film.add(step, np.zeros((2, 8, 8)))
    steps = film.read().steps
    assert len(steps) == MOST_FRAMES
    assert (steps[0], steps[-1]) == (0, 1990)
    gaps = np.diff(steps)
    assert gaps.max() <= 4 * 2000 / MOST_FRAMES


def test_a_resumed_film_drops_what_the_run_will_draw_again(film):
    for step in (0, 10, 20):
        film.add(step, np.zeros((2, 8, 8)))
    film.start(10, np.ones((2, 8, 8)), np.ones((2, 8, 8)), None)
    assert film.read().steps == (0, 10)
    assert film.read().hidden is None


def test_there_is_no_film_before_its_first_frame(tmp_path):
    assert FilmFolder(tmp_path / "nothing").read() is None


@pytest.mark.parametrize("kind", ["pretrain", "superres"])
def test_the_last_frame_of_a_run_is_what_its_model_draws(kind, workspace_with_lenses, monkeypatch):
    monkeypatch.setenv("LENSMAE_RUN_ID", "")
    options = {"pretrain": {"data": "lenses", "decoder_layers": 1}, "superres": {"data": "pairs", "init": "scratch", "width": 8}}
    config = make_config(kind, **{**TINY, **options[kind], "epochs": 1.0})
    run = create_run(config, "filmed")
    train_run(run)
    film, model = FilmFolder(open_run(run).film).read(), load_checkpoint(run)
    assert film.steps[0] == 0
    if kind == "pretrain":
        drawn = model.predict(film.images, hidden=film.hidden)
        expected = np.where(drawn.mask, drawn.prediction, film.images)
        assert film.hidden.mean() == pytest.approx(0.75)
    else:
        expected = model.predict(film.images)
        assert film.truth.shape[1] == 2 * film.images.shape[1]
    np.testing.assert_allclose(film.frames[-1], expected, rtol=2e-3, atol=2e-3)


def test_a_classifier_draws_nothing_and_has_no_film(workspace_with_lenses, monkeypatch):
    monkeypatch.setenv("LENSMAE_RUN_ID", "")
    train_run(create_run(make_config("classifier", data="lenses", init="scratch", epochs=0.5, **TINY), "named"))
    assert not open_run("named").film.exists()
