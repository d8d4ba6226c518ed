"""The grader's end of a worker: start it, ask it, give it a deadline, end it. Nothing it says is believed to be well formed.

The messages and what each violation means are in PROTOCOL.md, beside this file.
"""

import contextlib
import os
import secrets
import select
import signal
import subprocess
from collections import deque
from collections.abc import Container
from hashlib import blake2b
from pathlib import Path

from tests.harness.submissions import confinement
from tests.harness.submissions.limits import ASLEEP_SECONDS
from tests.harness.submissions.patience import Patience, Spent, WorkerStuck
from tests.harness.submissions.usage import Usage, family, usage
from tests.harness.worker import wire
from tests.harness.worker.observation import Observation, Question, from_data
from tests.harness.worker.printable import printable

START_SECONDS = 60.0  # to compute, and as many to wait for a disk
_SETTLED = 100  # answers that came at once, after which what they took is looked up
_CHUNK = 2**16
_REMEMBERED = 4096  # bytes of what was printed last
_TOLD = 200  # characters of it that are told


class WorkerDied(Exception):
    """The worker is gone, or said something that is no answer; one line says what is known."""


class GraderTrouble(BaseException):
    """The worker could not be started, before anything of the submission ran: the grader's trouble; one line says which.

    Not an Exception: it is about no example, so nothing is to be tried again or shrunk.
    """


