"""Processes that end with the one that started them, however it ends."""

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time

_LOOK_S = 1.0
_PR_SET_PDEATHSIG = 1
_watching = threading.Lock()


def killed_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread of process `parent` that started it ends, where there is such a thing
    (Linux); it works even while native code runs. Elsewhere as `watch_parent`."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _end_orphan(parent)
    watch_parent(parent)


def watch_parent(parent: int | None = None) -> None:
    """End this process within a second or two of the end of its parent. Calling it again changes nothing; for a pool's workers,
    which are told nothing when their owner is killed."""
    if hasattr(os, "getppid") and _watching.acquire(blocking=False):
        threading.Thread(target=_watch, args=(parent or os.getppid(),), name="watch-parent", daemon=True).start()


def watch_owner(owner: int) -> None:
    """`watch_parent` in a worker of the process `owner`; nothing in that process itself."""
    if os.getpid() != owner:
        watch_parent(owner)


def _watch(parent: int) -> None:
    while True:
        _end_orphan(parent)
        time.sleep(_LOOK_S)


def _end_orphan(parent: int) -> None:
    if os.name == "posix" and os.getppid() != parent:
        os._exit(1)
