"""What an operation may not do beside computing: end the interpreter, start threads and processes, write files, open sockets.

Nor may an import compute for long.

The sandbox stops all this whatever is done here. Here it is stopped in the same words in both places, so that practice
tells what a grade will be. Runs beside the candidate's code: the standard library only.
"""

import _signal
import _thread
import contextlib
import io
import os
import sys
import threading
from collections.abc import Callable, Iterator

from .refusal import ENDLESS, OutOfTime

ALONE = "an operation runs in one thread and one process (rule 5)"
_PROCESS, _SIGNAL = f"starts a process; {ALONE}", f"sends a signal; {ALONE}"
_SOCKET = "opens a socket; an operation has no network (rule 5)"
_FILES = "an operation writes no files (rule 5)"
_CHANGES = f"changes files; {_FILES}"
_EVENTS: dict[str, tuple[type[Exception], str]] = {
    **dict.fromkeys(("os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec"), (RuntimeError, _PROCESS)),
    "subprocess.Popen": (RuntimeError, _PROCESS),
    **dict.fromkeys(("os.kill", "os.killpg"), (RuntimeError, _SIGNAL)),
    "socket.__new__": (RuntimeError, _SOCKET),
    **dict.fromkeys(("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate"), (OSError, _CHANGES)),
    **dict.fromkeys(("os.link", "os.symlink", "os.chmod", "os.chown", "os.utime"), (OSError, _CHANGES)),
}
"""What Python reports before it is done -> what is raised instead."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_AGAIN = 0.01  # seconds
_set_handler, _setitimer = _signal.signal, _signal.setitimer  # as they are now: see guard.py
_held: list[Callable[[], bool]] = []  # of those who hold code to this now: whether it is let off
_hears = False


def hold() -> None:
    """From now on and for good, hold all code of this process to it."""
    _begin(lambda: False)


@contextlib.contextmanager
def held(is_let_off: Callable[[], bool]) -> Iterator[None]:
    """Hold the code that runs in the body to it, but for where `is_let_off` says: of a debugger, for instance."""
    before = [(owner, name, getattr(owner, name)) for owner, name in _REPLACED]
    _begin(is_let_off)
    try:
        yield
    finally:
        for owner, name, function in before:
            setattr(owner, name, function)
        _held.pop()


def _begin(is_let_off: Callable[[], bool]) -> None:
    global _hears
    if not _hears:
        _hears = True
        sys.addaudithook(_hear)  # it cannot be taken away again
    _held.append(is_let_off)
    for (owner, name), replaced in _REPLACED.items():
        setattr(owner, name, replaced)


def _exit(status: object = 1) -> None:
    raise SystemExit(status)


def _no_thread(original: Callable) -> Callable:
    def start(*arguments: object, **named: object) -> object:
        if _held and not _held[-1]():
            raise RuntimeError(f"starts a thread; {ALONE}")
        return original(*arguments, **named)

    return start


_REPLACED: dict[tuple[object, str], Callable] = {
    (os, "_exit"): _exit,
    (os, "abort"): _exit,
    (os, "chdir"): lambda path: None,  # as people write it first, and mean no harm
    (threading.Thread, "start"): _no_thread(threading.Thread.start),
    (_thread, "start_new_thread"): _no_thread(_thread.start_new_thread),
}
"""What Python does not report, in every version: whose it is and its name -> what is there instead."""


def _hear(event: str, arguments: tuple) -> None:
    if not _held or not (event == "open" or event in _EVENTS):
        return
    if event == "open":
        file, _, flags = (*arguments, 0, 0, 0)[:3]
        # A number is a file that is open already, and what goes to nowhere is none.
        if not isinstance(flags, int) or not flags & _WRITING or isinstance(file, int) or _held[-1]():
            return
        if isinstance(file, str) and file == os.devnull:
            return
        named = isinstance(file, str | bytes | os.PathLike)
        name = os.path.basename(os.fsdecode(file)) if named else "?"
        raise OSError(f"writes the file {name}; {_FILES}")
    if not _held[-1]():
        kind, why = _EVENTS[event]
        raise kind(why)


@contextlib.contextmanager
def computing(seconds: float) -> Iterator[None]:
    """Raise OutOfTime in the body when it computes for longer: in a worker, which can say where that was."""

    def stop(*_: object) -> None:
        _setitimer(_signal.ITIMER_PROF, _AGAIN, _AGAIN)  # in case the code swallows it
        raise OutOfTime(ENDLESS.format(seconds))

    before = _set_handler(_signal.SIGPROF, stop)
    _setitimer(_signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        _setitimer(_signal.ITIMER_PROF, 0)
        _set_handler(_signal.SIGPROF, before)


def open_unless_nowhere(file, mode: str = "r", *arguments, **named):
    """Python's `open`; what goes to nowhere needs no file."""
    if file == os.devnull:
        return io.BytesIO() if "b" in mode else io.StringIO()
    return open(file, mode, *arguments, **named)


def no_input(prompt: object = "") -> str:
    """In the place of `input`."""
    raise EOFError("asks for input; nobody answers while it is graded")
