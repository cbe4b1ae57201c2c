"""Kill commands and look at what they leave."""

import contextlib
import multiprocessing
import os
import random
import secrets
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from lensmae.jobs import family, living_process
from tests.kills.cases import Case, product

# What a test of the whole may wait for children of a killed process.
ORPHAN_S = 10.0
_LIMIT_S = 600.0
# Workspaces that a case may find; the harness gives each kill its own copy.
_MARK = "LENSMAE_KILL_TEST"


@dataclass
class Found:
    """What kills left.

    Attributes:
        kills: that hit a command at work.
        late: commands that ended before their kill.
        faults: what was wrong, a sentence each.
        moments: when each was killed, as shares of the time that the command takes by itself, by case.
    """

    kills: int = 0
    late: int = 0
    faults: list[str] = field(default_factory=list)
    moments: dict[str, list[float]] = field(default_factory=dict)


class Killer:
    """Kills commands on copies of a prepared workspace.

    Commands are forked from a process that has imported the libraries, so that each starts in milliseconds.

    Args:
        prepared: the workspace.
        scratch: empty folder for copies.
        seed: of the moments.
    """

    def __init__(self, prepared: Path, scratch: Path, seed: int) -> None:
        self.prepared, self.scratch, self.found = prepared, scratch, Found()
        self._random = random.Random(seed)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.kills.preloaded"])
        self._whole: dict[str, tuple[float, dict[str, Any]]] = {}

    def kill(self, case: Case) -> None:
        """Kill a case once, look, let it be done again, look again."""
        seconds, whole = self._uninterrupted(case)
        with self._copy() as home:
            mark = secrets.token_hex(8)
            process, before = self._start(case.arguments, home, mark), _listing(home)
            moment = self._moment(process, home, before, seconds)
            told, had = f"{case.name} killed after {moment:.2f} s", family(living_process(process.pid, None))
            process.kill()
            process.join()
            self._count(process.exitcode, case, moment / seconds, told)
            self._faults(told, _orphans(had, mark))
            self._faults(told, _half_written(home, case, whole))
            self._again(case, home, told, whole)

    def _count(self, status: int, case: Case, share: float, told: str) -> None:
        # A command may end at any moment, that between a look and the kill included: only its status tells which it was.
        if status == -signal.SIGKILL:
            self.found.kills += 1
            self.found.moments.setdefault(case.name, []).append(share)
            return
        self.found.late += 1
        if status != 0:
            self.found.faults.append(f"{told}: it had ended with status {status}")

    def _again(self, case: Case, home: Path, told: str, whole: dict[str, Any]) -> None:
        resumes = case.run and (home / case.makes / "config.json").is_file()
        there = product(home, case) == whole
        if not there:
            arguments = ("train", "--resume", case.run) if resumes else case.arguments
            if case.run and not resumes:
                # What had no record yet is no run; its name is free again.
                arguments = case.arguments
            again = self._start(arguments, home, secrets.token_hex(8))
            again.join(_LIMIT_S)
            if again.exitcode != 0:
                log = (home.parent / "log.txt").read_text(errors="replace")[-500:]
                self.found.faults.append(f"{told}: done again it ends with status {again.exitcode}: {log}")
                again.kill()
                return
            if product(home, case) != whole:
                self.found.faults.append(f"{told}: done again it makes something else")
            left = sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.name.endswith((".tmp", ".partial")))
            if left:
                self.found.faults.append(f"{told}: done again it leaves {', '.join(left)}")

    def _moment(self, process: Any, home: Path, before: set[str], seconds: float) -> float:
        """Wait for the moment of the kill: in five of six cases after the command has begun to write; seconds that it worked."""
        start, until = time.monotonic(), time.monotonic() + _LIMIT_S
        if self._random.random() < 5 / 6:
            while process.is_alive() and _listing(home) == before and time.monotonic() < until:
                time.sleep(0.002)
            seconds -= time.monotonic() - start
        process.join(self._random.uniform(0, max(seconds, 0.05)))
        return time.monotonic() - start

    def _uninterrupted(self, case: Case) -> tuple[float, dict[str, Any]]:
        if case.name not in self._whole:
            with self._copy() as home:
                start = time.monotonic()
                process = self._start(case.arguments, home, "whole")
                process.join(_LIMIT_S)
                seconds, made = time.monotonic() - start, product(home, case)
                if process.exitcode != 0 or not made:
                    raise RuntimeError(f"{case.name} fails by itself: {(home.parent / 'log.txt').read_text()[-1000:]}")
            self._whole[case.name] = seconds, made
        return self._whole[case.name]

    def _start(self, arguments: tuple[str, ...], home: Path, mark: str) -> Any:
        from tests.kills.preloaded import command

        given = [argument.format(home=home) for argument in arguments]
        process = self._context.Process(target=command, args=(given, str(home), {_MARK: mark}))
        process.start()
        return process

    @contextlib.contextmanager
    def _copy(self) -> Iterator[Path]:
        folder = self.scratch / secrets.token_hex(4)
        shutil.copytree(self.prepared, folder / "home")
        (folder / "tmp").mkdir()
        (folder / "home/out").mkdir()
        try:
            yield folder / "home"
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _faults(self, told: str, found: list[str]) -> None:
        self.found.faults += [f"{told}: {what}" for what in found]


def _orphans(had: list[psutil.Process], mark: str) -> list[str]:
    """Who of a killed process and its descendants, those there were and whoever has its mark, lives on after `ORPHAN_S`."""
    until = time.monotonic() + ORPHAN_S
    while living := [one for one in {*had, *_marked(mark)} if _lives(one)]:
        if time.monotonic() > until:
            return [f"process {one} lives on" for one in living]
        time.sleep(0.1)
    return []


def _marked(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(_MARK) == mark:
                yield process


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _half_written(home: Path, case: Case, whole: dict[str, Any]) -> list[str]:
    """What is there under its final name and not as it must be; and what is listed as damaged, or not at all."""
    os.environ["LENSMAE_HOME"] = str(home)
    from lensmae.data import list_datasets
    from lensmae.data.store.dataset import damaged_datasets
    from lensmae.models import damaged_checkpoints, list_checkpoints
    from lensmae.training import get_run, list_runs

    found = [f"{one.kind} {one.name} is damaged: {one.reason}" for one in (*damaged_datasets(), *damaged_checkpoints())]
    found += [f"run {run.id} is damaged: {run.message}" for run in list_runs() if run.state == "damaged"]
    if missing := {"lenses", "pairs"} - {info.name for info in list_datasets()}:
        found.append(f"data sets {missing} are gone")
    if missing := {"small-mae", "whitening"} - {entry.name for entry in list_checkpoints()}:
        found.append(f"checkpoints {missing} are gone")
    if case.run:
        run = home / case.makes
        if (run / "status.json").is_file() and get_run(case.run).state == "running":
            found.append("the run is still said to be running")
        return found
    try:
        made = product(home, case)
    except Exception as problem:  # noqa: BLE001 - whatever a half-written file raises is a finding
        return [*found, f"what it made cannot be read: {problem!r}"]
    return found + [f"{name} is half-written" for name in made if made[name] != whole.get(name)]


def _listing(home: Path) -> set[str]:
    return {entry.path for folder in [home, *home.glob("*/"), *home.glob("*/*/")] for entry in _entries(folder)}


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with contextlib.suppress(OSError):
        return list(os.scandir(folder))
    return []
