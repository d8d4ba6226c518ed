"""A candidate's operations as a network calls them, by name. What breaks in one of them is told in a line, with its name."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from tests.harness.rows.names import PROJECT
from tests.harness.worker.printable import printable

_NOT_THEIRS = tuple(str(PROJECT / "tests" / folder) for folder in ("harness", "trainings"))


class Broken(Exception):
    """An operation raised something, or returned what cannot be used: which one and how, in one line."""


class Operations:
    """`operations.name(...)` calls the operation of that name; `name in operations` tells whether it is used.

    Of one that returns `(y, grad)`, grad returns a list, whatever it returned. Raises Broken.
    """

    def __init__(self, functions: Mapping[str, Callable]):
        self._functions = dict(functions)

    def __contains__(self, name: str) -> bool:
        return name in self._functions

    def __getattr__(self, name: str) -> Callable:
        if name not in self._functions:
            raise AttributeError(name)
        return partial(_called, name, self._functions[name])


def _called(name: str, function: Callable, *arguments: object) -> object:
    answer = _answer(name, function, arguments)
    if isinstance(answer, tuple | list) and len(answer) == 2 and callable(answer[1]):
        return answer[0], partial(_gradients, f"grad of {name}", answer[1])
    return answer


def _gradients(name: str, grad: Callable, gy: object) -> list:
    gradients = _answer(name, grad, (gy,))
    return list(gradients) if isinstance(gradients, tuple | list) else [gradients]


def _answer(name: str, function: Callable, arguments: tuple) -> object:
    try:
        return function(*arguments)
    except Exception as error:
        raise Broken(f"{name} raised {raised(error)}") from error


def raised(error: BaseException) -> str:
    """An exception in a line, with the place of the candidate's code that raised it."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(_NOT_THEIRS)]
    ours = [f for f in frames if Path(f.filename).is_relative_to(PROJECT)]
    place = f" ({Path(ours[-1].filename).relative_to(PROJECT)}, line {ours[-1].lineno})" if ours else ""
    return printable(f"{type(error).__name__}: {error}", 200) + place
