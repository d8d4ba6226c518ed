"""That an operation cannot be judged any further: it is not written, or cannot be loaded, or took too long.

On both sides: the standard library only, so that a source is read without NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .observation import Observation

ENDLESS = "no answer after {:.3g} s (an endless loop?)"


class OutOfTime(BaseException):
    """The time is up for what runs here; says after how many seconds of what.

    Not an Exception, so that `except Exception` in the candidate's code does not keep it.
    """


class RefusedOperation(BaseException):
    """An operation that cannot be judged any further: `status` is todo, error or timeout, `line` says why.

    Not an Exception: it is about the operation, not about one example, so nothing is to be tried again or shrunk.
    """

    def __init__(self, status: str, line: str):
        super().__init__(line)
        self.status, self.line = status, line


NOT_THERE, NOT_WRITTEN = "not there yet", "the operation is not written yet"
GRAD_NOT_WRITTEN = "grad is not written yet"


def is_stub(function: Callable) -> bool:
    """Whether all it does, or a class's `__init__`, is to say that it is not written, as the stubs do: it need not be called to know that."""
    if isinstance(function, type):  # whatever its own type says of it
        function = type.__dict__["__dict__"].__get__(function).get("__init__")
    code = getattr(function, "__code__", None)
    return code is not None and code.co_names in _NAMES and (code.co_code, code.co_names) in _STUBS


def unless_todo(seen: Observation) -> Observation:
    """The observation of what is written. Raises RefusedOperation where it says that it is not."""
    if seen.crash and seen.crash.kind == "NotImplementedError":
        raise RefusedOperation("todo", GRAD_NOT_WRITTEN if seen.answers else NOT_WRITTEN)
    return seen


def _stub():
    """Where it has a docstring."""
    raise NotImplementedError("...")


def _bare_stub():
    raise NotImplementedError("...")


_STUBS = {(stub.__code__.co_code, stub.__code__.co_names) for stub in (_stub, _bare_stub)}
_NAMES = {names for _, names in _STUBS}  # looked at first: Python makes co_code anew whenever it is asked for
