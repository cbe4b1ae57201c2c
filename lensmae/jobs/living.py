"""Processes of this machine, each of which may end while it is looked at."""

import psutil


def living_process(pid: int | None, started: float | None) -> psutil.Process | None:
    """The process of this number, where it lives and is the one that began then (seconds since 1970; None: whenever)."""
    if pid is None:
        return None
    try:
        process = psutil.Process(pid)
        # A number is given to another process sooner or later; the time it began tells them apart, give or take a clock set.
        same = started is None or abs(process.create_time() - started) < 60
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def family(process: psutil.Process | None) -> list[psutil.Process]:
    """A process with its descendants, as far as they live now; none for None."""
    try:
        return [process, *process.children(recursive=True)] if process is not None and process.is_running() else []
    except psutil.NoSuchProcess:
        return []
