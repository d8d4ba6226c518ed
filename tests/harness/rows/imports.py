"""The two large imports, torch and hypothesis, done quickly. Take them from here.

Both make a million objects, none of them garbage. Left alone, the garbage collector walks them again and again: a third of
the time to start, and half a second more in pytest's closing collections. And pytest would rewrite the assertions of
hypothesis, because that is a plugin: half a second where bytecode is not kept.

And hypothesis stops shrinking by the clock, unless it is told not to; our own limit is a number of tries (search.py).
"""

import contextlib
import gc
import math
import sys

_hooks = [finder for finder in sys.meta_path if type(finder).__module__ == "_pytest.assertion.rewrite"]
_finders = sys.meta_path[:]
gc.disable()
try:
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder not in _hooks]
    import hypothesis
    import hypothesis.strategies as st

    with contextlib.suppress(ImportError):  # where a later hypothesis has no such limit
        from hypothesis.internal.conjecture import engine

        # Five minutes by the clock, and which example is the smallest would depend on the machine. A module's constant,
        # but made to be set, says the comment there.
        engine.MAX_SHRINKING_SECONDS = math.inf
    import torch
finally:
    sys.meta_path[:] = _finders
    gc.freeze()
    gc.enable()

torch.set_num_threads(1)  # the arrays are tiny, and the other cores may be running other tests

__all__ = ["hypothesis", "st", "torch"]
