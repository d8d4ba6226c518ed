"""Stop candidate code that runs in this process for too long, and leave a debugger alone.

An exception stops what runs Python. What does not, an endless loop in C such as sum(iter(int, 1)), ends the process: see
`last_resort`.
"""

import contextlib
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Iterator

LAST_RESORT = 120.0  # seconds of computing in one call; nothing else is measured, so a test that is slow is never ended
_AGAIN = 0.002  # seconds after which code that swallowed the exception gets it again, and again
_OURS = (os.path.dirname(os.path.dirname(os.path.abspath(__file__))), contextlib.__file__)  # all rooms
DEBUGGERS = ("bdb", "pdb", "cmd", "code", "_pytest.debugging", "IPython", "ipykernel")


class Expired(BaseException):
    """The time is up. Not an Exception, so that `except Exception` in the candidate's code does not keep it."""


def last_resort() -> None:
    """From now on, a call under a deadline that computes for LAST_RESORT and lets no exception through ends this process.

    Where it was is told on what is stderr now, whatever captures it later. Does nothing where the system has no such timer.
    """
    global _resort
    if _resort is None and hasattr(signal, "setitimer") and hasattr(faulthandler, "register"):
        _resort = os.dup(2)
        faulthandler.register(signal.SIGVTALRM, file=_resort, chain=True)  # first the stack, then the end


_resort: int | None = None


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise Expired in the body when it runs longer than `seconds`; time in a debugger does not count.

    Needs the main thread and a system with interval timers; elsewhere it does nothing.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    expired = False
    body = sys._getframe(2)  # what is outside of it, a notebook's IPython or a REPL, is no debugger at work

    def expire(_number, frame) -> None:
        nonlocal expired
        outer = frame
        while outer is not None and outer is not body:
            if outer.f_globals.get("__name__", "").startswith(DEBUGGERS):
                signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
                return
            outer = outer.f_back
        expired = True
        # Never in our own code, which would be left half done: the next tick will find the candidate's.
        if armed and not frame.f_code.co_filename.startswith(_OURS):
            raise Expired

    before = signal.signal(signal.SIGALRM, expire)
    armed = True
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    if _resort is not None:
        signal.setitimer(signal.ITIMER_VIRTUAL, LAST_RESORT)
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        if _resort is not None:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGALRM, before)
    if expired and sys.exc_info()[0] is None:  # the body swallowed it
        raise Expired
