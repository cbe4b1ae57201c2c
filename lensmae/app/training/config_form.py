"""A form from a run configuration: every field becomes a widget by its type, bounds and description."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import annotated_types
import streamlit as st
from pydantic.fields import FieldInfo

from lensmae.data import PRESETS
from lensmae.jobs import JobOptions
from lensmae.training import CONFIGS, RunConfig, make_config
from lensmae.training.fields import field_label, field_text

MAIN = ("data", "init", "classes", "epochs", "batch_size", "learning_rate", "mask_ratio")
_HIDDEN = ("kind",)


@dataclass(frozen=True)
class Wish:
    """A form that was sent.

    Attributes:
        action: "check" or "start".
        config: the checked configuration.
        options: where to run.
        name: of the run; empty for one made from the time.
    """

    action: Literal["check", "start"]
    config: RunConfig
    options: JobOptions
    name: str


def config_form(
    kind: str, form: str, defaults: Mapping[str, Any], choices: Mapping[str, list[str]], partitions: list[str] | None
) -> Wish | None:
    """Draw the form of a training kind; what was wished once it is sent, else None.

    Args:
        form: name of the form; another one starts from its own defaults.
        defaults: values that differ from the configuration's own.
        choices: options of the fields that name a thing in the workspace (data, init).
        partitions: of Slurm, or None where there is no Slurm.
    """
    fields = {name: info for name, info in CONFIGS[kind].model_fields.items() if name not in _HIDDEN}
    main = [name for name in MAIN if name in fields]
    job: dict[str, Any] = {}
    with st.form(f"train-{form}", border=True):
        values = _widgets({name: fields[name] for name in main}, defaults, choices, form)
        with st.expander("Advanced: every option of the run"):
            others = {name: info for name, info in fields.items() if name not in main}
            values |= _widgets(others, defaults, choices, form)
        if partitions is not None:
            with st.expander("Where it runs: this machine or Slurm"):
                job = _widgets(JobOptions.model_fields, {}, {"partition": ["", *partitions]}, f"job-{form}")
        name = st.text_input("Name of the run", key=f"{form}-name", help="Made from the kind and the time where empty.")
        with st.container(horizontal=True):
            start = st.form_submit_button("Start training", type="primary", icon=":material/play_arrow:")
            check = st.form_submit_button(
                "Check first", icon=":material/speed:", help="Trains a few steps: does it fit, how long will it take?"
            )
    if not (start or check):
        return None
    return Wish("start" if start else "check", make_config(kind, None, **values), JobOptions(**job), name.strip())


def _widgets(
    fields: Mapping[str, FieldInfo], defaults: Mapping[str, Any], choices: Mapping[str, list[str]], form: str
) -> dict[str, Any]:
    values = {}
    named = list(fields.items())
    # Rows, so that narrow screens keep the order.
    for row in (named[start : start + 3] for start in range(0, len(named), 3)):
        for column, (name, info) in zip(st.columns(3, vertical_alignment="bottom"), row, strict=False):
            with column:
                values[name] = _widget(name, info, defaults, choices, form)
    return values


def _widget(name: str, info: FieldInfo, defaults: Mapping[str, Any], choices: Mapping[str, list[str]], form: str) -> Any:
    default = None if info.is_required() else info.default
    value = defaults.get(name, default)
    text = field_text(info, default)
    label, options = field_label(name), {"help": f"{text[:1].upper()}{text[1:]}.", "key": f"{form}-{name}"}
    if name in choices:
        # What a duplicated run names may be gone, or be a path; its check says so.
        named = choices[name] if value is None or value in choices[name] else [*choices[name], value]
        at = named.index(value) if value in named else 0
        return st.selectbox(label, named, index=at, format_func=named_thing, **options)
    kind = info.annotation
    if get_origin(kind) is Literal:
        return st.selectbox(label, get_args(kind), index=get_args(kind).index(value), **options)
    if kind is bool:
        return st.checkbox(label, value, **options)
    if kind is str:
        return st.text_input(label, value, **options)
    numeric = int if int in (kind, *get_args(kind)) else float
    low, high = _bounds(info, numeric)
    step = 1 if numeric is int else None
    number = None if value is None else numeric(value)
    return st.number_input(label, low, high, number, step=step, format="%d" if numeric is int else "%g", **options)


def named_thing(name: str) -> str:
    """A data set, checkpoint or partition as the form offers it: presets that are simulated for the run by their titles."""
    preset = name.removeprefix("simulate:")
    if preset != name and preset in PRESETS:
        return f"{PRESETS[preset].title}, new lenses at every step"
    return {"": "–", "scratch": "random weights"}.get(name, name)


def _bounds(info: FieldInfo, numeric: type) -> tuple[Any, Any]:
    """Inclusive bounds of a field; an open bound is left to the configuration's own check."""
    low = next((rule.ge for rule in info.metadata if isinstance(rule, annotated_types.Ge)), None)
    low = next((rule.gt for rule in info.metadata if isinstance(rule, annotated_types.Gt)), low)
    high = next((rule.le for rule in info.metadata if isinstance(rule, annotated_types.Le)), None)
    high = next((rule.lt for rule in info.metadata if isinstance(rule, annotated_types.Lt)), high)
    return (None if low is None else numeric(low)), (None if high is None else numeric(high))
