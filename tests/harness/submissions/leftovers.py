"""The temporary folders of a run, and those that a killed run left behind.

Whoever makes a folder keeps it locked for as long as they live, so a folder that can be locked is nobody's any more.
"""

import contextlib
import fcntl
import itertools
import os
import shutil
import stat
import tempfile
import weakref
from functools import cache
from pathlib import Path

PREFIX = "backprop-kata-run-"


class Folder:
    """A temporary folder, `name`, that is removed by `cleanup`, with the object, or by the next run."""

    def __init__(self) -> None:
        _sweep_once(tempfile.gettempdir())
        while True:
            self.name = tempfile.mkdtemp(prefix=PREFIX)
            try:
                lock = os.open(self.name, os.O_RDONLY)
            except FileNotFoundError:
                continue  # somebody who sweeps took it for nobody's, in the moment before it is locked
            with contextlib.suppress(OSError):  # a file system without locks: nobody will sweep there
                fcntl.flock(lock, fcntl.LOCK_EX)
            if os.path.exists(self.name):
                break
            os.close(lock)
        self._finalizer = weakref.finalize(self, _remove_own, self.name, lock, os.getpid())

    def cleanup(self) -> None:
        """Remove the folder."""
        self._finalizer()


def remove(folder: str) -> None:
    """Remove a folder. What is nested too deep for that is first laid side by side; what resists stays."""
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    number, waiting = itertools.count(), [folder] if os.path.isdir(folder) else []
    while waiting:
        inner = waiting.pop()
        with contextlib.suppress(OSError):
            for entry in list(os.scandir(inner)):
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry)
                elif inner == folder:
                    waiting.append(entry.path)
                else:
                    waiting.append(os.path.join(folder, f"aside {next(number)}"))
                    os.rename(entry, waiting[-1])
            if inner != folder:
                os.rmdir(inner)
    with contextlib.suppress(OSError):
        os.rmdir(folder)


def sweep(parent: str) -> None:
    """Remove this user's folders in `parent` whose makers are gone."""
    for folder in Path(parent).glob(f"{PREFIX}*"):
        try:
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
                continue
            lock = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # it is in use, or cannot be known
            os.close(lock)
        else:
            _remove(str(folder), lock)


@cache
def _sweep_once(parent: str) -> None:
    sweep(parent)


def _remove_own(folder: str, lock: int, maker: int) -> None:
    if os.getpid() == maker:  # and not a copy of that process, which ends earlier
        _remove(folder, lock)


def _remove(folder: str, lock: int) -> None:
    remove(folder)
    os.close(lock)
