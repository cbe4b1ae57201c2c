"""How jobs are drawn on pages: progress with a button that cancels, how they ended, and a button to begin again."""

import functools
import uuid
from collections.abc import Callable, Hashable
from typing import Any

import streamlit as st

from lensmae.app.jobs.board import PROCESSES, RESULTS, Lane, board
from lensmae.app.shared.guard import fragment
from lensmae.app.shared.plain_text import plain
from lensmae.jobs import Job, JobState, ProcessJob

_LOOK_S = 0.7


def offered(key: Hashable, make: Callable[[], Job], button: str | None = None, lane: Lane = RESULTS) -> Any:
    """What a job found; None until there is a result, while the job is drawn here.

    Args:
        key: of everything that the result depends on.
        make: makes the job, not started.
        button: label of a button that starts it; where None, it starts at once.
        lane: where it belongs.
    """
    job = board().get(key)
    if job is None and button is not None:
        st.button(button, on_click=_begin, args=(key, make, lane), icon=":material/play_arrow:", key=f"start-{button}")
        return None
    job = job or _begin(key, make, lane)
    if job.state is JobState.FINISHED:
        return job.result
    active = job.active
    fragment(_watch, run_every=_LOOK_S if active else None)(key, job, make, lane, active)
    return None


def only_job(slot: str, key: Hashable) -> Hashable:
    """The key of a job of this visitor alone; the one that they had in this slot before, of another key, is cancelled."""
    mine = (st.session_state.setdefault("_visitor", uuid.uuid4().hex), slot, key)
    before = st.session_state.get(f"_only-{slot}", mine)
    if before != mine:
        board().discard(before)
    st.session_state[f"_only-{slot}"] = mine
    return mine


def computed(
    key: Hashable, target: str, request: dict[str, Any], ready: Callable[[], bool], title: str, unit: str = "lenses"
) -> bool:
    """Whether what a process leaves on disk is there. Where it is not, its job is started or joined, and drawn here; the page is
    drawn again when it is done.

    Args:
        key: of everything that the result depends on.
        target: the function that computes it, as `ProcessJob` takes it.
        request: what it is asked for.
        ready: whether the result is on disk.
        title: what is being done.
        unit: of its steps.
    """
    job = board().get(key)
    if ready():
        if job is not None:
            board().forget(key, job)
        return True
    make = functools.partial(ProcessJob, target, request, title, unit)
    if job is not None and job.state is JobState.FINISHED:
        _ended(key, f"{title}: computed, but the result could not be kept on disk.", make, PROCESSES)
        return False
    offered(key, make, lane=PROCESSES)
    return False


def draw(job: Job, label: str | None = "Cancel") -> None:
    """The progress of an active job, and a button of this label that cancels it; no button where None."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(job.share, text=plain(f"{job.title}: {job.progress_text}"))
        if label is not None:
            waits = job.state is JobState.CANCELLING
            st.button(label, icon=":material/close:", on_click=job.cancel, disabled=waits, key=f"cancel-{job.title}")


def _begin(key: Hashable, make: Callable[[], Job], lane: Lane) -> Job:
    return board().start(key, make(), lane)


def _watch(key: Hashable, job: Job, make: Callable[[], Job], lane: Lane, was_active: bool) -> None:
    if job.active:
        draw(job)
    elif was_active:
        # The page is drawn once more, with the result and without this watch.
        st.rerun()
    else:
        _ended(key, job.message, make, lane)


def _ended(key: Hashable, message: str, make: Callable[[], Job], lane: Lane) -> None:
    """A job that ended without a result."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning(plain(message), icon=":material/warning:")
        if st.button("Start again", icon=":material/refresh:", key=f"again-{message}"):
            board().discard(key)
            _begin(key, make, lane)
            st.rerun()