class Worker:
    """One process running one submission: a folder, or one file. It starts at once and in the background.

    The first `ask` waits for it. It ends, at the latest, with the thread that made it. Raises GraderTrouble.
    """

    def __init__(self, sandbox: str, submission: Path) -> None:
        reading, questions = os.pipe()
        answers, writing = os.pipe()
        self._questions, self._answers = open(questions, "wb", 0), open(answers, "rb", 0)  # noqa: SIM115 (closed by close)
        try:
            self._process = confinement.start(sandbox, submission, reading, writing)
        except BaseException as error:
            self._hang_up()
            if isinstance(error, OSError):
                raise GraderTrouble(f"the worker cannot be started: {error}") from None
            raise
        finally:
            os.close(reading)
            os.close(writing)
        for ours in (self._questions, self._answers, self._process.stdout):
            os.set_blocking(ours.fileno(), False)
        self._ready, self._arrived, self._printed, self._printing = False, bytearray(), bytearray(), True
        self._posted: deque[tuple[int, int]] = deque()  # of what has no reply yet: its number, and the room for that
        self._unsent = bytearray()
        self._family: list[int] = []
        self._at_once, self._computed, self._spent = 0, 0.0, Spent()

    def ask(self, seconds: float, **request) -> dict:
        """Post a request and return its reply. Raises what `reply` does."""
        self.post(**request)
        return self.reply(seconds)

    def post(self, *, room: int = wire.BODY, **request) -> None:
        """Have something for it to do, after what it was given before. `room`: bytes that the arrays of the reply may have.

        It is sent with all that was posted until a reply is asked for: each message alone would wake the worker.
        """
        self.post_content(wire.content(request), room)

    def post_content(self, content: wire.Content, room: int, **first: str) -> None:
        """Likewise, of a message that is packed already. `first`: what it says besides."""
        # Not to be foreseen, so that an answer cannot come before its question.
        number = secrets.randbits(48)
        self._posted.append((number, room))
        self._unsent += content.numbered(number, **first)

    def begin(self) -> None:
        """Send what was posted, before its reply is asked for. Raises GraderTrouble where it does not come to life."""
        self.await_ready()
        self._send()

    def reply(self, seconds: float) -> dict:
        """The reply to the oldest request that has none. Raises WorkerDied, or WorkerStuck; both end the worker.

        `seconds`: what it may compute. It may be asleep for twice as many, and not more than ASLEEP_SECONDS. Raises
        GraderTrouble where it does not come to life.
        """
        return self.said(seconds)[1]

    def said(self, seconds: float, known: Container[bytes] | None = None) -> tuple[bytes, dict | None]:
        """Likewise: a digest of all that it says but for its number, and the reply; None where the digest is known.

        Without `known` there is no digest, but b"".
        """
        self.begin()
        number, room = self._posted.popleft()
        patience = Patience(self._usage, seconds, min(2 * seconds, ASLEEP_SECONDS))
        try:
            try:
                return self._receive(number, patience, room, known)
            finally:
                self._settle(patience)
        except WorkerStuck:
            self.close()
            raise
        except (OSError, wire.ProtocolError) as error:
            raise WorkerDied(self._last_words(error)) from None

    def await_ready(self) -> None:
        """Wait until it is started. Raises GraderTrouble where it does not come to life."""
        if self._ready:
            return
        try:
            self._receive(0, Patience(lambda: usage(family(self._process.pid)), START_SECONDS, START_SECONDS))
        except (OSError, wire.ProtocolError, WorkerStuck) as error:
            raise GraderTrouble(f"the worker cannot be started: {self._last_words(error)}") from None
        self._ready = True
        self._family = family(self._process.pid)
        now = self._usage()
        self._computed = now.computing if now else 0.0

    def spent(self) -> Spent:
        """What it has used for answers since this was asked last; it is not told at once of answers that took no time."""
        spent, self._spent = self._spent, Spent()
        return spent

    def close(self) -> None:
        """End the worker and all that it started."""
        self._hang_up()
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process.stdout.close()

    def _hang_up(self) -> None:
        self._questions.close()
        self._answers.close()

    def _usage(self) -> Usage | None:
        return usage(self._family)

    def _settle(self, patience: Patience) -> None:
        """Put what an answer took on the account; what many that came at once took together, now and then."""
        self._at_once += 1
        if not patience.begun and self._at_once < _SETTLED:
            return
        self._at_once = 0
        spent, now = patience.end(), self._usage()
        if now:
            spent = Spent(max(spent.computing, now.computing - self._computed), spent.asleep)
            self._computed = max(self._computed, now.computing)
        self._spent += spent

    def _send(self) -> None:
        """As much of what is to be sent as the pipe takes now. Who is not there any more has perhaps answered something before."""
        try:
            while self._unsent and (sent := self._questions.write(self._unsent)):
                del self._unsent[:sent]
        except OSError:
            self._unsent.clear()

    def _receive(
        self, number: int, patience: Patience, room: int = 0, known: Container[bytes] | None = None
    ) -> tuple[bytes, dict | None]:
        size, rest = wire.lengths(self._exactly(wire.PREFIX.size, patience))
        if rest > room:
            raise wire.ProtocolError(f"{rest} bytes, where at most {room} are due")
        header, body = self._exactly(size, patience), self._exactly(rest, patience)
        said = b"" if known is None else _digest(header.removeprefix(wire.opened(number)), body)
        reply = None
        if not said or said not in known:
            reply = wire.unpack(header, body)
            if not isinstance(reply, dict) or type(reply.get("id")) is not int or reply["id"] != number:
                raise wire.ProtocolError("an answer to another question")
        if self._arrived and not self._posted:
            raise wire.ProtocolError("more than one answer")
        return said, reply

    def _exactly(self, size: int, patience: Patience) -> bytes:
        """The next bytes. Memory is taken as they arrive, whatever was announced."""
        while len(self._arrived) < size:
            self._await_answer(patience)
            chunk = self._answers.read(max(_CHUNK, min(size - len(self._arrived), 16 * _CHUNK)))
            if chunk == b"":
                raise ConnectionResetError("it hung up")
            self._arrived += chunk or b""
        data = bytes(memoryview(self._arrived)[:size])
        del self._arrived[:size]
        return data

    def _await_answer(self, patience: Patience) -> None:
        """Wait until there is something to read; meanwhile send, and take what it prints, so that it need not wait.

        Whoever does not read cannot keep the grader waiting for longer than whoever does not answer.
        """
        while True:
            poll = select.poll()
            poll.register(self._answers, select.POLLIN)
            if self._unsent:
                poll.register(self._questions, select.POLLOUT)
            if self._printing:
                poll.register(self._process.stdout, select.POLLIN)
            ready = [number for number, _ in poll.poll(patience.seconds() * 1000)]
            if self._unsent and self._questions.fileno() in ready:
                self._send()
            if self._printing and self._process.stdout.fileno() in ready:
                self._printing = bool(self._take_printed())
            arrived = self._answers.fileno() in ready
            patience.look(arrived)  # also where there is something: an answer may come drop by drop
            if arrived:
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
        self._hang_up()
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


def observations(reply: dict, question: Question) -> list[Observation]:
    """The observations in a reply to this question. Raises WorkerDied for any other."""
    told = reply.get("observations")
    try:
        if type(told) is not list or len(told) != len(question.asks):
            raise ValueError("not as many observations as were asked for")
        return [from_data(*each, question.inputs, question.gys) for each in zip(told, question.asks, strict=True)]
    except ValueError as error:
        raise WorkerDied(f"its process answered with something that is no answer ({error})") from None


def _digest(header: bytes, body: bytes) -> bytes:
    return blake2b(b"%d %b%b" % (len(header), header, body), digest_size=16).digest()


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
