"""Notices that a module in a folder was saved: written, replaced by renaming, truncated, deleted or restored.

The files themselves decide: their times, sizes and identities, and for a while after a change their contents too, since
the clock of a file system may be coarse. watchfiles, where it is installed, only says when to look. It runs in a process
of its own (notifier.py), so that this one has no threads when it forks; file systems that report nothing are looked at
all the same.
"""

import os
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

LOOK = 0.04  # seconds between looks without watchfiles
LOOK_ANYWAY = 1.0  # with it: on a network, what others save is not reported
COARSE = 3.0  # seconds for which a file may change without a new time

_NOTIFIER = Path(__file__).with_name("notifier.py")


class Saves:
    """The modules in a folder, as they were when last looked at."""

    def __init__(self, folder: Path, *, watchfiles: bool | None = None):
        self._folder = folder
        self._watcher: subprocess.Popen | None = None
        if installed() if watchfiles is None else watchfiles:
            self._watcher = subprocess.Popen(
                [sys.executable, "-P", str(_NOTIFIER), str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the run
            )
            os.set_blocking(self._watcher.stdout.fileno(), False)
        self._seen: dict[str, tuple] = {}
        self._seen = self._signature()

    def fileno(self) -> int | None:
        """What becomes readable when something may have changed; None where one has to look."""
        return self._watcher.stdout.fileno() if self._watcher else None

    @property
    def seconds(self) -> float:
        """After how long to look, at the latest."""
        return LOOK_ANYWAY if self._watcher else LOOK

    def changed(self) -> bool:
        """Whether anything was saved since the last look."""
        if self._watcher:
            try:
                if os.read(self._watcher.stdout.fileno(), 4096) == b"":
                    self.close()  # it ended: look oneself from now on
            except BlockingIOError:
                pass
        seen = self._signature()
        changed, self._seen = seen != self._seen, seen
        return changed

    def close(self) -> None:
        """End the process beside this one."""
        if self._watcher:
            self._watcher.kill()
            self._watcher.wait()
            self._watcher.stdout.close()
            self._watcher = None

    def _signature(self) -> dict[str, tuple]:
        now, found = time.time(), {}
        try:
            entries = [entry for entry in os.scandir(self._folder) if entry.name.endswith(".py")]
        except OSError:  # the folder itself is gone, or away for a moment
            return {}
        for entry in entries:
            try:
                state = os.stat(entry.path)
                identity = (state.st_mtime_ns, state.st_size, state.st_ino)
                before = self._seen.get(entry.name)
                if before and before[:3] == identity and now - state.st_mtime > COARSE:
                    found[entry.name] = before
                else:
                    found[entry.name] = (*identity, sha256(Path(entry.path).read_bytes()).digest())
            except OSError:  # between two renames
                continue
        return found


def installed() -> bool:
    """Whether watchfiles is there."""
    from importlib.util import find_spec

    return find_spec("watchfiles") is not None
