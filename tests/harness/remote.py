"""The grader's end of a worker: start it, ask it, give it a deadline, end it. Nothing it says is believed to be well formed.

The messages and what each violation means are in PROTOCOL.md, beside this file.
"""

import contextlib
import os
import secrets
import select
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.harness import confinement, wire
from tests.harness.observe import Call, Grad, Observation, from_data, printable

START_SECONDS = 60
_CHUNK = 2**16
_REMEMBERED = 4096  # bytes of what was printed last
_TOLD = 200  # characters of it that are told


class WorkerDied(Exception):
    """The worker is gone, or said something that is no answer; one line says what is known."""


class WorkerStuck(Exception):
    """The worker did not answer within its deadline."""


class GraderTrouble(BaseException):
    """The worker could not be started, before anything of the submission ran: the grader's trouble; one line says which.

    Not an Exception: it is about no example, so nothing is to be tried again or shrunk.
    """


class Worker:
    """One process running one submission: a folder, or one file. It starts at once and in the background.

    The first `ask` waits for it. It ends, at the latest, with the thread that made it. Raises GraderTrouble.
    """

    def __init__(self, sandbox: str, submission: Path) -> None:
        self._channel, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = confinement.start(sandbox, submission, theirs.fileno())
            except OSError as error:
                self._channel.close()
                raise GraderTrouble(f"the worker cannot be started: {error}") from None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._ready, self._arrived, self._printed = False, bytearray(), bytearray()
        self._poll = select.poll()
        self._poll.register(self._channel, select.POLLIN)
        self._poll.register(self._process.stdout, select.POLLIN)

    def ask(self, seconds: float, **request) -> dict:
        """Send a request and return its reply. Raises WorkerDied, or WorkerStuck after `seconds`; both end the worker.

        Raises GraderTrouble where it does not come to life.
        """
        self.await_ready()
        # Not to be foreseen, so that an answer cannot come before its question.
        number = secrets.randbits(48)
        deadline = time.monotonic() + seconds
        try:
            self._channel.settimeout(seconds)
            self._channel.sendall(wire.pack({"id": number, **request}))
            reply = self._receive(number, deadline)
        except TimeoutError:
            self.close()
            raise WorkerStuck from None
        except (OSError, wire.ProtocolError) as error:
            raise WorkerDied(self._last_words(error)) from None
        return reply

    def await_ready(self) -> None:
        """Wait until it is started. Raises GraderTrouble where it does not come to life."""
        if self._ready:
            return
        try:
            self._receive(0, time.monotonic() + START_SECONDS)
        except (OSError, wire.ProtocolError) as error:  # also TimeoutError
            raise GraderTrouble(f"the worker cannot be started: {self._last_words(error)}") from None
        self._ready = True

    def close(self) -> None:
        """End the worker and all that it started."""
        self._channel.close()
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process.stdout.close()

    def _receive(self, number: int, deadline: float) -> dict:
        header, body = wire.lengths(self._exactly(wire.PREFIX.size, deadline))
        reply = wire.unpack(self._exactly(header, deadline), self._exactly(body, deadline))
        if not isinstance(reply, dict) or type(reply.get("id")) is not int or reply["id"] != number:
            raise wire.ProtocolError("an answer to another question")
        if self._arrived:
            raise wire.ProtocolError("more than one answer")
        return reply

    def _exactly(self, size: int, deadline: float) -> bytes:
        """The next bytes. Memory is taken as they arrive, whatever was announced."""
        while len(self._arrived) < size:
            self._await_channel(deadline)
            chunk = self._channel.recv(max(_CHUNK, min(size - len(self._arrived), 16 * _CHUNK)), socket.MSG_DONTWAIT)
            if not chunk:
                raise ConnectionResetError("it hung up")
            self._arrived += chunk
        data = bytes(memoryview(self._arrived)[:size])
        del self._arrived[:size]
        return data

    def _await_channel(self, deadline: float) -> None:
        """Wait until the worker has sent something; meanwhile take what it prints, so that it need not wait."""
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            ready = [descriptor for descriptor, _ in self._poll.poll(left * 1000 + 1)]
            if self._process.stdout.fileno() in ready and not self._take_printed():
                self._poll.unregister(self._process.stdout)
            if self._channel.fileno() in ready:
                return

    def _take_printed(self) -> int:
        """Keep the end of what was printed; how much there was, 0 at its end."""
        try:
            data = os.read(self._process.stdout.fileno(), _CHUNK)
        except BlockingIOError:
            return 1
        self._printed = (self._printed + data)[-_REMEMBERED:]
        return len(data)

    def _last_words(self, error: Exception) -> str:
        """What is known of the end of a worker, in one line. Ends it."""
        self._channel.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1 if isinstance(error, OSError) else 0)
        status = self._process.poll()
        for _ in range(16):  # what is in the pipe; somebody may still be filling it
            if not self._take_printed():
                break
        self.close()
        if status is None or isinstance(error, wire.ProtocolError):  # what it said is the reason, however it ended
            what = f"its process answered with something that is no answer ({error})"
        elif status < 0 or status > 128:
            what = f"its process was killed by {_signal(-status if status < 0 else status - 128)}"
        else:
            what = f"its process ended with exit status {status}{' in the middle of a call' * self._ready}"
        lines = [printable(line, _TOLD).strip() for line in self._printed.decode(errors="replace").splitlines()]
        last = next((line for line in reversed(lines) if line), "")
        return f"{what}; the last it printed: {last}" if last else what


def observation(reply: dict, steps: Sequence[Call | Grad], inputs: int) -> Observation:
    """The observation in a reply, for these steps of an operation of so many inputs. Raises WorkerDied for any other."""
    try:
        return from_data(reply.get("observation"), steps, inputs)
    except ValueError as error:
        raise WorkerDied(f"its process answered with something that is no answer ({error})") from None


def plain_steps(steps: tuple[Call | Grad, ...]) -> list[list]:
    """The steps as the wire carries them."""
    return [["call", s.inputs, s.layout] if isinstance(s, Call) else ["grad", s.call, s.gy, s.layout] for s in steps]


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
