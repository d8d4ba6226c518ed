"""The clock of `--minutes=M`: what it says, and when a new one may be started."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.harness.practice.history import Timer

if TYPE_CHECKING:
    from tests.harness.display.screen import Piece

LONGEST = 24 * 60  # minutes
_WARNINGS = ((10, "10 minutes left", "the last 10 minutes"), (1, "1 minute left", "the last minute"))


@dataclass(frozen=True)
class Clock:
    """A clock that was started. `score`: at the bell, of its operations, once it has rung; until then the score so far."""

    timer: Timer
    score: float

    @property
    def bell(self) -> float:
        """When time is up, as time.time()."""
        return self.timer.bell

    def rung(self, when: float) -> bool:
        return when >= self.bell

    def line(self, when: float) -> Piece:
        """What the clock says, and how that is marked: `43:12 left`, or when it rang and the score that was reached."""
        if self.rung(when):
            return f"the bell rang at {_time_of(self.bell, when)}: {self.score:.2f} at the bell", {"bold": True}
        left = math.ceil(self.bell - when)
        text = f"{left // 60}:{left % 60:02} left"
        return text, {"red": True} if left <= 60 else {"yellow": True} if left <= 600 else {}

    def warning(self, when: float) -> str:
        """Which part of the time it is: `the last 10 minutes`, `the last minute`, else nothing."""
        warnings = [(self.bell - 60 * m, part) for m, _, part in _WARNINGS if m < self.timer.minutes]
        said = [part for moment, part in warnings if moment <= when < self.bell]
        return said[-1] if said else ""

    def crossed(self, before: float, after: float) -> str | None:
        """What must be told when time went on from `before` to `after`: `10 minutes left`, `1 minute left`, `time is up`."""
        moments = [(self.bell - 60 * minutes, said) for minutes, said, _ in _WARNINGS if minutes < self.timer.minutes]
        moments.append((self.bell, "time is up"))
        told = [said for moment, said in moments if before < moment <= after]
        return told[-1] if told else None

    def state(self, when: float) -> str:
        """The clock in the middle of a sentence: which it is, and how far."""
        what = f"a clock of {self.timer.minutes:g} minutes"
        if self.timer.sample:
            what = f"a mock interview of {self.timer.sample} (--seed={self.timer.seed}, {self.timer.minutes:g} minutes)"
        if self.rung(when):
            return f"{what} has run out at {_time_of(self.bell, when)} ({self.score:.2f} at the bell)"
        return f"{what} is running ({self.line(when)[0]})"


@dataclass(frozen=True)
class Asked:
    """What the command line asks for. All None and False: nothing."""

    minutes: float | None = None
    sample: int | None = None
    seed: int | None = None
    restart: bool = False

    def __str__(self) -> str:
        options = (("minutes", self.minutes), ("sample", self.sample), ("seed", self.sample and self.seed))
        return " ".join(
            f"--{name}={value:g}" if name != "seed" else f"--seed={value}"
            for name, value in options
            if value is not None
        )

    def refuse_without_a_clock(self) -> None:
        """Raise UsageError where there is nothing to start again."""
        if self.restart and self.minutes is None and self.sample is None:
            raise pytest.UsageError(
                "--restart: starts a clock anew; say which: --minutes=M --restart or --sample=K --restart"
            )

    def starts(self, clock: Clock | None, when: float) -> bool:
        """Whether a new clock is to be started, beside the one that there is. Raises UsageError where it must not be."""
        if self.minutes is None and self.sample is None:
            return False
        if clock is None or self.restart:
            return True
        timer = clock.timer
        other = self.minutes not in (None, timer.minutes) and not clock.rung(when)
        if self.sample is not None:
            other = other or self.sample != timer.sample or self.seed not in (None, timer.seed)
        if other:
            raise pytest.UsageError(self.refusal(clock, when))
        return False

    def refusal(self, clock: Clock, when: float) -> str:
        """One line: what stands in the way of a new clock, and the word that starts one all the same."""
        return f"{self}: {clock.state(when)}; for a new one: {replace(self, restart=False)} --restart"


def minutes_of(text: str | None) -> float | None:
    """The minutes that were asked for. Raises UsageError where they are none."""
    if text is None:
        return None
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not 0 < minutes <= LONGEST:
        raise pytest.UsageError(f"--minutes={text}: should be a number of minutes, more than 0 and at most {LONGEST}")
    return minutes


def sample_of(text: str | None) -> int | None:
    """How many operations were asked for. Raises UsageError where it is no such number."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and int(text[:6]) > 0 and len(text) < 6):
        raise pytest.UsageError(f"--sample={text}: should be the number of operations to choose, 1 or more")
    return int(text)


def _time_of(moment: float, now: float) -> str:
    """The time of day; with the date, if it is another day."""
    then, today = datetime.datetime.fromtimestamp(moment), datetime.datetime.fromtimestamp(now)
    return then.strftime("%H:%M" if then.date() == today.date() else "%H:%M on %Y-%m-%d")
