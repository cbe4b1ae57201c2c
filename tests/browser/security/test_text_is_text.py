"""What strangers name stays text in a real Chromium: no page asks for their images, follows their links or runs their script."""

import io
import json
import os
import shutil
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from playwright.sync_api import expect

from lensmae.data.records.grades import Mark, add_marks
from lensmae.data.records.views import save_view
from lensmae.models import read_card
from lensmae.training import create_run, make_config
from tests.browser.conftest import finished, serve, visiting
from tests.models import save_small_networks
from tests.titles import PATHS

pytestmark = pytest.mark.browser

EVIL = (
    "![i](evil.png)<img src=evil.png onerror=window.evil=1><script>window.evil=1</script>[l](evil.html)"
    "<a href=evil.html>e</a> **evil-strong** <b>evil-bold</b> www.evil.example https://evil.example/x"
)
# As a file may be called.
EVIL_NAME = EVIL.replace("/", "")
MADE_OF_IT = """() => {
    const evil = (address) => {
        try { const url = new URL(address, location); return /evil/.test(url.host + url.pathname); } catch { return false; }
    };
    const found = [...document.querySelectorAll("img, a, script, iframe, image, use, b, strong")].filter((element) => {
        const at = ["src", "href", "xlink:href"].map((name) => element.getAttribute(name)).filter(Boolean);
        return at.some(evil) || /window.evil/.test(element.tagName === "SCRIPT" ? element.textContent : "")
            || (["B", "STRONG"].includes(element.tagName) && /evil-/.test(element.textContent));
    });
    return found.map((element) => element.outerHTML.slice(0, 200)).concat(window.evil ? ["a script ran"] : []);
}"""


@pytest.fixture(scope="module")
def hostile_server(lens_home, tmp_path_factory):
    """A dashboard on a workspace in which everything that has a name or a text of its own has a hostile one."""
    home = tmp_path_factory.mktemp("hostile_home")
    for name in ("lenses", "pairs"):
        _hostile_set(lens_home / "datasets" / name, home / "datasets" / name)
    (home / "datasets" / EVIL_NAME[:250]).mkdir()
    save_small_networks(home)
    for path in list((home / "checkpoints").iterdir()):
        _hostile_checkpoint(path)
    (home / "checkpoints" / f"{EVIL_NAME[:200]}.safetensors").write_bytes(b"none")
    before = os.environ.get("LENSMAE_HOME")
    os.environ["LENSMAE_HOME"] = str(home)
    try:
        _hostile_records(home)
    finally:
        del os.environ["LENSMAE_HOME"]
        os.environ.update({} if before is None else {"LENSMAE_HOME": before})
    with serve("dashboard.py", home) as address:
        yield address


def _hostile_set(good, folder) -> None:
    shutil.copytree(good, folder)
    record = json.loads((folder / "dataset.json").read_text())
    (folder / "dataset.json").write_text(json.dumps(record | {"flux_unit": EVIL, "origin": {"name": EVIL, "fingerprint": EVIL}}))
    lenses = pd.read_parquet(folder / "lenses.parquet")
    lenses["source_file"] = EVIL
    lenses[EVIL] = np.arange(len(lenses), dtype=float)
    lenses[f"word {EVIL}"] = EVIL
    lenses.to_parquet(folder / "lenses.parquet", index=False)


def _hostile_checkpoint(path) -> None:
    from safetensors.torch import load_file, save_file

    card = read_card(path)
    said = {"description": EVIL, "created": EVIL, "data": {"name": EVIL, "preset": EVIL}, "metrics": {EVIL: {EVIL: 1.0}}}
    training = {"config": {"data": EVIL, "recipe": EVIL}, EVIL: EVIL}
    changed = card.model_copy(update=said | {"training": training})
    save_file(load_file(path), path, metadata={"lensmae": changed.model_dump_json()})


def _hostile_records(home) -> None:
    create_run(make_config("pretrain", data="lenses"), "good")
    folder = home / "runs/good"
    status = json.loads((folder / "status.json").read_text())
    said = {"state": "failed", "message": EVIL, "device": EVIL, "host": EVIL}
    (folder / "status.json").write_text(json.dumps(status | said))
    (folder / "log.txt").write_text(EVIL)
    (folder / "notes.md").write_text(EVIL)
    (folder / "metrics.csv").write_text(f"step,train_loss,{EVIL.replace(',', '')}\n1,2,3\n2,1,3\n")
    shutil.copytree(folder, home / "runs" / EVIL_NAME[:250])
    shutil.copytree(folder, home / "runs/odd")
    (home / "runs/odd/status.json").write_text(json.dumps(status | said | {"id": EVIL, "kind": EVIL}))
    save_view(EVIL[:80], "data", "lens=3")
    fingerprint = json.loads((home / "datasets/lenses/dataset.json").read_text())["fingerprint"]
    marks = [Mark("0", EVIL[:200], "grade", "A"), Mark("0", EVIL[:200], "tag", EVIL[:60]), Mark("0", EVIL[:200], "note", EVIL)]
    add_marks(fingerprint, EVIL[:60], marks)


