"""Hand a command to Slurm through submitit. That happens in a short-lived process with an environment of its own.

What is trusted: submitit stores what it runs as a pickle, which the job's process loads. Ours holds `os.execv` and a list of
strings, nothing else; it is written into a fresh folder that only this user may enter, and read back by the job that Slurm starts
(again). No pickle is ever loaded that was found lying in a run's folder.
"""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

from lensmae.errors import RunError
from lensmae.jobs.environment import ROOT, job_environment
from lensmae.jobs.options import JobOptions
from lensmae.workspace import write_json

# Seconds between the signal before a Slurm time limit and the limit: enough for a step and a save.
_SAVE_SECONDS = 120


def hand_to_slurm(
    folder: Path, name: str, command: list[str], options: JobOptions, *, log: Path, nodes: int, processes: int
) -> str:
    """Submit a command, `processes` of it on each of `nodes` nodes; Slurm's number of the job. Raises `RunError` on refusal.

    Args:
        folder: where submitit keeps its files, in a sub-folder `job-*`.
        name: of the job.
        command: program and arguments, beginning with a path.
        options: what to ask for.
        log: file that takes what the first process prints.
        nodes: 1 or more.
        processes: on each node, 1 or more.
    """
    job_folder = folder / f"job-{secrets.token_hex(4)}"
    job_folder.mkdir(mode=0o700)
    order = {
        "folder": str(job_folder),
        "command": [sys.executable, "-m", "lensmae.jobs.queue_wait", "--log", str(log), "--", *command],
        "cluster": "slurm",
        "parameters": _parameters(options, name, nodes, processes),
    }
    write_json(job_folder / "order.json", order)
    said = job_folder / "submission.log"
    with said.open("wb") as output:
        ended = subprocess.run(
            [sys.executable, "-m", "lensmae.jobs.slurm_submission", str(job_folder / "order.json")],
            cwd=ROOT,
            env=job_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    if ended.returncode != 0:
        reason = said.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["no reason was given"]
        raise RunError(f"The job could not be submitted: {reason[-1]}")
    return (job_folder / "submitted").read_text(encoding="utf-8")


def _parameters(options: JobOptions, name: str, nodes: int, processes: int) -> dict[str, Any]:
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
    try:
        import submitit
    except ImportError:
        sys.exit("submitit hands jobs to Slurm and is not installed; `pip install 'lensmae[slurm]'` brings it.")
    order = json.loads(Path(order_file).read_text(encoding="utf-8"))
    folder = Path(order["folder"])
    executor = submitit.AutoExecutor(folder=folder, cluster=order["cluster"])
    executor.update_parameters(**order["parameters"])
    job = executor.submit(os.execv, order["command"][0], order["command"])
    (folder / "submitted").write_text(job.job_id, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
