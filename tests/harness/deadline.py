"""Stop candidate code that runs in this process for too long, and leave a debugger alone."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_AGAIN = 0.1  # seconds after which code that swallowed the exception gets it again
_DEBUGGERS = ("bdb", "pdb", "code", "_pytest.debugging", "IPython")


class Expired(BaseException):
    """The time is up. Not an Exception, so that `except Exception` in the candidate's code does not keep it."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise Expired in the body when it runs longer than `seconds`; time in a debugger does not count.

    Needs the main thread and a system with interval timers; elsewhere it does nothing.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    expired = False

    def expire(_number, frame) -> None:
        nonlocal expired
        while frame is not None:
            if frame.f_globals.get("__name__", "").startswith(_DEBUGGERS):
                signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
                return
            frame = frame.f_back
        if armed:
            expired = True
            raise Expired

    before = signal.signal(signal.SIGALRM, expire)
    armed = True
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    if expired and sys.exc_info()[0] is None:  # the body swallowed it
        raise Expired
