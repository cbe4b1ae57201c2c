"""Functions that a decoding process is asked for: by name, with the types of their parameters and of their result."""

import inspect
import typing
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import import_module
from typing import Any

Function = Callable[..., Any]


@lru_cache(maxsize=64)
def name_of(function: Function) -> str:
    """Module and name of a function or method that can be found by them. Raises `TypeError` for others."""
    name = f"{function.__module__}:{function.__qualname__}"
    if "<" in name:
        raise TypeError(f"{name} has no name that another process finds")
    return name


@lru_cache(maxsize=64)
def find(name: str) -> Function:
    """The function of a `name_of`."""
    return _walk(name)


def _walk(name: str) -> Any:
    module, _, path = name.partition(":")
    found = import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found


@lru_cache(maxsize=64)
def parameters(function: Function) -> dict[str, Any]:
    """Types of the parameters by name; `self` of a method is of its class."""
    hints = typing.get_type_hints(function)
    owner = name_of(function).rpartition(".")[0]
    return {name: _walk(owner) if name == "self" else hints[name] for name in inspect.signature(function).parameters}


@lru_cache(maxsize=64)
def result_type(function: Function) -> Any:
    """The annotated type of a function's result; of what it yields where it is a generator."""
    hint = typing.get_type_hints(function)["return"]
    return typing.get_args(hint)[0] if typing.get_origin(hint) is Iterator else hint
