"""`python -m tests.soak --minutes 60`: upload, train and look on one dashboard; say what grew. Status 1 where something did.

Each round is a fresh visitor in a real browser: it uploads good files and one that is hostile on Analyse, looks at two other
pages and leaves. Every tenth round a run is trained in the background and deleted. After each round the dashboard is weighed with
all its processes.
"""

import argparse
import csv
import io
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import psutil
from playwright.sync_api import Browser, expect, sync_playwright

from benchmarks.slider import served_process
from tests.browser.conftest import FLAGS, NETWORKS, ROOT, _chromium, free_port, serving
from tests.fuzz.generator import hostile_files
from tests.models import save_small_networks
from tests.soak.weight import Weight, grown

_PATIENCE_MS = 180_000
_PAGES = ("reconstruction", "embeddings", "classification", "superresolution", "data", "training", "")
_TRAINING = ("--data", "lenses", "--emb-dim", "24", "--encoder-layers", "1", "--decoder-layers", "1", "--patch-size", "16")


@dataclass
class Soak:
    """One dashboard in use.

    Attributes:
        address: of the dashboard.
        home, temporary: its workspace, and its folder for temporary files.
        server: its process.
        faults: what visitors saw go wrong.
    """

    address: str
    home: Path
    temporary: Path
    server: psutil.Process
    faults: list[str]

    def round(self, browser: Browser, place: int, hostile: Iterator[tuple[str, bytes]]) -> Weight:
        """One visitor, and every tenth time a training; what the dashboard weighs afterwards."""
        draw = random.Random(place)
        context = browser.new_context()
        context.set_default_timeout(_PATIENCE_MS)
        page = context.new_page()
        page.goto(f"{self.address}/analyse?{NETWORKS}")
        page.locator('input[type="file"]').set_input_files([_hostile(*next(hostile)), *map(_good, range(place, place + 3))])
        expect(page.get_by_test_id("stMetric").first).to_be_visible()
        for name in draw.sample(_PAGES, 2):
            page.goto(f"{self.address}/{name}?{NETWORKS}")
            expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible()
            self.faults += [f"{name}: {text}" for text in page.get_by_test_id("stException").all_inner_texts()]
        context.close()
        if place % 10 == 9:
            self._train(f"soak-{place}")
        return Weight.of(self.server, self.temporary, self.home)

    def _train(self, name: str) -> None:
        """Train a run in the background, wait for its end, delete it."""
        from lensmae.training import delete_run, get_run

        command = [sys.executable, "-m", "lensmae", "train", "pretrain", "--name", name, *_TRAINING, "--background"]
        done = subprocess.run([*command, "--epochs", "1", "--accelerator", "cpu"], cwd=ROOT, capture_output=True, text=True)
        while done.returncode == 0 and get_run(name).state.active:
            time.sleep(1)
        if done.returncode or get_run(name).state != "finished":
            self.faults.append(f"run {name} did not finish: {done.stderr[-300:]}")
            return
        delete_run(name)


def _file(name: str, data: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def _hostile(name: str, data: bytes) -> dict[str, object]:
    return _file(f"{name}.bin", data)


def _good(seed: int) -> dict[str, object]:
    buffer = io.BytesIO()
    np.save(buffer, np.random.default_rng(seed).gamma(1.0, 1.0, (64, 64)).astype(np.float32))
    return _file(f"good{seed}.npy", buffer.getvalue())


def main() -> int:
    """Use a dashboard, print what it weighed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0, help="of the hostile files")
    parser.add_argument("--out", type=Path, help="CSV of every round's weights")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home, temporary = Path(folder) / "home", Path(folder) / "tmp"
        temporary.mkdir()
        os.environ["LENSMAE_HOME"] = str(home)
        _prepare(home)
        port = str(free_port())
        command = [sys.executable, "-m", "streamlit", "run", "dashboard.py", "--server.headless", "true", "--server.port", port]
        with serving(command, int(port), home, ROOT, PYTHONPATH=str(ROOT), TMPDIR=str(temporary)) as address:
            soak = Soak(address, home, temporary, served_process(address), [])
            weights, faults = _use(soak, asked.minutes, asked.seed)
    if asked.out:
        _write(asked.out, weights)
    return _print(weights, faults)


def _prepare(home: Path) -> None:
    from lensmae.data import simulate_dataset

    simulate_dataset("model_ii", "lenses", per_class=30, seed=11, jobs=1)
    simulate_dataset("superres", "pairs", per_class=20, seed=12, jobs=1)
    save_small_networks(home)


def _use(soak: Soak, minutes: float, seed: int) -> tuple[list[Weight], list[str]]:
    weights, until = [], time.monotonic() + 60 * minutes
    hostile = hostile_files(1_000_000, seed)
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=FLAGS)
        while time.monotonic() < until:
            weights.append(soak.round(browser, len(weights), hostile))
            print(f"{len(weights)}: {weights[-1]}", file=sys.stderr, flush=True)
        browser.close()
    return weights, soak.faults


def _write(path: Path, weights: list[Weight]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Weight)])
        writer.writeheader()
        writer.writerows(map(asdict, weights))


def _print(weights: list[Weight], faults: list[str]) -> int:
    if len(weights) < 9:
        print(f"Only {len(weights)} rounds: too few to say what grows.")
        return 1
    third, growth = len(weights) // 3, grown(weights)
    print(f"{len(weights)} visitors, {len(weights) // 10} runs trained; faults: {len(faults)}; grew: {growth or 'nothing'}")
    for name, weight in {
        "after a third": weights[third],
        "after two thirds": weights[2 * third],
        "at the end": weights[-1],
    }.items():
        print(f"{name}: {weight}")
    for fault in faults:
        print(f"  {fault}")
    return 1 if faults or growth else 0


if __name__ == "__main__":
    sys.exit(main())
