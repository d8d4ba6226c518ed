"""A grading process as the watching one sees it: its start, its messages, and its end, whatever its code is at.

It is forked from this process, which is warm; where the system cannot fork, one was started before it was needed.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.harness.submissions.limits import ASLEEP_SECONDS, IMPORT_SECONDS
from tests.harness.submissions.patience import Patience, WorkerStuck
from tests.harness.submissions.usage import usage
from tests.harness.watch.warm import HEADER, MEMORY, SLACK, Job, Key, Told, Within, serve, unnamed_file


def start(job: Job) -> Running:
    """Have a job graded in a process of its own."""
    if not hasattr(os, "fork"):
        return Spare.take(job)
    MEMORY.refresh(job.wanted, job.seed)
    return Forked(job)


class Running:
    """A process that grades a job: its messages, and its end. `told`: what it has given a verdict on."""

    def __init__(self, job: Job, pid: int, out: int, errors):
        self.job, self.pid, self._out, self._errors, self._buffer = job, pid, out, errors, b""
        self.key: Key | None = None
        self.told: set[Key] = set()
        self.expect(IMPORT_SECONDS + SLACK)
        os.set_blocking(out, False)

    def fileno(self) -> int:
        return self._out

    def expect(self, seconds: float) -> None:
        """From now on it may compute for so long until its next message, and be asleep for a moment longer than a call may."""
        self._patience = Patience(lambda: usage([self.pid]), seconds, ASLEEP_SECONDS + SLACK)

    def is_stuck(self) -> bool:
        """Look at what it has used; whether that is too much."""
        try:
            self._patience.look(False)
        except WorkerStuck:
            return True
        return False

    def messages(self) -> Iterator[object]:
        """What it has sent since it was last asked. Raises EOFError when it has ended."""
        data, ended = b"", False
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._out, 1 << 16):
                data += chunk
            ended = True
        self._buffer += data
        while len(self._buffer) >= HEADER.size:
            size = HEADER.size + HEADER.unpack(self._buffer[: HEADER.size])[0]
            if len(self._buffer) < size:
                break
            message = pickle.loads(self._buffer[HEADER.size : size])
            self._buffer = self._buffer[size:]
            if isinstance(message, Within):
                self.key = message.key
                self.expect(message.seconds)
            if isinstance(message, Told):
                self.told.add((message.result.property, message.result.op))
            yield message
        if ended:
            raise EOFError

    def where(self) -> str:
        """Where the code of a stuck process is: `, in feedforward.py, line 12`; empty where it does not say."""
        with contextlib.suppress(OSError, AttributeError):
            os.kill(self.pid, signal.SIGUSR1)
            time.sleep(0.1)
            self._errors.seek(0)
            for line in self._errors.read().decode(errors="replace").splitlines():
                file, _, rest = line.strip().removeprefix('File "').partition('", line ')
                if f"/{self.job.impl}/" in file:
                    return f", in {Path(file).name}, line {rest.split(' ')[0]}"
        return ""

    def end(self) -> None:
        """End it, and all that it started, at once."""
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)
        self._reap()
        os.close(self._out)
        self._errors.close()

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


class Forked(Running):
    """A copy of this process. `after_fork`: what the copy is to let go."""

    after_fork: Callable[[], None] | None = None

    def __init__(self, job: Job):
        out, into = os.pipe()
        errors = unnamed_file()
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            pid = os.fork()  # NumPy's threads are idle, and the copy has none: what Python 3.12 warns of does not apply
        if pid == 0:
            status = 1
            try:
                os.setsid()
                os.close(out)
                if Forked.after_fork:
                    Forked.after_fork()
                serve(job, into, errors)
                status = 0
            finally:
                os._exit(status)
        os.close(into)
        super().__init__(job, pid, out, errors)


class Spare(Running):
    """A process that imported everything before it was needed, and waits for its job."""

    _waiting: subprocess.Popen | None = None

    @classmethod
    def prepare(cls) -> None:
        """Start one, if none is waiting."""
        if cls._waiting is None or cls._waiting.poll() is not None:
            cls._waiting = subprocess.Popen(
                [sys.executable, "-m", "tests.harness.watch.spare"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    @classmethod
    def take(cls, job: Job) -> Spare:
        """Give the job to the one that waits, and start another."""
        cls.prepare()
        process, cls._waiting = cls._waiting, None
        cls.prepare()
        return cls(job, process)

    @classmethod
    def dismiss(cls) -> None:
        """End the one that waits."""
        if cls._waiting:
            cls._waiting.kill()
            cls._waiting.communicate()
            cls._waiting = None

    def __init__(self, job: Job, process: subprocess.Popen):
        self._process, errors = process, unnamed_file()
        with contextlib.suppress(BrokenPipeError):  # it died; that is seen when its messages are asked for
            process.stdin.write(pickle.dumps(job))
            process.stdin.close()
        super().__init__(job, process.pid, os.dup(process.stdout.fileno()), errors)
        process.stdout.close()
        self.expect(2 * IMPORT_SECONDS + SLACK)  # it may still be importing

    def _reap(self) -> None:
        self._process.wait()
