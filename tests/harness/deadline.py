"""Stop candidate code that runs in this process for too long, and leave a debugger alone."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator

_AGAIN = 0.002  # seconds after which code that swallowed the exception gets it again, and again
_OURS = (os.path.dirname(os.path.abspath(__file__)), contextlib.__file__)
_DEBUGGERS = ("bdb", "pdb", "code", "_pytest.debugging", "IPython")


class Expired(BaseException):
    """The time is up. Not an Exception, so that `except Exception` in the candidate's code does not keep it."""


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
            if outer.f_globals.get("__name__", "").startswith(_DEBUGGERS):
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
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    if expired and sys.exc_info()[0] is None:  # the body swallowed it
        raise Expired
