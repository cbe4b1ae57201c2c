"""A new run: recipe, form, checks before launch, launch."""

from typing import Any

import streamlit as st

from lensmae.app.shared import loaders
from lensmae.app.shared.plain_text import plain
from lensmae.app.shared.units import duration
from lensmae.app.shared.widgets import choose
from lensmae.app.training.config_form import Wish, config_form, named_thing
from lensmae.app.training.dry_run import forget_probe, show_probe, start_probe
from lensmae.errors import LensMAEError
from lensmae.jobs import slurm, slurm_available
from lensmae.training import KINDS, RECIPES, RunConfig, launch, make_config, open_run
from lensmae.training.compare import speed_here

TITLES = {name: kind.title for name, kind in KINDS.items()}
_LIKE = "like "


def new_run() -> None:
    """Draw the form; start or check what is sent."""
    kind = choose("What to train", list(TITLES), "kind", TITLES)
    recipe, defaults = _recipe(kind)
    needed = KINDS[kind].needs_class
    sets = [info.name for info in loaders.datasets(pairs=KINDS[kind].pairs) if not needed or needed in info.classes]
    if not needed:
        # Needs PyTorch, which is loaded only here.
        from lensmae.training.loading.stream import streams

        sets += streams(KINDS[kind].config.labelled, KINDS[kind].pairs)
    if not sets:
        st.info("There is no data set for this yet. Make or import one on the Data page, or with `lensmae simulate`.")
        return
    priors = [entry.name for entry in loaders.checkpoints("mae") if entry.card.architecture.get("linear_prior")]
    starts = _starts(kind)
    if not starts:
        st.info("There is no classifier yet that could be given a network for the axion mass: it must whiten its input.")
        return
    partitions = slurm.partitions() if slurm_available() else None
    choices = {"data": sets, "init": starts, "residual_of": ["", *priors]}
    _explain(kind, recipe, sets[0])
    form = f"{kind}-{recipe}"
    try:
        wish = config_form(kind, form, defaults, choices, partitions)
        if wish is not None and wish.action == "check":
            start_probe(wish.config, form)
        elif wish is not None:
            _launch(wish)
    except LensMAEError as problem:
        # Said here, so that the runs below the form stay in sight.
        st.error(plain(str(problem)), icon=":material/error:")
    show_probe(form)


def _explain(kind: str, name: str, data: str) -> None:
    """What the recipe is for, what it has reached, and how long it takes here, where that is known."""
    advice = KINDS[kind].advice.get(name)
    if advice is None:
        return
    try:
        config = make_config(kind, name, **{"data": data, **RECIPES[kind][name]})
    except LensMAEError:
        config = None
    known = None if config is None else speed_here(config)
    images = None if config is None else _images(kind, config)
    if known is None or images is None:
        time = "“Check first” below measures how long it takes here."
    else:
        took = duration(images / known.images_per_second)
        time = plain(f"About {took} here on {named_thing(config.data)}; as fast as the run {known.run}.")
    st.caption(f"{advice} {time}")


def _images(kind: str, config: RunConfig) -> float | None:
    """Images that a run looks at; None where its data set is not here."""
    from lensmae.training.loading.stream import EPOCH, is_stream

    if is_stream(config.data):
        return config.epochs * EPOCH
    info = next((entry for entry in loaders.datasets(pairs=KINDS[kind].pairs) if entry.name == config.data), None)
    return None if info is None else config.epochs * min(info.splits.get("train", 0), config.label_limit or info.n)


def _starts(kind: str) -> list[str]:
    """Checkpoints that a training may start from."""
    named = [entry.name for entry in loaders.checkpoints() if KINDS[kind].starts_from(entry.card)]
    scratch = ["scratch"] if KINDS[kind].from_scratch else []
    return [*named, *scratch]


def duplicate(run_id: str) -> None:
    """Fill the form with a run's configuration; for a button's `on_click`."""
    kind = open_run(run_id).config().kind
    st.session_state["kind"] = kind
    st.session_state[f"recipe-{kind}"] = f"{_LIKE}{run_id}"


def duplicated() -> bool:
    """Whether the form is filled from a run, or a check is under way, and should be open."""
    kind = st.session_state.get("kind", "pretrain")
    return str(st.session_state.get(f"recipe-{kind}", "")).startswith(_LIKE) or "probe" in st.session_state


def _recipe(kind: str) -> tuple[str, dict[str, Any]]:
    """The chosen recipe and its values, or the configuration of a run that is duplicated."""
    recipes = list(RECIPES[kind])
    key = f"recipe-{kind}"
    asked = str(st.session_state.get(key) or st.query_params.get(key) or "")
    like = asked.removeprefix(_LIKE) if asked.startswith(_LIKE) else None
    if like is not None and like not in _runs_of(kind):
        like = None
    options = [*recipes, *([f"{_LIKE}{like}"] if like else [])]
    recipe = choose("Recipe", options, key, default=len(recipes) - 1)
    if like and recipe == f"{_LIKE}{like}":
        return recipe, open_run(like).config().model_dump()
    return recipe, RECIPES[kind][recipe]


def _runs_of(kind: str) -> list[str]:
    from lensmae.training import list_runs

    return [status.id for status in list_runs() if status.kind == kind]


def _launch(wish: Wish) -> None:
    run_id = launch(wish.config, wish.options, wish.name or None)
    forget_probe()
    st.session_state["run"] = run_id
    st.toast(f"Run {run_id} is in the queue.", icon=":material/rocket_launch:")
    st.rerun()
