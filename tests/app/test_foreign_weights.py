"""Weights of others are loaded from the sidebar, and then chosen like any checkpoint."""

import io

import torch

from tests.app.conftest import SMALL, assert_clean, texts
from tests.unit.models.reference_mae import random_state


def loaded(app, weights, file, name):
    app.file_uploader[0].upload(file, weights, "application/octet-stream")
    next(one for one in app.text_input if one.label == "Name of the checkpoint").set_value(name)
    next(button for button in app.button if button.label == "Load").click().run()
    return app


def test_icarus_weights_become_a_checkpoint_of_the_sidebar(home, open_app):
    buffer = io.BytesIO()
    torch.save(random_state(patch=4, dim=64, encoder_layers=1, decoder_layers=1, side=16, channels=3), buffer)
    app = loaded(open_app(None, **SMALL), buffer.getvalue(), "theirs.pt", "theirs")
    assert_clean(app)
    assert "theirs is a checkpoint now" in texts(app.success)
    assert "theirs" in app.selectbox("mae").options


def test_a_file_that_holds_no_weights_is_named_as_the_visitor_calls_it(home, open_app):
    app = loaded(open_app(None, **SMALL), b"nothing of the kind", "holiday.pt", "theirs")
    assert "holiday.pt" in texts(app.error)
    assert not list(home.glob("checkpoints/theirs*"))
