"""A form from a run configuration: every field becomes a widget by its type, bounds and description."""

from typing import Any, Literal, get_args, get_origin

import annotated_types
import streamlit as st
from pydantic.fields import FieldInfo

from lensmae.training import CONFIGS, RECIPES, RunConfig, make_config

MAIN = ("data", "init", "classes", "epochs", "batch_size", "learning_rate", "mask_ratio")
_HIDDEN = ("kind",)


def config_form(kind: str, recipe: str, choices: dict[str, list[str]]) -> RunConfig | None:
    """Draw the form of a training kind; the checked configuration once it is sent, else None.

    Args:
        choices: options of the fields that name a thing in the workspace (data, init).
    """
    defaults = RECIPES[kind][recipe]
    fields = {name: info for name, info in CONFIGS[kind].model_fields.items() if name not in _HIDDEN}
    with st.form(f"train-{kind}-{recipe}", border=True):
        columns = st.columns(3)
        main = [name for name in MAIN if name in fields]
        values = {}
        for place, name in enumerate(main):
            with columns[place % 3]:
                values[name] = _widget(name, fields[name], defaults, choices, f"{kind}-{recipe}")
        with st.expander("Advanced"):
            columns = st.columns(3)
            for place, name in enumerate(name for name in fields if name not in main):
                with columns[place % 3]:
                    values[name] = _widget(name, fields[name], defaults, choices, f"{kind}-{recipe}")
        if not st.form_submit_button("Start training", type="primary", icon=":material/play_arrow:"):
            return None
    return make_config(kind, None, **values)


def _widget(name: str, info: FieldInfo, defaults: dict[str, Any], choices: dict[str, list[str]], form: str) -> Any:
    value = defaults.get(name, info.default)
    label, options = name.replace("_", " "), {"help": f"{(info.description or name).capitalize()}.", "key": f"{form}-{name}"}
    if name in choices:
        named = choices[name]
        return st.selectbox(label, named, index=named.index(value) if value in named else 0, **options)
    kind = info.annotation
    if get_origin(kind) is Literal:
        return st.selectbox(label, get_args(kind), index=get_args(kind).index(value), **options)
    if kind is bool:
        return st.checkbox(label, value, **options)
    numeric = int if int in (kind, *get_args(kind)) else float
    low, high = _bounds(info, numeric)
    step = 1 if numeric is int else None
    number = None if value is None else numeric(value)
    return st.number_input(label, low, high, number, step=step, format="%d" if numeric is int else "%g", **options)


def _bounds(info: FieldInfo, numeric: type) -> tuple[Any, Any]:
    """Inclusive bounds of a field; an open bound is left to the configuration's own check."""
    low = next((rule.ge for rule in info.metadata if isinstance(rule, annotated_types.Ge)), None)
    low = next((rule.gt for rule in info.metadata if isinstance(rule, annotated_types.Gt)), low)
    high = next((rule.le for rule in info.metadata if isinstance(rule, annotated_types.Le)), None)
    high = next((rule.lt for rule in info.metadata if isinstance(rule, annotated_types.Lt)), high)
    return (None if low is None else numeric(low)), (None if high is None else numeric(high))
