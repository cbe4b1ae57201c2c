"""Start a command that outlives whoever starts it: in this machine's queue, or on Slurm."""

import contextlib
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Literal

import psutil
from pydantic import BaseModel, ConfigDict

from lensmae.errors import RunError
from lensmae.jobs import queue
from lensmae.jobs.environment import ROOT, job_environment
from lensmae.jobs.living import living_process
from lensmae.jobs.options import JobOptions
from lensmae.jobs.slurm_submission import hand_to_slurm
from lensmae.workspace import write_json


class JobRecord(BaseModel):
    """A command that was submitted, as `job.json` keeps it.

    Attributes:
        executor: who runs it.
        id: number of its process, or Slurm's number of the job.
        submitted: seconds since 1970.
        started: when its process began, seconds since 1970, which tells it from a later one of the same number; of local jobs.
        options: what it asked for.
    """

    model_config = ConfigDict(extra="ignore")

    executor: Literal["local", "slurm"]
    id: str
    submitted: float
    started: float | None = None
    options: JobOptions = JobOptions()

    def process(self) -> psutil.Process | None:
        """The living process of a local job; None where it has ended."""
        return None if self.executor != "local" or self.started is None else living_process(int(self.id), self.started)


def submit(
    folder: Path, name: str, command: list[str], options: JobOptions, *, log: Path, nodes: int = 1, processes: int = 1
) -> JobRecord:
    """Start a command as a job of its own. Raises `RunError` where the system or Slurm refuses it.

    Args:
        folder: takes `job.json`, and for Slurm a sub-folder; that of an earlier job is removed.
        name: of the job, in the queue and in Slurm.
        command: program and arguments, beginning with a path.
        options: where to run, and what to ask Slurm for.
        log: file that takes what the command prints.
        nodes: Slurm nodes, 1 or more.
        processes: on each node, 1 or more.
    """
    for earlier in folder.glob("job-*"):
        shutil.rmtree(earlier)
    folder.mkdir(parents=True, exist_ok=True)
    if options.executor == "local":
        record = _put_into_queue(name, command, options, log)
    else:
        number = hand_to_slurm(folder, name, command, options, log=log, nodes=nodes, processes=processes)
        record = JobRecord(executor="slurm", id=number, submitted=time.time(), options=options)
    write_json(folder / "job.json", record.model_dump())
    return record


def _put_into_queue(name: str, command: list[str], options: JobOptions, log: Path) -> JobRecord:
    """A process that waits for its turn and then becomes the command.

    It leads a session of its own, so that neither Ctrl-C in the terminal nor our end reaches it, and holds nothing of ours open.
    """
    ticket = queue.draw(name)
    waiting = [sys.executable, "-m", "lensmae.jobs.queue_wait", "--ticket", str(ticket), "--", *command]
    try:
        with log.open("ab") as output:
            process = subprocess.Popen(
                waiting,
                cwd=ROOT,
                env=job_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as problem:
        ticket.unlink(missing_ok=True)
        raise RunError(f"The job could not be started: {problem}.") from problem
    started = time.time()
    with contextlib.suppress(psutil.NoSuchProcess):
        started = psutil.Process(process.pid).create_time()
    # While we live, the ended process would stay in the table until somebody has asked for its status.
    threading.Thread(target=process.wait, name=f"status of {name}", daemon=True).start()
    return JobRecord(executor="local", id=str(process.pid), submitted=time.time(), started=started, options=options)
