"""Whether a lens is in the domain of the autoencoders that reconstruct it, said beside the pictures."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from lensmae.app.jobs.board import board
from lensmae.app.shared import loaders, networks
from lensmae.app.shared.choices import Choice
from lensmae.app.shared.guard import fragment, whole_page
from lensmae.app.shared.plain_text import plain
from lensmae.errors import CheckpointError
from lensmae.jobs import Job, JobState, Report, ThreadJob

if TYPE_CHECKING:
    from lensmae.evaluation.ood.domain import DomainCheck
    from lensmae.evaluation.ood.references import Reference
    from lensmae.models import CheckpointEntry, Reconstructor

# A check is five passes of a network: mostly it is there at once.
_AT_ONCE_S, _LOOK_S = 0.15, 0.7
_AGAIN = "ask-in-domain"


@dataclass(frozen=True)
class _Asked:
    """An autoencoder, what is known of its domain, and the image (S, S) as it is asked."""

    model: "Reconstructor"
    reference: "Reference"
    image: np.ndarray
    resized: bool

    def check(self) -> "DomainCheck":
        """The image beside the training lenses."""
        from lensmae.evaluation.ood.domain import check_domain
        from lensmae.evaluation.reconstruction.full_reconstruction import reconstruct

        errors = reconstruct(self.model, self.image[None]).score
        return check_domain(self.model, self.reference, self.image[None], errors=errors, resized=np.array([self.resized]))[0]


def say_domain(choice: Choice, entries: "Sequence[CheckpointEntry]") -> None:
    """Say which of these autoencoders the chosen lens is out of the domain of, why, and who could be asked instead.

    To be called after the pictures are drawn. It is found out in the background, so that neither they nor a click on them wait.
    """
    jobs = [(entry, _job(choice, entry)) for entry in entries]
    outside = [_result(job) for _, job in jobs if job is not None]
    others: list[tuple[CheckpointEntry, Job | None]] = []
    if any(check is not None and not check.in_domain for check in outside):
        shown = {entry.name for entry in entries}
        others = [(entry, _job(choice, entry)) for entry in loaders.checkpoints("mae") if entry.name not in shown]
    if any(job.active for _, job in (*jobs, *others) if job is not None):
        fragment(_watch, run_every=_LOOK_S)([job for _, job in (*jobs, *others) if job is not None])
    for entry, job in jobs:
        _say(choice, entry, job)
    inside = [entry.name for entry, job in others if (check := _result(job)) is not None and check.in_domain]
    if inside:
        label = f"Ask {inside[0]} instead"
        st.button(label, icon=":material/swap_horiz:", on_click=ask_instead, args=(inside[0],), key=_AGAIN)


def ask_instead(name: str) -> None:
    """Choose another autoencoder; for a button's `on_click`."""
    st.session_state["mae"] = name
    whole_page()


def _watch(jobs: list[Job]) -> None:
    if any(job.active for job in jobs):
        st.caption("Checking whether the lens is in the network's domain …")
    else:
        # Drawn once more, with the answer and without this watch.
        st.rerun()


def _say(choice: Choice, entry: "CheckpointEntry", job: Job | None) -> None:
    from lensmae.evaluation.images.verdicts import sentence

    if job is None:
        st.caption(plain(_unknown(entry)))
        return
    if not job.active and job.state is not JobState.FINISHED:
        st.caption(plain(f"Whether the lens is in the domain of {entry.name} could not be found out: {job.message}"))
    check = _result(job)
    if check is not None and not check.in_domain:
        said = f"{sentence(check)} Its reconstruction and errors say little about this lens."
        st.warning(plain(said), icon=":material/wrong_location:")


def _unknown(entry: "CheckpointEntry") -> str:
    try:
        networks.beside(entry.path)
    except CheckpointError as problem:
        return str(problem)
    return f"What is in the domain of {entry.name} was never measured; `lensmae fit-ood {entry.name} DATA` does it."


def _result(job: Job | None) -> "DomainCheck | None":
    return job.result if job is not None and job.state is JobState.FINISHED else None


def _job(choice: Choice, entry: "CheckpointEntry") -> Job | None:
    """The check of the chosen lens, ended or under way; None where nothing is known of the domain."""
    key, asked = _asked(choice, entry)
    if asked is None:
        return None

    def work(_: Report) -> "DomainCheck":
        return asked.check()

    job = board().start(key, ThreadJob(work, f"Comparing the lens with those that {entry.name} was trained on"))
    job.finished.wait(_AT_ONCE_S)
    return job


def _asked(choice: Choice, entry: "CheckpointEntry") -> tuple[Hashable, _Asked | None]:
    from lensmae.evaluation.images.called import was_resized

    try:
        reference = networks.beside(entry.path)
    except CheckpointError:
        reference = None
    if reference is None:
        return None, None
    data = choice.dataset()
    image, brought = loaders.network_image(data, choice.lens, entry.path), loaders.network_set(data, entry.path)[0]
    resized = was_resized(loaders.get_dataset(data), brought)
    key = ("domain", loaders.model_key(entry.path), reference.card.created, loaders.data_key(data), choice.lens)
    return key, _Asked(loaders.get_model(entry.path), reference, image, resized)
