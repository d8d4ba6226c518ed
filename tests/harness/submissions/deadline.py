"""Stop candidate code that runs in this process for too long, and leave a debugger alone.

A look now and then says what it has used, as patience.py reckons; so other processes that keep the processors busy take
nothing from it. An exception stops what runs Python. What does not, an endless loop in C such as sum(iter(int, 1)), ends the
process: see `last_resort`.
"""

import contextlib
import faulthandler
import inspect
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

from tests.harness.submissions.patience import LOOK, Patience, WorkerStuck
from tests.harness.submissions.usage import Usage, own_usage
from tests.harness.worker.refusal import ENDLESS, OutOfTime

LAST_RESORT = 120.0  # seconds of computing in one call; nothing else is measured, so a test that is slow is never ended
_AGAIN = 0.002  # seconds after which code that swallowed the exception gets it again, and again
_OURS = (os.path.dirname(os.path.dirname(os.path.abspath(__file__))), contextlib.__file__)  # all rooms
_NOBODY = Usage(0.0, 0.0)  # is waited for
DEBUGGERS = ("bdb", "pdb", "cmd", "code", "_pytest.debugging", "IPython", "ipykernel", "debugpy", "pydevd", "_pydevd")


def last_resort() -> None:
    """From now on, a call under a deadline that computes for LAST_RESORT and lets no exception through ends this process.

    Where it was is told on what is stderr now, whatever captures it later. Does nothing where the system has no such timer.
    """
    global _resort
    if _resort is None and hasattr(signal, "setitimer") and hasattr(faulthandler, "register"):
        _resort = os.dup(2)
        faulthandler.register(signal.SIGVTALRM, file=_resort, chain=True)  # first the stack, then the end


_resort: int | None = None
_is_kept = False  # whether there is a deadline now


@contextlib.contextmanager
def deadline(seconds: float, asleep: float, *, undisturbed: bool = False) -> Iterator[None]:
    """Raise OutOfTime in the body when it computes for longer than `seconds`, or is asleep for longer than `asleep`.

    Time in a debugger does not count. `undisturbed`: nothing runs here before the time is up, because where opcodes are counted
    a look would be counted too; but then nobody sees that it is asleep.
    Needs the main thread and a system with interval timers; elsewhere it does nothing, nor in the body of another one.
    """
    global _is_kept
    if _is_kept or not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    if undisturbed:
        number, timer, first = signal.SIGPROF, signal.ITIMER_PROF, seconds
    else:
        number, timer, first = signal.SIGALRM, signal.ITIMER_REAL, LOOK
    why, patience = "", None
    body = body_of(sys._getframe(1))

    def look(_number: int, frame: FrameType) -> None:
        nonlocal why, patience
        if is_debugged(frame, body):
            patience = None
            signal.setitimer(timer, first, LOOK)
            return
        if not why and undisturbed:
            why = ENDLESS.format(seconds)
        elif not why:
            patience = patience or Patience(own_usage, seconds, asleep, beside=lambda: _NOBODY)
            why = _stuck(patience)
        if why:
            signal.setitimer(timer, _AGAIN, _AGAIN)
        # Never in our own code, which would be left half done: the next tick will find the candidate's.
        if why and armed and not frame.f_code.co_filename.startswith(_OURS):
            raise OutOfTime(why)

    before, armed, _is_kept = signal.signal(number, look), True, True
    signal.setitimer(timer, first, LOOK)
    if _resort is not None:
        signal.setitimer(signal.ITIMER_VIRTUAL, LAST_RESORT)
    try:
        yield
    finally:
        armed = _is_kept = False
        signal.setitimer(timer, 0)
        if _resort is not None:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(number, before)
    if why and sys.exc_info()[0] is None:  # the body swallowed it
        raise OutOfTime(why)


def _stuck(patience: Patience) -> str:
    """Look once more; why the patience has come to its end, or nothing."""
    try:
        patience.look(False)
    except WorkerStuck as stuck:
        return str(stuck)
    return ""


def body_of(frame: FrameType | None) -> FrameType | None:
    """Whose `with` it is that enters a context, seen from within its generator; contexts in one another are passed over."""
    while frame and (frame.f_code.co_filename == contextlib.__file__ or frame.f_code.co_flags & inspect.CO_GENERATOR):
        frame = frame.f_back
    return frame


def is_debugged(frame: FrameType | None, body: FrameType | None) -> bool:
    """Whether a debugger is at work; what is outside of the body, a notebook's IPython or a REPL, is none."""
    while frame is not None and frame is not body:
        if frame.f_globals.get("__name__", "").startswith(DEBUGGERS):
            return True
        frame = frame.f_back
    return False
