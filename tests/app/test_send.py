"""The button that shows images in DS9, Aladin and TOPCAT, with astropy's own hub and a viewer on the other side."""

import queue
import warnings
from urllib.parse import urlparse
from urllib.request import url2pathname

import numpy as np
import pytest
from astropy.io import fits

from lensmae.data import open_dataset
from lensmae.evaluation.images import derived_images
from tests.app.conftest import assert_clean, texts
from tests.app.test_analyse import analyse, fits_file

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from astropy.samp import SAMPHubServer, SAMPIntegratedClient


@pytest.fixture
def lens(home):
    return np.array(open_dataset("lenses").images[40])


@pytest.fixture
def heard(tmp_path, monkeypatch):
    """What a viewer on this machine is sent: kind of message and address of the file."""
    monkeypatch.setenv("SAMP_HUB", f"std-lockurl:{(tmp_path / 'hub').as_uri()}")
    hub = SAMPHubServer(web_profile=False, mode="multiple", lockfile=str(tmp_path / "hub"), addr="127.0.0.1")
    hub.start()
    viewer = SAMPIntegratedClient(name="viewer", addr="127.0.0.1")
    viewer.connect(hub)
    got: queue.Queue[tuple[str, str]] = queue.Queue()
    for kind in ("image.load.fits", "table.load.votable"):
        viewer.bind_receive_notification(kind, lambda key, sender, name, params, extra: got.put((name, params["url"])))
    yield got
    viewer.disconnect()
    hub.stop()


def test_a_button_sends_table_and_images_to_a_viewer_where_the_dashboard_was_started_with_it(lens, open_app, monkeypatch, heard):
    app = analyse(open_app, ("lens.fits", fits_file(lens)))
    assert "samp" not in [button.key for button in app.button]
    monkeypatch.setenv("LENSMAE_SAMP", "1")
    app.run()
    next(button for button in app.button if button.key == "samp").click().run()
    assert_clean(app)
    assert "Sent to viewer." in texts(app.success)
    sent = [heard.get(timeout=60) for _ in range(4)]
    assert sorted(kind for kind, _ in sent) == ["image.load.fits"] * 3 + ["table.load.votable"]
    original = next(url for _, url in sent if url.endswith("/lens.fits"))
    np.testing.assert_allclose(fits.getdata(url2pathname(urlparse(original).path)), lens, rtol=1e-6)


def test_what_is_sent_is_what_the_page_has_of_the_same_network_and_image(lens, open_app, monkeypatch, heard):
    computed, whole = [], derived_images.superres_product
    monkeypatch.setattr(derived_images, "superres_product", lambda *how: computed.append(how[0].name) or whole(*how))
    monkeypatch.setenv("LENSMAE_SAMP", "1")
    app = analyse(open_app, ("lens.fits", fits_file(lens)), ("other.fits", fits_file(lens[::-1])))
    assert computed == ["lens.fits"]
    next(button for button in app.button if button.key == "samp").click().run()
    assert_clean(app)
    assert computed == ["lens.fits"]
    sent = dict(heard.get(timeout=60)[::-1] for _ in range(4))
    enlarged = fits.getdata(url2pathname(urlparse(next(url for url in sent if url.endswith(".superres.fits"))).path))
    assert enlarged.shape == (2 * lens.shape[0], 2 * lens.shape[1])


def test_without_a_hub_the_button_says_what_to_open(lens, open_app, monkeypatch, tmp_path):
    monkeypatch.setenv("SAMP_HUB", f"std-lockurl:{(tmp_path / 'none').as_uri()}")
    monkeypatch.setenv("LENSMAE_SAMP", "1")
    app = analyse(open_app, ("lens.fits", fits_file(lens)))
    next(button for button in app.button if button.key == "samp").click().run()
    assert "open TOPCAT" in texts(app.error)