@pytest.fixture
def visitor(context, hostile_server):
    """A page that remembers what it asked for."""
    with visiting(context, hostile_server) as page:
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url.split("?")[0]))
        yield page


def _all_open(page) -> None:
    """Everything that can be unfolded is."""
    finished(page)
    page.evaluate("document.querySelectorAll('details:not([open]) > summary').forEach((summary) => summary.click())")
    finished(page)


def _assert_it_is_text(page) -> None:
    assert page.evaluate(MADE_OF_IT) == []
    assert [url for url in page.asked if "evil" in url] == []


def test_the_watch_sees_what_it_looks_for(visitor, hostile_server):
    visitor.goto(hostile_server)
    finished(visitor)
    visitor.evaluate("text => { document.body.insertAdjacentHTML('beforeend', text) }", EVIL)
    visitor.wait_for_function("window.evil || document.images.length")
    assert len(visitor.evaluate(MADE_OF_IT)) >= 3
    assert [url for url in visitor.asked if "evil" in url]


# What an address chooses among records, and what else it may hold.
_CHOSEN = {
    "mae": "small-mae", "classifier": "small-classifier", "superres": "small-superres", "data": "lenses", "pairs": "pairs",
    "run": "good", "method": "PCA", "set": "lenses", "lens": "0",
}  # fmt: skip
_PARAMETERS = [
    "seed", "ratio", "strategy", "mask", "stretch", "limit", "colour", "parameter", "versus", "compare", "look", "base", "halos",
    "open", "sort", "f-text", "f-tags", "f-column", "f-class", "f-names", "grade-by", "row", "pair", "kind", "view", "rank-by",
    "split", "way",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_names_and_texts_of_records_and_of_the_address_are_text(visitor, hostile_server, path):
    visitor.goto(f"{hostile_server}/{path}?{urlencode(_CHOSEN | dict.fromkeys(_PARAMETERS, EVIL))}")
    expect(visitor.get_by_role("heading", level=1, name=PATHS[path])).to_be_visible()
    _all_open(visitor)
    if path in ("data", "training"):
        assert "evil-strong" in visitor.get_by_test_id("stMainBlockContainer").inner_text()
    _assert_it_is_text(visitor)


# All pages choose among records with the same code: one that shows them, and those that have choices of their own.
@pytest.mark.parametrize("path", [path for path in PATHS if path in ("reconstruction", "superresolution", "training", "data")])
def test_a_choice_of_records_in_the_address_is_text(visitor, hostile_server, path):
    visitor.goto(f"{hostile_server}/{path}?{urlencode(dict.fromkeys(_CHOSEN, EVIL))}")
    expect(visitor.get_by_role("heading", level=1, name=PATHS[path])).to_be_visible()
    _all_open(visitor)
    _assert_it_is_text(visitor)


def test_an_uploads_name_and_headers_are_text(visitor, hostile_server):
    buffer = io.BytesIO()
    unit = fits.ImageHDU(np.random.default_rng(0).random((64, 64)).astype(">f4"), name="SCI")
    short = EVIL[:60].replace("\n", "")
    unit.header["BUNIT"], unit.header["OBJECT"] = short, EVIL[60:120]
    other = fits.ImageHDU(np.ones((64, 64), ">f4"), name=short.upper())
    fits.HDUList([fits.PrimaryHDU(), unit, other]).writeto(buffer)
    visitor.goto(f"{hostile_server}/analyse?mae=small-mae&classifier=small-classifier&superres=small-superres&data=lenses")
    files = [(f"{EVIL_NAME[:200]}.fits", buffer.getvalue()), (f"bad {EVIL_NAME[:200]}.fits", b"none")]
    named = [{"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in files]
    visitor.locator('input[type="file"]').set_input_files(named)
    expect(visitor.get_by_role("heading", name="Among the training lenses")).to_be_visible()
    _all_open(visitor)
    assert "evil" in visitor.get_by_test_id("stMainBlockContainer").inner_text()
    _assert_it_is_text(visitor)
