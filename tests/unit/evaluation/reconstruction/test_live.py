"""Frames that fill in: the same numbers as computed alone, what is waited for first, nothing for nobody."""

import threading

import numpy as np
import pytest

from lensmae.data import open_dataset
from lensmae.errors import DatasetError
from lensmae.evaluation.reconstruction.frames import RATIOS, reconstruction_frames
from lensmae.evaluation.reconstruction.live import FrameQueue, Viewer
from lensmae.models import load_checkpoint

THREE_QUARTERS = RATIOS.index(0.75)


@pytest.fixture
def model(mae):
    return load_checkpoint(mae)


@pytest.fixture
def queue(model):
    queue = FrameQueue(model)
    yield queue
    queue.close()


@pytest.fixture
def image(mae):
    return np.array(open_dataset("lenses").images[0])


class Recorded:
    """A network that remembers how many patches each of its batches hid, and can be held up."""

    def __init__(self, model):
        self._model, self.batches, self.held, self.gate = model, [], 0, threading.Event()
        self.gate.set()

    def __getattr__(self, name):
        return getattr(self._model, name)

    def predict(self, images, hidden):
        self.held = len(images)
        self.gate.wait(10)
        self.held = 0
        self.batches.append([int(mask.sum()) for mask in hidden])
        return self._model.predict(images, hidden=hidden)


def test_frames_are_those_of_the_lens_alone(model, queue, image):
    viewer = Viewer()
    found = queue.whole(queue.open(image, 3, "grid", viewer))
    expected = reconstruction_frames(model, image, 3, "grid")
    assert found.complete
    np.testing.assert_array_equal(found.hidden, expected.hidden)
    np.testing.assert_allclose(found.predictions, expected.predictions, atol=1e-5)
    np.testing.assert_allclose(found.errors, expected.errors, rtol=1e-4)
    np.testing.assert_allclose(found.similarities, expected.similarities, atol=1e-4)


def test_the_ratio_in_view_comes_first_and_its_neighbours_next(model, image):
    recorded = Recorded(model)
    queue, viewer = FrameQueue(recorded), Viewer()
    live = queue.open(image, 0, "random", viewer)
    first = queue.want(live, THREE_QUARTERS)
    assert first.ready[THREE_QUARTERS]
    assert np.isfinite(first.errors[THREE_QUARTERS])
    with live.changed:
        assert live.changed.wait_for(lambda: live.complete, 30)
    queue.close()
    hidden = live.hidden.sum(axis=(1, 2))
    assert recorded.batches[0] == [hidden[THREE_QUARTERS]]
    assert {batch[0] for batch in recorded.batches[1:3]} == {hidden[THREE_QUARTERS - 1], hidden[THREE_QUARTERS + 1]}


def test_visitors_that_wait_for_the_same_ratio_share_a_batch_and_the_same_lens_is_computed_once(model, image):
    recorded = Recorded(model)
    recorded.gate.clear()
    queue = FrameQueue(recorded)
    images = [image, image * 2, image + image.max(), image]
    lives = [queue.open(one, 0, "random", Viewer()) for one in images]
    assert lives[0] is lives[3]
    threads = [threading.Thread(target=queue.want, args=(live, THREE_QUARTERS)) for live in lives]
    for thread in threads:
        thread.start()
    # The first to come is held up in the network; the others wait together.
    while queue.waiting + recorded.held < 3:
        threading.Event().wait(0.005)
    recorded.gate.set()
    for thread in threads:
        thread.join(30)
    queue.close()
    count = int(lives[0].hidden[THREE_QUARTERS].sum())
    computed = [len(batch) for batch in recorded.batches if batch[0] == count]
    assert sum(computed) == 3
    assert max(computed) >= 2


def test_what_nobody_looks_at_is_not_filled(model, image):
    recorded = Recorded(model)
    queue = FrameQueue(recorded)
    viewer = Viewer()
    left = queue.open(image, 0, "random", viewer)
    recorded.gate.clear()
    asked = threading.Thread(target=queue.want, args=(left, THREE_QUARTERS))
    asked.start()
    kept = queue.open(image * 2, 0, "random", viewer)
    recorded.gate.set()
    asked.join(30)
    queue.want(kept, THREE_QUARTERS)
    with kept.changed:
        assert kept.changed.wait_for(lambda: kept.complete, 30)
    queue.close()
    assert left.ready.sum() == 1


def test_an_image_that_does_not_fit_is_refused_and_a_failure_reaches_who_waits(model, queue, image):
    with pytest.raises(DatasetError, match="divisible"):
        queue.open(image[:63], 0, "random", Viewer())
    live = queue.open(image, 0, "random", Viewer())
    live.fail(ValueError("broken"))
    with pytest.raises(ValueError, match="broken"):
        queue.want(live, THREE_QUARTERS)
