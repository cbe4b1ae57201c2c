"""What a field of a configuration means and allows, in words: the same for the command's help and the page's form."""

from typing import Any

from pydantic.fields import FieldInfo

_LABELS = {
    "data": "data set",
    "init": "start from",
    "residual_of": "residual of the prior of",
    "emb_dim": "token width",
    "clip": "gradient norm limit",
    "drop_path": "stochastic depth",
    "ema_decay": "decay of the weight average",
}
_SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def field_label(name: str) -> str:
    """The name of a field, in words."""
    return _LABELS.get(name, name.replace("_", " "))


def bounds_text(info: FieldInfo) -> str:
    """The range of a field, as in "≥ 1, ≤ 100"; empty where it is free."""
    limits = [f"{sign} {getattr(rule, key)}" for key, sign in _SIGNS.items() for rule in info.metadata if hasattr(rule, key)]
    return ", ".join(limits)


def field_text(info: FieldInfo, default: Any = None) -> str:
    """Meaning, range and default of a field."""
    facts = [bounds_text(info), "" if default is None or default == "" else f"default {default}"]
    facts = [fact for fact in facts if fact]
    return f"{info.description} ({'; '.join(facts)})" if facts else str(info.description)
