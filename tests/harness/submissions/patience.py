"""How long the grader waits for an answer: by what the worker uses, so that a busy machine is no reason to be stopped.

Looked at from outside, by `usage.py`; of code in this process, between two of its steps (deadline.py). What the worker
computes is limited, and so is the time in which it neither computes nor waits for a processor: asleep, or waiting for what
does not come. Of the latter a right answer uses nothing, so a disk that is slow may have it. By the clock there is only a
guard, far away; where the system tells of no usage, a nearer one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.harness.submissions.usage import Usage, own_usage
from tests.harness.worker.refusal import ENDLESS

AT_ONCE = 0.001  # seconds for an answer of which no account is kept
LOOK = 0.25  # seconds between two looks
CLOCK_TIMES, BLIND_TIMES = 20, 4  # the guards, in times of what may be computed; the second where usage is unknown


class WorkerStuck(Exception):
    """The worker did not answer in time; says after how many seconds of what."""


@dataclass(frozen=True)
class Spent:
    """Seconds that a worker has computed, and been asleep."""

    computing: float = 0.0
    asleep: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.computing or self.asleep)

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.computing + other.computing, self.asleep + other.asleep)

    def used_up(self, allowed: "Spent") -> str:
        """What of the allowed it has used up, in words; nothing where something is left of both."""
        if self.computing >= allowed.computing:
            return f"{allowed.computing:g} s of computing"
        return f"{allowed.asleep:g} s asleep or waiting" if self.asleep >= allowed.asleep else ""


class Patience:
    """With one answer, that may take `computing` seconds of a processor, and be `asleep` for so many.

    `beside`: what was used by whoever else it had to wait for, usually this thread.
    """

    def __init__(
        self,
        used: Callable[[], Usage | None],
        computing: float,
        asleep: float,
        beside: Callable[[], Usage | None] = lambda: own_usage(),
    ):
        self._used, self._computing, self._asleep, self._beside = used, computing, asleep, beside
        self._at: float | None = None  # of the last look
        self._clock, self.spent, self._at_once = 0.0, Spent(), True

    @property
    def begun(self) -> bool:
        """Whether an account is kept: not of an answer that comes at once."""
        return self._at is not None

    def seconds(self) -> float:
        """How long to wait until the next look."""
        return LOOK if self.begun else AT_ONCE

    def look(self, arrived: bool) -> None:
        """See what was used since the last look, if that was some time ago. Raises WorkerStuck.

        `arrived`: whether there was nothing to wait for; the first time, that may be the whole answer.
        """
        now = time.monotonic()
        if not self.begun and arrived and self._at_once:
            self._at_once = False
        elif not self.begun:
            self._at, self._before = now, (self._used(), self._beside())
        elif now - self._at >= LOOK:
            self._count(now)
            self._judge()

    def end(self) -> Spent:
        """What was used in all, as far as an account was kept."""
        if self.begun:
            self._count(time.monotonic())
        return self.spent

    def _count(self, now: float) -> None:
        # Not more than two looks' worth: where this process was itself stopped, that is nobody's time.
        took = min(now - self._at, 2 * LOOK)
        worker, grader = self._used(), self._beside()
        self._at, (worker_before, grader_before), self._before = now, self._before, (worker, grader)
        self._clock += took
        self._blind = None in (worker, grader, worker_before, grader_before)
        if self._blind:
            self.spent += Spent(took)
            return
        computing = max(0.0, worker.computing - worker_before.computing)  # one that is gone has used nothing any more
        # A worker that has answered sleeps until this process gets to read it. What a process is queued for is told when it
        # has come to its turn, and taken off again then.
        others = worker.queued - worker_before.queued
        others += grader.computing - grader_before.computing + grader.queued - grader_before.queued
        asleep = self.spent.asleep + took - computing - others
        self.spent = Spent(self.spent.computing + computing, max(0.0, asleep))  # nobody saves up sleep

    def _judge(self) -> None:
        if self._blind:
            if self._clock > BLIND_TIMES * self._computing:
                raise WorkerStuck(f"no answer after {BLIND_TIMES * self._computing:.3g} s by the clock")
        elif self.spent.computing > self._computing:
            raise WorkerStuck(ENDLESS.format(self._computing))
        elif self.spent.asleep > self._asleep:
            raise WorkerStuck(f"no answer after {self._asleep:.3g} s asleep or waiting")
        elif self._clock > CLOCK_TIMES * self._computing:
            raise WorkerStuck(f"no answer after {CLOCK_TIMES * self._computing:.3g} s by the clock")
