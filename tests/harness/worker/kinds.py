"""What a module's names stand for: what can be called, and whose it is. NumPy and the standard library only."""

from types import BuiltinFunctionType, FunctionType, ModuleType

import numpy

from .imports import ALLOWED, Nothing, Placeholder
from .refusal import is_stub


def kind_of(module: ModuleType, name: str) -> str:
    """What can be called under this name: a function, a class, or something borrowed from NumPy or the standard library."""
    try:
        value = getattr(module, name, None)  # a module may have a __getattr__
        if type(value) is Nothing or not callable(value):
            return ""
        if type(value) is Placeholder:
            return "foreign"
        if isinstance(value, type):
            return "borrowed" if _top(value) in ALLOWED else ("class", "stub")[is_stub(value)]
        if type(value) in _FUNCTIONS and _top(value) in ALLOWED:
            return "borrowed"
        if value is _NUMPY.get(own_name(module, name)):
            return "borrowed"
        return "stub" if is_stub(value) else "function"
    except Exception:
        return ""


def own_name(module: ModuleType, name: str) -> object:
    """What the thing of this name is called itself: `def ReLU`, where relu = ReLU."""
    try:
        own = getattr(getattr(module, name, None), "__name__", None)
    except Exception:
        return None
    return own if type(own) is str else None


_NUMPY = dict(vars(numpy))  # before anybody adds to it
_FUNCTIONS = (FunctionType, BuiltinFunctionType)


def _top(value: object) -> str:
    module = getattr(value, "__module__", None)
    return module.partition(".")[0] if isinstance(module, str) else ""
