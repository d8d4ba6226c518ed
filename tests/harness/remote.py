"""The grader's end of a worker: start it, ask it, give it a deadline, end it. Nothing it says is believed to be well formed."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from tests.harness import wire
from tests.harness.observe import Call, Grad, Observation, from_data

START_SECONDS = 60
_WORKER = Path(__file__).with_name("worker.py")


class WorkerDied(Exception):
    """The worker is gone, or said something that is no answer; one line says what is known."""


class WorkerStuck(Exception):
    """The worker did not answer within its deadline."""


class Worker:
    """One process running one submission. It starts at once and in the background; the first `ask` waits for it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", _WORKER, str(Path(np.__file__).parents[1]), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={"OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"} | _processor_settings(),
                start_new_session=True,
            )
        self._channel, self._number = ours, -1

    def ask(self, seconds: float, **request) -> dict:
        """Send a request and return its reply. Raises WorkerDied, or WorkerStuck after `seconds`; both end the worker."""
        try:
            if self._number < 0:
                self._receive(START_SECONDS)
            self._channel.settimeout(seconds)
            self._channel.sendall(wire.pack({"id": self._number + 1, **request}))
            return self._receive(seconds)
        except TimeoutError:
            self.close()
            raise WorkerStuck from None
        except (OSError, wire.ProtocolError, ValueError) as error:
            raise WorkerDied(self._last_words(error)) from None

    def close(self) -> None:
        """End the worker and all that it started."""
        self._channel.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _receive(self, seconds: float) -> dict:
        deadline = time.monotonic() + seconds
        header, body = wire.lengths(self._exactly(wire.PREFIX.size, deadline))
        reply = wire.unpack(self._exactly(header, deadline), self._exactly(body, deadline))
        self._number += 1
        if not isinstance(reply, dict) or reply.get("id") != self._number:
            raise wire.ProtocolError("an answer to another question")
        return reply

    def _exactly(self, size: int, deadline: float) -> bytes:
        data = bytearray(size)
        view, got = memoryview(data), 0
        while got < size:
            self._channel.settimeout(max(0.001, deadline - time.monotonic()))
            count = self._channel.recv_into(view[got:])
            if not count:
                raise ConnectionResetError("it hung up")
            got += count
        return bytes(data)

    def _last_words(self, error: Exception) -> str:
        self._channel.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        status = self._process.poll()
        self.close()
        if status is None:
            return f"its process answered with something that is no answer ({error})"
        if status < 0:
            return f"its process was killed by {signal.Signals(-status).name}"
        return f"its process ended with exit status {status} in the middle of a call"


def observation(reply: dict) -> Observation:
    """The observation in a reply. Raises WorkerDied where there is none."""
    try:
        return from_data(reply["observation"])
    except (KeyError, ValueError) as error:
        raise WorkerDied(f"its process answered with something that is no answer ({error})") from None


def plain_steps(steps: tuple[Call | Grad, ...]) -> list[list]:
    """The steps as the wire carries them."""
    return [["call", s.inputs] if isinstance(s, Call) else ["grad", s.call, s.gy] for s in steps]


def _processor_settings() -> dict[str, str]:
    """What this machine's owner says of its processor, without which NumPy's own arithmetic may be wrong here."""
    return {k: v for k, v in os.environ.items() if k in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "LD_LIBRARY_PATH")}
