"""Hand a command to submitit. The submitting happens in a short-lived process of its own.

That process leads a new session, so that neither Ctrl-C in the dashboard's terminal nor the dashboard's end reaches a job, and it
has an environment of its own, so that nothing is changed under the dashboard's other threads.

What is trusted: submitit stores what it runs as a pickle, which the job's process loads. Ours holds `os.execv` and a list of
strings, nothing else; it is written into a fresh folder that only this user may enter, and read back by the process just started
(or by Slurm when it starts the job again). No pickle is ever loaded that was found lying in a run's folder.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lensmae.errors import RunError
from lensmae.jobs import tickets
from lensmae.jobs.options import JobOptions
from lensmae.jobs.turn import VISIBLE_GPUS
from lensmae.workspace import workspace, write_json

_ROOT = Path(__file__).resolve().parents[2]
# submitit ends a local job after its time limit; ours end themselves.
_TEN_YEARS_MIN = 60 * 24 * 3650
# A job of one cluster or one torch launcher must not take itself for a part of another.
_FOREIGN = ("SLURM_", "SLURMD_", "SRUN_", "SBATCH_", "SUBMITIT_", "MASTER_", "LENSMAE_RUN_ID")
_FOREIGN_NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "NODE_RANK", "GROUP_RANK")
# Seconds between the signal before a Slurm time limit and the limit: enough for a step and a save.
_SAVE_SECONDS = 120


@dataclass(frozen=True)
class JobRecord:
    """A submitted job.

    Attributes:
        executor: "local" or "slurm".
        id: process of submitit's controller, or Slurm's number.
        submitted: seconds since 1970.
    """

    executor: str
    id: str
    submitted: float


def submit(
    folder: Path, name: str, command: list[str], options: JobOptions, *, log: Path, nodes: int = 1, processes: int = 1
) -> JobRecord:
    """Start a command as a background job. Raises `RunError` where submitit or Slurm refuses it.

    Args:
        folder: where submitit keeps its files, in a sub-folder; those of earlier jobs are removed.
        name: of the job, in the queue and in Slurm.
        command: program and arguments, beginning with a path.
        log: file that takes what the command prints.
        nodes, processes: Slurm nodes, and processes on each.
    """
    for earlier in folder.glob("job-*"):
        shutil.rmtree(earlier)
    job_folder = folder / f"job-{secrets.token_hex(4)}"
    job_folder.mkdir(parents=True, mode=0o700)
    local = options.executor == "local"
    ticket = tickets.draw(name) if local else None
    turn = [sys.executable, "-m", "lensmae.jobs.turn", "--log", str(log)]
    turn += ["--ticket", str(ticket)] if ticket else []
    order = {
        "folder": str(job_folder),
        "command": [*turn, "--", *command],
        "executor": options.executor,
        "parameters": {"timeout_min": _TEN_YEARS_MIN} if local else _slurm(options, name, nodes, processes),
    }
    write_json(job_folder / "order.json", order)
    try:
        job = _submit_apart(job_folder)
    except RunError:
        if ticket:
            ticket.unlink(missing_ok=True)
        raise
    record = JobRecord(options.executor, job, time.time())
    write_json(folder / "job.json", {**asdict(record), "options": options.model_dump()})
    return record


def _submit_apart(job_folder: Path) -> str:
    """Submit in a process of its own; the job's number."""
    said = job_folder / "submission.log"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "lensmae.jobs.submission", str(job_folder / "order.json")],
            cwd=_ROOT,
            env=job_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    if process.wait() != 0:
        reason = said.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["no reason was given"]
        raise RunError(f"The job could not be submitted: {reason[-1]}")
    return (job_folder / "submitted").read_text(encoding="utf-8")


def job_environment() -> dict[str, str]:
    """Our environment for a job: the same workspace from any folder, and nothing of a launcher around us."""
    ours = {k: v for k, v in os.environ.items() if k == "SLURM_CONF" or not (k.startswith(_FOREIGN) or k in _FOREIGN_NAMES)}
    if "CUDA_VISIBLE_DEVICES" in ours:
        ours[VISIBLE_GPUS] = ours["CUDA_VISIBLE_DEVICES"]
    return ours | {"LENSMAE_HOME": str(workspace())}


def _slurm(options: JobOptions, name: str, nodes: int, processes: int) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "name": f"lensmae-{name}",
        "timeout_min": max(1, round(60 * options.hours)),
        "nodes": nodes,
        "tasks_per_node": processes,
        "cpus_per_task": options.cpus,
        "slurm_signal_delay_s": _SAVE_SECONDS,
        "slurm_additional_parameters": {"requeue": True},
    }
    optional = {"mem_gb": options.memory_gb, "gpus_per_node": options.gpus}
    optional |= {"slurm_partition": options.partition, "slurm_account": options.account}
    return wanted | {key: value for key, value in optional.items() if value}


def main(order_file: str) -> None:
    """Submit what an order file asks for; the job's number goes into `submitted` beside it."""
    import submitit

    order = json.loads(Path(order_file).read_text(encoding="utf-8"))
    folder = Path(order["folder"])
    executor = submitit.AutoExecutor(folder=folder, cluster=order["executor"])
    executor.update_parameters(**order["parameters"])
    job = executor.submit(os.execv, order["command"][0], order["command"])
    (folder / "submitted").write_text(job.job_id, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
