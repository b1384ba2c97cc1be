"""
Rasa without TensorFlow: an empty stand-in under its name.

Rasa imports TensorFlow wherever it starts, also for a pipeline that has no neural part, as ours: a third of the processor
time of a start went there, and more than half of the memory of Rasa's import (decision 21). Nothing that is called here comes from it;
what Rasa derives from it at import is derived from the stand-in, and would say so when it was used.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import MutableSequence
from types import ModuleType
from typing import Any

ABSENT = ("tensorflow", "keras", "tensorflow_hub", "tensorflow_addons", "tensorflow_probability")


class NotThere(RuntimeError):
    """Something of TensorFlow was to be used, and this process runs without it."""


class _Anything(type):
    """A class that can be derived from and named in annotations, and whose every attribute is another of its kind."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _stand_in(f"{cls.__qualname__}.{name}")

    def __call__(cls, *given: Any, **named: Any) -> Any:
        if len(given) == 1 and not named and callable(given[0]):
            return given[0]  # what it decorates stays as it is
        raise NotThere(cls.__qualname__)


def _stand_in(name: str) -> Any:
    return _Anything(name, (), {})


class _Empty(ModuleType):
    __path__: MutableSequence[str] = []
    __version__ = "2.12.0"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _stand_in(f"{self.__name__}.{name}")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        if name.split(".")[0] in ABSENT:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _Empty(spec.name)

    def exec_module(self, module: ModuleType) -> None: ...


def leave_out() -> None:
    """From here on, importing TensorFlow gives the stand-in. Called before anything of Rasa is imported."""
    if not any(name.split(".")[0] in ABSENT for name in sys.modules):
        sys.meta_path.insert(0, _Finder())
