"""One run: state, buttons, live curves, film of its reconstructions, log. Each part refreshes itself, at its own pace."""

from collections.abc import Callable

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from lensmae.app.lens_view.component import Slider, lens_view
from lensmae.app.shared import choices
from lensmae.app.shared.guard import fragment
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.units import duration, size
from lensmae.app.shared.widgets import figure
from lensmae.app.training.new_run import duplicate
from lensmae.app.training.promotion import open_product, promotion
from lensmae.app.training.run_list import run_note
from lensmae.errors import LensMAEError
from lensmae.figures import Panel, training_curve
from lensmae.training import (
    KINDS,
    RECIPES,
    FilmFolder,
    RunStatus,
    change_epochs,
    delete_run,
    end_now,
    get_run,
    open_run,
    read_log,
    read_metrics,
    resume,
    stop,
)
from lensmae.workspace import write_text

# What each part costs the server is the price of its refresh times how often; together they must stay unnoticed.
_STATE_SECONDS = 3.0
_LOG_SECONDS = 10.0
_CURVE_SECONDS = (6.0, 60.0)
# Pictures are large; a new frame comes with a save.
_FILM_SECONDS = 30.0


def follow(run_id: str) -> None:
    """Draw a run. What is over is drawn once; what is active refreshes itself until it is over."""
    try:
        active = get_run(run_id).state.active
        open_run(run_id).config()
    except LensMAEError as problem:
        st.error(plain(str(problem)), icon=":material/error:")
        with st.popover("Delete", icon=":material/delete:"):
            st.write("Delete this damaged run with everything in its folder?")
            _button("Delete it", None, delete_run, run_id)
        return
    every: Callable[[float], float | None] = lambda seconds: seconds if active else None  # noqa: E731
    fragment(_state, run_every=every(_STATE_SECONDS))(run_id, active)
    _buttons(get_run(run_id))
    if _is_demo(run_id):
        kind = open_run(run_id).config().kind
        st.caption(f"A demo. {KINDS[kind].advice['demo']} Choose another recipe above for a network to work with.")
    fragment(_notes)(run_id)
    fragment(_curves, run_every=every(_curve_seconds(run_id)))(run_id)
    fragment(_film, run_every=every(_FILM_SECONDS))(run_id)
    log = st.expander("Log", icon=":material/notes:", key="log", on_change="rerun")
    if log.open:
        with log:
            fragment(_log, run_every=every(_LOG_SECONDS))(run_id)


def _state(run_id: str, was_active: bool) -> None:
    status = get_run(run_id)
    if was_active and not status.state.active:
        # Over: the buttons change, and nothing needs to refresh any more.
        st.rerun()
    active = status.state.active
    row = st.container(horizontal=True)
    row.metric("State", status.state, border=True)
    row.metric("Step", f"{status.step:,} of {status.total_steps:,}", border=True)
    row.metric("Speed, images/s", f"{status.images_per_second:.1f}", border=True)
    row.metric("Time left", duration(status.eta_s) if active else "–", border=True)
    if status.state == "running" and status.device:
        st.caption(plain(_used(status)))
    if status.message:
        (st.error if status.state.broken else st.info)(plain(status.message))


def _is_demo(run_id: str) -> bool:
    """Whether a run has all settings of its kind's demo."""
    config = open_run(run_id).config()
    demo = RECIPES[config.kind].get("demo")
    return demo is not None and all(getattr(config, name) == value for name, value in demo.items())


def _notes(run_id: str) -> None:
    """What people wrote about the run; kept beside it."""
    path = open_run(run_id).notes
    key = f"notes-{run_id}"

    def written() -> None:
        write_text(path, st.session_state[key])

    st.session_state[key] = run_note(run_id)
    st.text_area(
        "Notes", key=key, on_change=written, max_chars=4000, height=68, placeholder="What this run is for, what came of it"
    )


def _used(status: RunStatus) -> str:
    """What the run uses now."""
    facts = [status.device]
    if status.cpu_percent is not None:
        facts.append(f"{status.cpu_percent:.0f} % of a core")
    if status.memory_bytes is not None:
        facts.append(f"{size(status.memory_bytes)} of memory")
    if status.device_memory_bytes is not None:
        facts.append(f"{size(status.device_memory_bytes)} on the GPU")
    return " · ".join(facts)


def _buttons(status: RunStatus) -> None:
    with st.container(horizontal=True):
        if status.state.active:
            _button("Stop", ":material/stop:", stop, status.id, "Finish the step, save, end.")
            with st.popover("End now", icon=":material/cancel:"):
                st.write("End all its processes at once? What it learned since its last save is lost.")
                _button("End them", None, end_now, status.id)
        elif status.state != "finished":
            _button("Resume", ":material/play_arrow:", resume, status.id, "Go on from the last save.")
        told = "Fill the form above with this run's configuration."
        st.button("Duplicate", icon=":material/content_copy:", help=told, on_click=duplicate, args=(status.id,))
        if not status.state.active:
            with st.popover("Extend", icon=":material/expand_content:"):
                _extend(status)
            with st.popover("Delete", icon=":material/delete:"):
                st.write(f"Delete {status.id} with its model and its curve?")
                _button("Delete it", None, delete_run, status.id)
    if status.state == "finished":
        open_product(status)
        with st.expander("Promote to a named checkpoint", icon=":material/workspace_premium:"):
            promotion(status)


