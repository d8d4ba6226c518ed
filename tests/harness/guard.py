"""Notice what could disturb the counting (counting.py), in the worker, from before the first line of a submission on.

Most of it Python reports to an audit hook, which cannot be removed; the rest is replaced by what reports it. It prevents
nothing: whoever is noticed is told so, instead of a count. Who writes to the memory of the process by himself is not noticed.
"""

import collections
import enum
import sys
import typing
from collections.abc import Callable, Iterable, Iterator
from types import CodeType, FrameType, ModuleType

from counting import counted

_FRAME = "it looks at the frames of calls"
_EVENTS = {
    "sys.settrace": "it sets Python's tracing",
    "sys.setprofile": "it sets Python's profiling",
    "sys.monitoring.register_callback": "it monitors Python's events",
    "sys.addaudithook": "it listens to Python's audit events",
    "sys._getframe": _FRAME,
    "sys._current_frames": _FRAME,
    "sys._current_exceptions": _FRAME,
    "gc.get_objects": "it looks at all objects of its process",
    "gc.get_referrers": "it looks at all objects of its process",
    "gc.get_referents": "it looks at all objects of its process",
    "cpython.PyInterpreterState_New": "it starts another interpreter",
    "mmap.__new__": "it takes memory that is not counted",
}
_FRAMES = {("object.__getattr__", f"{prefix}_frame") for prefix in ("tb", "gi", "cr", "ag")}
_REPLACED: dict[str, tuple[str, ...]] = {
    "tracemalloc": ("start", "stop", "clear_traces", "reset_peak"),
    "_tracemalloc": ("start", "stop", "clear_traces", "reset_peak"),
    "signal": ("signal",),
    "_signal": ("signal",),
    "gc": ("enable",),
}
"""Module -> its functions that Python does not report: a signal's handler is given a frame."""
_IMPORTS = ("sys", "gc", "tracemalloc", "_tracemalloc", "_signal", "_testcapi", "_testinternalcapi")
_KEEPS_FRAMES = {collections.namedtuple, enum.EnumType._create_, getattr(typing, "_caller", None)}
"""Functions of the standard library that look at a frame and give it to nobody."""


class Guard:
    """Hears what is done in this process; `heard` is the first of it, in words.

    `own`: functions of ours that look at frames. `by_traceback`: those that let the module traceback do it.
    """

    def __init__(self, own: Iterable[Callable], by_traceback: Iterable[Callable]):
        self.heard, self._deaf = "", False
        self._own = set(_codes((counted, *own, *filter(None, _KEEPS_FRAMES))))
        self._by_traceback = set(_codes(by_traceback))
        for name, functions in _REPLACED.items():
            for function in functions if name in sys.modules else ():
                self._report(sys.modules[name], function)
        sys.gettrace = sys.getprofile = lambda: None  # not what counts, which could be changed
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple) -> None:
        if self._deaf or self.heard:
            return
        self._deaf = True  # to what is done here
        try:
            self.heard = self._said(event, arguments)
        finally:
            self._deaf = False

    def _said(self, event: str, arguments: tuple) -> str:
        if event.startswith("ctypes."):
            return "it reaches for memory by ctypes"
        if event == "import" and arguments[0] in _IMPORTS:
            return f"it imports {arguments[0]} anew"
        if (event, *arguments[1:2]) in _FRAMES or event in _EVENTS:
            return "" if self._is_own(sys._getframe(2)) else _EVENTS.get(event, _FRAME)
        return ""

    def _is_own(self, frame: FrameType) -> bool:
        """Whether it is done by a function that is known, or three calls within one."""
        if frame.f_code in self._own:
            return True
        for _ in range(3):
            frame = frame and frame.f_back
        return frame is not None and frame.f_code in self._by_traceback

    def _report(self, module: ModuleType, name: str) -> None:
        function = getattr(module, name)

        def reported(*arguments, **named):
            self.heard = self.heard or f"it calls {module.__name__.lstrip('_')}.{name}"
            return function(*arguments, **named)

        setattr(module, name, reported)


def _codes(functions: Iterable[Callable]) -> Iterator[CodeType]:
    """The code of the functions, and of those inside them."""
    codes = [f.__code__ for f in functions]
    for code in codes:
        yield code
        codes += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
