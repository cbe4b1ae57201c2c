"""Tables that TOPCAT reads and images that DS9 is sent, with astropy's own reader and hub as the other side."""

import io
import threading
import warnings

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table

from lensmae.errors import ConfigError
from lensmae.evaluation.images.virtual_observatory import send, votable_bytes

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from astropy.samp import SAMPHubServer, SAMPIntegratedClient

ANSWERS = pd.DataFrame(
    {
        "file": ["a.fits", "b <b>.npy"],
        "ra_deg": [150.1, np.nan],
        "dec_deg": [2.2, np.nan],
        "class": ["cdm", None],
        "P(cdm)": [0.9, 0.2],
        "in_domain_mae": [True, False],
        "refused": [None, None],
    }
)


def test_a_votable_has_the_answers_with_units_of_the_sky():
    read = Table.read(io.BytesIO(votable_bytes(ANSWERS)), format="votable")
    assert list(read["file"]) == ["a.fits", "b <b>.npy"]
    assert (read["ra_deg"].unit, read["dec_deg"].unit) == ("deg", "deg")
    assert read["ra_deg"][0] == 150.1
    assert read["ra_deg"].mask[1] or np.isnan(read["ra_deg"][1])
    assert list(read["class"]) == ["cdm", ""]
    assert read["ra_deg"].meta["ucd"] == "pos.eq.ra;meta.main"
    assert "refused" not in read.colnames


@pytest.fixture
def hub(tmp_path, monkeypatch):
    monkeypatch.setenv("SAMP_HUB", f"std-lockurl:{(tmp_path / 'hub').as_uri()}")
    server = SAMPHubServer(web_profile=False, mode="multiple", lockfile=str(tmp_path / "hub"), addr="127.0.0.1")
    server.start()
    yield server
    server.stop()


def test_images_and_tables_reach_the_programs_that_listen(hub, tmp_path):
    got, both = [], threading.Event()
    viewer = SAMPIntegratedClient(name="viewer", addr="127.0.0.1")
    viewer.connect(hub)

    def receive(key, sender, kind, params, extra):
        got.append((kind, params["url"]))
        if len(got) == 2:
            both.set()

    for kind in ("image.load.fits", "table.load.votable"):
        viewer.bind_receive_notification(kind, receive)
    files = [tmp_path / "lens.fits", tmp_path / "answers.vot"]
    try:
        assert send(files) == ["viewer"]
        assert both.wait(60)
    finally:
        viewer.disconnect()
    expected = {("image.load.fits", files[0].as_uri()), ("table.load.votable", files[1].as_uri())}
    assert set(got) == expected


def test_without_a_hub_it_says_what_to_open(tmp_path, monkeypatch):
    monkeypatch.setenv("SAMP_HUB", f"std-lockurl:{(tmp_path / 'none').as_uri()}")
    with pytest.raises(ConfigError, match="open TOPCAT"):
        send([tmp_path / "lens.fits"])