def _button(label: str, icon: str | None, act: Callable[[str], None], run_id: str, told: str | None = None) -> None:
    if st.button(label, icon=icon, help=told, key=f"{label}-{run_id}", type="secondary" if icon else "primary"):
        act(run_id)
        # The whole page, once: what refreshes itself depends on the state.
        st.rerun()


def _extend(status: RunStatus) -> None:
    epochs = open_run(status.id).config().epochs
    least, most = min(0.01, epochs), 100_000.0
    longer = st.number_input("Epochs in all", least, most, min(most, 2 * epochs), format="%g", key=f"epochs-{status.id}")
    st.caption("The learning rate goes on along the schedule of the new length.")

    def extend(run_id: str) -> None:
        change_epochs(run_id, longer)
        resume(run_id)

    _button("Go on to there", None, extend, status.id)


def _curve_seconds(run_id: str) -> float:
    """Points come with the saves; asking more often shows nothing new."""
    status, config = get_run(run_id), open_run(run_id).config()
    soonest, latest = _CURVE_SECONDS
    if status.images_per_second <= 0:
        return soonest
    return min(latest, max(soonest, config.save_every * config.batch_size / status.images_per_second))


def _curves(run_id: str) -> None:
    metrics = read_metrics(run_id)
    if metrics.empty:
        st.info("The curve begins with the first save.", icon=":material/hourglass_empty:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        log_y = st.toggle("Logarithmic loss", True, key="curve-log")
        smoothing = st.slider("Smoothing", 0.0, 0.98, 0.0, 0.02, key="curve-smoothing", width=260)
    groups = _groups(metrics)
    columns = st.columns(2)
    for index, (title, names, logarithmic) in enumerate(groups):
        with columns[index % 2]:
            newest = len(metrics), int(metrics["step"].iloc[-1])
            drawn = _drawn(run_id, newest, tuple(names), title, logarithmic and log_y, smoothing)
            figure(drawn, f"{run_id}-{title.split(',')[0].replace(' ', '-')}", metrics[["step", *names]])


@st.cache_resource(max_entries=64, show_spinner=False)
def _drawn(run_id: str, newest: tuple[int, int], names: tuple[str, ...], title: str, log_y: bool, smoothing: float) -> go.Figure:
    """A figure of a curve whose `newest` row and step are these; built once, for all who look at it."""
    return training_curve(read_metrics(run_id), names, title, log_y, smoothing)


def _groups(metrics: pd.DataFrame) -> list[tuple[str, list[str], bool]]:
    """What is drawn: title with unit, columns, whether the axis may be logarithmic."""
    losses = [name for name in metrics.columns if name.endswith("_loss")]
    others = [name for name in metrics.columns if name.startswith("validation_") and name not in losses]
    groups = [("loss", losses, True)]
    if others:
        unit = "PSNR of the validation split, dB" if "validation_psnr" in others else "figures of the validation split"
        groups.append((unit, others, False))
    for title, name in (("learning rate", "learning_rate"), ("speed, images/s", "images_per_second")):
        groups += [(title, [name], False)] if name in metrics else []
    return groups


def _film(run_id: str) -> None:
    film = FilmFolder(open_run(run_id).film).read()
    if film is None:
        return
    metrics = read_metrics(run_id)
    display = choices.current().display
    panels = []
    for index, truth in enumerate(film.truth):
        panels += [Panel(f"Lens {index + 1}", truth), Panel(f"Reconstruction {index + 1}", film.frames[:, index])]
    st.header("What it predicts", anchor=False)
    st.caption("Fixed lenses of the validation split; visible patches are shown as they are." if film.hidden is not None else "")
    slider = Slider("Step", tuple(_moment(step, metrics) for step in film.steps), follow=True)
    view = {"key": f"film-{run_id}", "unit": "flux", "about": f"Run {run_id}, lenses of the validation split"}
    lens_view(panels, slider=slider, frame=len(film.steps) - 1, **view, **display)


def _moment(step: int, metrics: pd.DataFrame) -> str:
    known = metrics[metrics["step"] == step] if "epoch" in metrics else metrics[:0]
    return f"{step:,} (epoch {known['epoch'].iloc[0]:.2f})" if len(known) else f"{step:,}"


def _log(run_id: str) -> None:
    st.code(read_log(run_id, 60) or "Nothing printed yet.", language=None)
