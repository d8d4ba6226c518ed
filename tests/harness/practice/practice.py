"""Practising with `--impl=kata`: what is known of the candidate's progress, and the clock. `Practice` is what a run,
the watch loop and hints share; see plugin/evening.py for what it adds to a pytest run.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tests.harness.judgement.points import FAILED, PUBLIC, with_unasked
from tests.harness.practice import notes
from tests.harness.practice.clock import Clock
from tests.harness.practice.history import GAP, History, Round, Timer
from tests.harness.practice.hunts import Hunt, Hunts, Tally, tally
from tests.harness.practice.store import Store, data_folder
from tests.harness.rows.names import outline, pars
from tests.harness.worker.printable import printable

if TYPE_CHECKING:
    from tests.harness.display.result import Result

LONGEST = 300  # characters of what was said of a mistake
_PLACE = re.compile(r" \([^()]+, line \d+\)")


class Practice:
    """What is known of the practice in one project folder. No method raises for the history's sake: see `notices`.

    It holds no file open, so a forked process may inherit it. A moment, `when`, is a time.time(). It imports no torch.
    """

    def __init__(self, history: History, hunts: Hunts | None = None):
        self.history, self.hunts = history, hunts
        self._clock: Clock | None = None
        self._stale = True  # whether the clock is to be read again
        self._rounds: dict[str, list[Round]] | None = None  # read when they are asked for
        self._said: list[str] = []

    @classmethod
    def open(cls, project: Path) -> Practice:
        """The practice in this project folder, from the user's data directory."""
        store, folder = Store(data_folder()), str(project.resolve())
        return cls(History(store, folder), Hunts(store, folder))

    @property
    def notices(self) -> list[str]:
        """Lines that the candidate must be shown once: of a damaged history, of a clock that ran out."""
        return [*self.history.notices, *self._said]

    def say(self, line: str) -> None:
        """Add a notice."""
        self._said.append(line)

    def note(self, results: Sequence[Result], fingerprints: Mapping[str, str], when: float) -> None:
        """Record a verdict: call it once for each run, or each save that was graded.

        `results`: of the operations that were graded, all of each or only some properties. `fingerprints`: those of
        changes.fingerprints, of as many operations as are known, as they were when graded. `when`: the moment of the
        save, or when the run began; a verdict counts for the clock if that is before the bell.
        """
        graded: dict[str, dict[str, str]] = {}
        for result in results:
            if result.op in pars():
                graded.setdefault(result.op, {})[result.property] = result.status
        for result in results:
            if result.op in graded and not result.asked:
                graded[result.op] = with_unasked(graded[result.op], [result.property])
        own = self.hunt() is None  # else somebody else's code, and mistakes that were planted
        self.history.note(graded, dict(fingerprints), when, _mistakes(results) if own else {}, rounds=own)
        self._rounds = None
        self._stale = True

    def note_explained(self, results: Sequence[Result], when: float) -> None:
        """Record what was said of failures, where that came later than their verdict."""
        found = _mistakes(results)
        if found and self.hunt() is None:
            self.history.note_mistakes(found, when)

    def hunt(self) -> Hunt | None:
        """The hunt for mistakes that is on in this project."""
        return self.hunts.current() if self.hunts else None

    def settle(self, fingerprints: Mapping[str, str], when: float, also: Collection[int] = ()) -> Tally | None:
        """How the hunt that is on stands, after a verdict that began at `when`; what was found before the bell is recorded.

        `also`: see hunts.tally.
        """
        hunt = self.hunt()
        if hunt is None:
            return None
        found = tally(hunt.planted, self.holding(hunt, fingerprints), also)
        if when < hunt.bell:
            self.hunts.find(hunt, found.mended, when)
        return found

    def holding(self, hunt: Hunt, fingerprints: Mapping[str, str]) -> dict[str, bool]:
        """Operation -> whether all of its properties hold, of those of the hunt's levels that were judged as they are now."""
        known, found = self.history.known(fingerprints), {}
        for op in (op for level in hunt.levels for op in outline().get(level, ()) if op in known):
            statuses = {prop: known[op].get(prop) for prop in PUBLIC}
            if {*FAILED, "todo"} & set(statuses.values()):
                found[op] = False
            elif None not in statuses.values():
                found[op] = True
        return found

    def clock(self, when: float) -> Clock | None:
        """The clock to be shown: one that runs, or whose bell rang in the session that still goes on; else None."""
        clock = self.last_clock()
        if clock is None or not clock.rung(when) or when - clock.bell <= GAP:
            return clock
        session = self.history.last_session()
        return clock if session and session.began <= clock.bell and when - session.ended <= GAP else None

    def last_clock(self) -> Clock | None:
        """The clock that was started last in this project, however long ago."""
        if self._stale:
            timer = self.history.timer()
            self._clock = Clock(timer, self.history.at_bell(timer)) if timer else None
            self._stale = False
        return self._clock

    def start(self, timer: Timer) -> None:
        """Start a clock, in the place of the last one."""
        self.history.start(timer)
        self._stale = True

    def best(self, op: str) -> float | None:
        """The personal best: the shortest time to green of all rounds, in seconds; None where there is none yet."""
        return min((r.time for r in self._of(op) if r.time is not None), default=None)

    def time(self, op: str) -> float | None:
        """The time to green of the last round in this project, in seconds; None while it is not green."""
        last = self._last(op)
        return last.time if last else None

    def is_green(self, op: str) -> bool:
        """Whether the last round in this project is over."""
        last = self._last(op)
        return last is not None and last.green is not None

    def par(self, op: str) -> int:
        """The par time of an operation, in minutes; 0 where there is no such operation."""
        return pars().get(op, 0)

    def against_par(self, op: str) -> str:
        """The time to green of the last round against par: `4:12/5`; empty where there is none."""
        seconds = self.time(op)
        return f"{minutes(seconds)}/{self.par(op)}" if seconds is not None else ""

    def times(self, results: Collection[Result]) -> dict[str, str]:
        """Operation -> its time to green against par, for those that are green and whose time is known."""
        ops = {r.op for r in results} - {r.op for r in results if not r.holds}
        return {op: text for op in ops if (text := self.against_par(op))}

    def hints(self, op: str) -> dict[int, int]:
        """Level -> how often the hint of this level was taken, in all rounds and projects."""
        return self.history.hints(op)

    def hints_taken(self, op: str) -> int:
        """The highest level of the hints that were taken since the round began; 0 where none was."""
        last = self._last(op)
        return max(self.history.hints_since(op, last.began if last else 0.0), default=0)

    def note_hint(self, op: str, level: int, when: float | None = None) -> None:
        """Record that the hint of this level was shown."""
        self.history.note_hint(op, level, time.time() if when is None else when)

    def note_reset(self, ops: Sequence[str], when: float | None = None) -> None:
        """Record that these operations were made stubs again, so that their next rounds begin now."""
        self.history.note_reset(list(ops), time.time() if when is None else when)
        self._rounds = None

    def notes(self, op: str) -> list[str]:
        """The operation's notes, as lines to show."""
        return notes.lines(notes.of_all(self.history.store).get(op, ()))

    def _of(self, op: str) -> list[Round]:
        if self._rounds is None:
            self._rounds = {}
            for played in self.history.rounds():
                self._rounds.setdefault(played.op, []).append(played)
        return self._rounds.get(op, [])

    def _last(self, op: str) -> Round | None:
        here = [r for r in self._of(op) if r.project == self.history.project]
        return here[-1] if here else None


def _mistakes(results: Sequence[Result]) -> dict[str, list[str]]:
    """Operation -> what is said of its wrong answers, without the places in the code, so that the same is said again."""
    found: dict[str, list[str]] = {}
    for result in results:
        if result.status == "fail" and result.op in pars():
            lines = [printable(_PLACE.sub("", part), LONGEST) for part in result.parts]
            found.setdefault(result.op, []).extend(filter(None, lines))
    return found


def minutes(seconds: float) -> str:
    """A length of time as people say it: `4:12`, and `1:04:12` from an hour on."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{whole // 60}:{whole % 60:02}"
