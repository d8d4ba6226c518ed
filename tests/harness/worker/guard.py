"""Notice what could disturb the counting (counting.py), in the worker, from before the first line of a submission on.

Most of it Python reports to an audit hook, which cannot be removed, and goes on; the rest is replaced by what only reports
it. Whoever is noticed is told so, instead of a count. Who writes to the memory of the process by himself is not noticed.
"""

import collections
import enum
import sys
import typing
from collections.abc import Callable, Iterable, Iterator
from types import CodeType, FrameType, ModuleType

from .counting import counted

# As they are now: what runs here must not be the submission's.
_getframe, _type = sys._getframe, type
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
_FRAMES = ("tb_frame", "gi_frame", "cr_frame", "ag_frame")
_REPLACED: dict[str, tuple[str, ...]] = {
    "tracemalloc": ("start", "stop", "clear_traces", "reset_peak"),
    "_tracemalloc": ("start", "stop", "clear_traces", "reset_peak"),
    "signal": ("signal",),
    "_signal": ("signal",),
    "gc": ("enable",),
}
"""Module -> its functions that Python does not report, and that do nothing then: a signal's handler would be given a frame."""
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
        # Anybody can report anything (sys.audit), and nothing is counted here: of the arguments, only texts are looked at.
        names = [a if _type(a) is str else "" for a in arguments[:2]]
        if event.startswith("ctypes."):
            return "it reaches for memory by ctypes"
        if event == "import" and names[:1] and names[0] in _IMPORTS:
            return f"it imports {names[0]} anew"
        if event in _EVENTS or (event == "object.__getattr__" and names[1:] and names[1] in _FRAMES):
            return "" if self._is_own(_getframe(2)) else _EVENTS.get(event, _FRAME)
        return ""

    def _is_own(self, frame: FrameType) -> bool:
        """Whether it is done by a function that is known, or three calls within one."""
        if frame.f_code in self._own:
            return True
        for _ in range(3):
            frame = frame and frame.f_back
        return frame is not None and frame.f_code in self._by_traceback

    def _report(self, module: ModuleType, name: str) -> None:
        def reported(*_, **__) -> None:
            # Not the function itself: it could be had from here.
            self.heard = self.heard or f"it calls {module.__name__.lstrip('_')}.{name}"

        setattr(module, name, reported)


def _codes(functions: Iterable[Callable]) -> Iterator[CodeType]:
    """The code of the functions, and of those inside them."""
    codes = [f.__code__ for f in functions]
    for code in codes:
        yield code
        codes += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
