"""Count what a call costs: the opcodes that Python executes meanwhile, and the most memory it takes. No clock.

Runs beside the candidate's code, in this process or in a worker: NumPy and the standard library only. NumPy reports its
arrays to tracemalloc. What C does is no opcode, and memory that was there before is not counted.
"""

import sys
import tracemalloc
from collections.abc import Callable
from gc import disable, enable, isenabled
from typing import NamedTuple, TypeVar

_Result = TypeVar("_Result")
# As they are now: what runs beside this may put others in their places.
_settrace, _gettrace, _getframe, _traced = sys.settrace, sys.gettrace, sys._getframe, tracemalloc.get_traced_memory
_start, _stop, _reset_peak, _is_tracing = (
    tracemalloc.start,
    tracemalloc.stop,
    tracemalloc.reset_peak,
    tracemalloc.is_tracing,
)
_SOME = 200  # steps; such small numbers Python has ready


class Cost(NamedTuple):
    """What a call cost. `steps`: opcodes, all of them or as many as were counted. `bytes`: the most memory beyond what was there.

    `foul`: what disturbed the counting, for a sentence; then the numbers mean nothing.
    """

    steps: int
    bytes: int
    foul: str = ""


def counted(run: Callable[[], _Result], most: int) -> tuple[_Result, Cost]:
    """Run it, and count until there are more than `most` steps; the rest of it then runs at its usual speed.

    Raises what `run` raises.
    """
    some = many = peak = 0  # steps, and times so many
    foul = ""

    def trace(frame, event, _):
        # Nothing here may leave garbage that is collected here: a finalizer would run without being counted. And as little as
        # may be is allocated, which tracemalloc would note: so the count is of two small numbers, and memory is looked at
        # from line to line.
        nonlocal some, many, peak, foul
        if event == "opcode":
            some += 1
            if some == _SOME:
                some, many = 0, many + 1
                if many * _SOME > most:
                    _settrace(None)
        else:
            frame.f_trace_opcodes = True
            now = _traced()[1]
            if now < peak:
                foul = foul or "what tracemalloc counts is reset"
            peak = now
        if isenabled():
            foul = foul or "the garbage collector is switched on"
        return trace

    before, collects, measured = _gettrace(), isenabled(), _is_tracing()
    if not measured:
        _start()
    disable()
    _reset_peak()
    held = peak = _traced()[0]
    _getframe().f_trace_opcodes = True  # from 3.12 on, settrace looks for it
    _settrace(trace)
    try:
        result = run()
    finally:
        steps = min(many * _SOME + some, most + 1)
        if steps <= most and _gettrace() is not trace:
            foul = foul or "Python's tracing is switched off, or is another's (a debugger?)"
        _settrace(before)
        taken = _traced()[1] - held
        if collects:
            enable()
        if not measured:
            _stop()
    return result, Cost(steps, taken, foul)
