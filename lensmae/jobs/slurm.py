"""What Slurm says of a job, and what it is asked to do. `scontrol` answers without an accounting database, `sacct` does not."""

import re
import subprocess
import time

from lensmae.errors import RunError

# A job with processes on a node.
AT_WORK = ("RUNNING", "COMPLETING", "STOPPED", "SIGNALING", "STAGE_OUT")
WAITING = ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESIZING", "SUSPENDED", "PREEMPTED")
_PATIENCE_SECONDS = 20
_LOOK_SECONDS = 0.2
# A page asks of every run every few seconds; the controller of a cluster has other work.
_FRESH_SECONDS = 4.0
_known: dict[str, tuple[float, str | None]] = {}


def job_state(job_id: str) -> str | None:
    """Slurm's word for the state of a job; "" where it knows no such job (any more), None where it does not answer.

    The answer may be four seconds old.
    """
    asked, state = _known.get(job_id, (0.0, None))
    if time.monotonic() - asked > _FRESH_SECONDS:
        state = _ask(job_id)
        _known[job_id] = (time.monotonic(), state)
    return state


def _ask(job_id: str) -> str | None:
    try:
        said = _run("scontrol", "-o", "show", "job", job_id)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if said.returncode:
        return "" if "Invalid job id" in said.stderr else None
    found = re.search(r"\bJobState=(\w+)", said.stdout)
    return found.group(1) if found else None


def cancel(job_id: str, at_once: bool = False) -> None:
    """End a job: with SIGTERM and Slurm's grace period, or at once."""
    said = _run("scancel", *(["--signal=KILL", "--full"] if at_once else []), job_id)
    if said.returncode:
        raise RunError(f"Slurm did not cancel job {job_id}: {said.stderr.strip()}")


def end(job_id: str) -> None:
    """Cancel a job at once, and return when none of its processes can write any more.

    Raises `RunError` where Slurm refuses, or has not ended the job within 20 s.
    """
    cancel(job_id, at_once=_ask(job_id) not in WAITING)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    # Slurm only takes note of a cancellation; a process that lives on would write its state over what is recorded of its end.
    while (state := _ask(job_id)) is None or state in (*WAITING, *AT_WORK):
        if time.monotonic() > deadline:
            raise RunError(f"Slurm has not ended job {job_id} yet (its state: {state or 'no answer'}); try again in a minute.")
        time.sleep(_LOOK_SECONDS)
    _known.pop(job_id, None)


def requeue(job_id: str) -> None:
    """Put a running job back into the queue."""
    said = _run("scontrol", "requeue", job_id)
    if said.returncode:
        raise RunError(f"Slurm did not queue job {job_id} again: {said.stderr.strip()}")


def partitions() -> list[str]:
    """Names of the partitions, the default one first."""
    try:
        said = _run("sinfo", "-h", "-o", "%P")
    except (OSError, subprocess.TimeoutExpired):
        return []
    names = said.stdout.split()
    return [name.rstrip("*") for name in sorted(dict.fromkeys(names), key=lambda name: not name.endswith("*"))]


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_SECONDS)
