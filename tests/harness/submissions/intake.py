"""Reads what was handed in: a folder, a .py file, a notebook or an archive, as names and bytes of its modules.

Here nothing of it is opened: a process of its own does that, with limits (unpacking.py). This is the grader's end. It takes
memory as bytes arrive, checks what that process says by the same rules, and waits for it so long and no longer.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.harness.submissions import parcel
from tests.harness.submissions.parcel import SHOWN, CannotTake, UnusableSubmission, is_full
from tests.harness.worker.printable import printable

PROGRAM = Path(__file__).with_name("unpacking.py")
PATIENCE = (
    120.0  # seconds for one that waits, as on a drive that does not answer; one that computes is stopped long before
)
_CHUNK = 2**16


@dataclass(frozen=True)
class Parcel:
    """What was handed in. `modules`: name in it -> content; `notes`: lines about what of it is left out."""

    modules: dict[str, bytes]
    notes: list[str]


def modules(path: Path) -> Parcel:
    """What is at `path`. Raises UnusableSubmission."""
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", "-X", "utf8", PROGRAM, path],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={k: v for k, v in os.environ.items() if k == "LD_LIBRARY_PATH"} | {"LC_ALL": "C.UTF-8"},
            start_new_session=True,  # or Ctrl-C would look like its death
        )
    except (OSError, ValueError) as error:  # of a name that is too long, or has a NUL
        raise (CannotTake if is_full(error) else UnusableSubmission)(
            f"cannot be read: no process can be started for it ({printable(str(error), SHOWN)})"
        ) from None
    try:
        return _heard(_Line(process), path)
    finally:
        process.kill()
        process.stdout.close()
        with contextlib.suppress(subprocess.TimeoutExpired):  # where a drive does not even let it die
            process.wait(1)


class _Line:
    """What the process says, for as long as there is patience."""

    def __init__(self, process: subprocess.Popen):
        self._process, self._deadline = process, time.monotonic() + PATIENCE
        self._poll = select.poll()
        self._poll.register(process.stdout, select.POLLIN)

    def exactly(self, size: int) -> bytes:
        """The next bytes. Raises UnusableSubmission where they do not come."""
        data = bytearray()
        while len(data) < size:
            if not self._poll.poll(max(0, self._deadline - time.monotonic()) * 1000):
                raise UnusableSubmission(
                    f"cannot be read: no answer within {PATIENCE:g} s; is it on a drive that does not respond?"
                )
            chunk = os.read(self._process.stdout.fileno(), min(size - len(data), _CHUNK))
            if not chunk:
                raise UnusableSubmission(self._end())
            data += chunk
        return bytes(data)

    def _end(self) -> str:
        """Why there is nothing more to hear."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        status = self._process.poll()
        if status == -signal.SIGXCPU:
            return "takes far longer to read than any submission should; hand in the modules alone"
        if status is not None and status < 0:
            name = next((s.name for s in signal.Signals if s == -status), f"signal {-status}")
            return f"cannot be read: the process that read it was killed by {name}"
        return f"cannot be read: the process that read it ended early, with exit status {status}"


def _heard(line: _Line, path: Path) -> Parcel:
    """All that is said, if it is what parcel.py lays down. Raises UnusableSubmission."""
    heard = Parcel({}, [])
    number = total = 0
    while len(heard.notes) <= parcel.MOST_NOTES:
        kind, name_size, size = parcel.PREFIX.unpack(line.exactly(parcel.PREFIX.size))
        if kind == parcel.END and not name_size + size:
            return heard
        if kind in (parcel.NOTE, parcel.REFUSAL) and not name_size and size <= parcel.LONGEST_LINE:
            said = printable(line.exactly(size).decode(errors="replace"), parcel.LONGEST_LINE)
            if kind == parcel.REFUSAL:
                raise UnusableSubmission(said)
            heard.notes.append(said)
            continue
        if kind != parcel.MODULE or name_size > 4 * parcel.LONGEST_NAME or size > parcel.LARGEST_MODULE:
            break
        number, total = number + 1, total + size
        parcel.refuse_many(number, total)
        name = line.exactly(name_size).decode(errors="surrogateescape")
        if path.stem and name == path.name:  # of a file, which may be called anything
            name = printable(name, 255)
        elif name != parcel.inside(name) or not parcel.is_module(name):
            break
        heard.modules[name] = line.exactly(size)
    raise UnusableSubmission("cannot be read: the process that read it said something else than modules")
