"""The two large imports, torch and hypothesis, done quickly, and each only once it is asked for. Take them from here.

Both make a million objects, none of them garbage. Left alone, the garbage collector walks them again and again: a third of
the time to start, and half a second more in pytest's closing collections. And pytest would rewrite the assertions of
hypothesis, because that is a plugin: half a second where bytecode is not kept.

And hypothesis stops shrinking by the clock, unless it is told not to; our own limit is a number of tries (search.py).

A module that has one of them at its top imports it with itself. What every run imports asks for it in the function that
needs it, and a row takes `torch` from late.py.
"""

import contextlib
import gc
import math
import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

_LATE = ("hypothesis", "st", "torch")


def __getattr__(name: str) -> ModuleType:
    if name not in _LATE:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    if name == "torch":
        with _quickly():
            found = import_module("torch")
        found.set_num_threads(1)  # the arrays are tiny, and the other cores may be running other tests
        globals()["torch"] = found
    else:
        with _quickly():
            globals()["hypothesis"] = import_module("hypothesis")
            globals()["st"] = import_module("hypothesis.strategies")
            with contextlib.suppress(ImportError, AttributeError):  # where a later hypothesis has no such limit
                # Five minutes by the clock, and which example is the smallest would depend on the machine. A module's
                # constant, but made to be set, says the comment there.
                import_module("hypothesis.internal.conjecture.engine").MAX_SHRINKING_SECONDS = math.inf
    return globals()[name]


@contextlib.contextmanager
def _quickly() -> Iterator[None]:
    finders, collecting = sys.meta_path[:], gc.isenabled()
    gc.disable()
    try:
        sys.meta_path[:] = [one for one in finders if type(one).__module__ != "_pytest.assertion.rewrite"]
        yield
    finally:
        sys.meta_path[:] = finders
        gc.freeze()
        if collecting:
            gc.enable()
