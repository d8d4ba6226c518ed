"""How each operation stands: in which of Leitner's boxes it lies, since when, and why. due.py says what of it is due.

The boxes are Leitner's ("So lernt man lernen", 1972), with intervals that are usual for five. A round that was green by
oneself and in time moves an operation on by one box. One that took three times par or a hint, or in which a mistake of an
earlier session was made again, puts it into the first; so does a mistake that was missed in a hunt. What is repeated
before its day stays in its box.

Why not FSRS. Measured, its package `fsrs` 6.3.2 imports no torch and can do without chance, but it would be a dependency
of every kit, takes 50 ms to import, where all of `--history` takes 350, and its 21 weights were fitted to flashcards: what
was green twice it asks for 46 days later, which is longer than most people prepare for an interview. Of five boxes one
can say on a line why something is due.
"""

from __future__ import annotations

import datetime
import math
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tests.harness.practice.hints import KINDS
from tests.harness.practice.history import History, Round
from tests.harness.practice.notes import day
from tests.harness.practice.practice import minutes
from tests.harness.rows.names import pars

DAYS = (0, 3, 7, 14, 30)  # after which what lies in a box is due
SLOW = 3  # times par


@dataclass(frozen=True)
class Standing:
    """`box`: 1 to 5; 0 where it was never green. `since`: the moment that put it there. `why`: what went badly, if it did.

    `began`: where it was begun and is not green, when that was. `tries`: since then.
    """

    box: int = 0
    since: float = 0.0
    why: tuple[str, ...] = ()
    began: float | None = None
    tries: int = 0

    @property
    def interval(self) -> int:
        """After how many days it is due."""
        return DAYS[max(self.box, 1) - 1]

    def age(self, now: float) -> int:
        """How many days ago that was, by the calendar."""
        return _days(self.since, now)

    def overdue(self, now: float) -> int:
        """For how many days it has been due; less than 0 where it is not, yet."""
        return self.age(now) - self.interval if self.began is None else _days(self.began, now)


def standings(history: History, now: float) -> dict[str, Standing]:
    """Operation -> how it stands, of those that were begun, by all that was practised in all folders."""
    rounds = history.rounds()
    hints, mistakes, missed = history.store.transact(lambda db: (_hints(db), _mistakes(db), _missed(db, now)))
    happened = [*_rounds(rounds, hints, mistakes), *missed]
    found: dict[str, Standing] = {}
    for one in sorted(happened, key=lambda one: one.moment):
        found[one.op] = _after(found.get(one.op, Standing()), one)
    return found


@dataclass(frozen=True)
class _Happened:
    """A round that ended green or is still open, or a mistake that was missed. `badly`: what went so, in words."""

    op: str
    moment: float
    badly: tuple[str, ...]
    green: bool = True
    tries: int = 0


_Hints = dict[tuple[str, str], list[tuple[float, int]]]
"""Folder and operation -> moment and level of each hint, in order."""
_Mistakes = dict[str, list[tuple[float, str, str]]]
"""Operation -> moment, folder, and what was said, once for each session, in order."""


def _after(standing: Standing, one: _Happened) -> Standing:
    """How an operation stands after this."""
    if not one.green:
        return replace(standing, why=one.badly, began=one.moment, tries=one.tries)
    if one.badly:
        return Standing(1, one.moment, one.badly)
    on = standing.age(one.moment) >= standing.interval
    return Standing(2 if not standing.box else min(standing.box + on, len(DAYS)), one.moment)


def _rounds(rounds: Sequence[Round], hints: _Hints, mistakes: _Mistakes) -> Iterator[_Happened]:
    """What the rounds came to, those in which something was done. Hints taken before a round count for it."""
    known = {(played.project, played.op) for played in rounds}
    only_hinted = [Round(*where, taken[0][0], 0, 0.0, None) for where, taken in hints.items() if where not in known]
    before: dict[tuple[str, str], float] = {}  # where -> when the round before was over
    for played in (*rounds, *only_hinted):
        where = (played.project, played.op)
        begins, ends = before.get(where, -math.inf), math.inf if played.green is None else played.green
        before[where] = played.began if played.green is None else played.green
        level = max((level for moment, level in hints.get(where, ()) if begins < moment <= ends), default=0)
        said = mistakes.get(played.op, [])
        again = [
            (mistake, sum(other[2] == mistake and other[0] <= moment for other in said))
            for moment, project, mistake in said
            if project == played.project and begins < moment <= ends
        ]
        badly = _badly(played, level, [(mistake, times) for mistake, times in again if times > 1])
        if played.attempts or level or played.green is not None:
            moment = played.began if played.green is None else played.green
            yield _Happened(played.op, moment, badly, played.green is not None, played.attempts)


def _badly(played: Round, level: int, again: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    """Why a round does not count as done well, in words. `level`: of its hints. `again`: mistakes, and in how many sessions."""
    on, par = day(played.began if played.green is None else played.green), 60 * pars().get(played.op, 0)
    said = []
    if par and played.seconds >= SLOW * par:
        said.append(f"took {minutes(played.seconds)} on {on}, {played.seconds / par:.1f} times par")
    if level:
        said.append(
            f"a hint was needed on {on}: {KINDS[level - 1] if level <= len(KINDS) else 'the place of the solution'}"
        )
    said += [f"the same mistake in {times} sessions: {mistake}" for mistake, times in dict(again).items()]
    return tuple(said)


def _days(moment: float, now: float) -> int:
    return (datetime.date.fromtimestamp(now) - datetime.date.fromtimestamp(moment)).days


def _hints(db: sqlite3.Connection) -> _Hints:
    found: _Hints = {}
    for project, op, level, moment in db.execute("SELECT project, op, level, moment FROM hint ORDER BY moment, id"):
        found.setdefault((project, op), []).append((moment, int(level)))
    return found


def _mistakes(db: sqlite3.Connection) -> _Mistakes:
    sql = (
        "SELECT op, moment, project, said FROM mistake JOIN session ON session.id = session ORDER BY moment, session.id"
    )
    found: _Mistakes = {}
    for op, moment, project, said in db.execute(sql):
        found.setdefault(op, []).append((moment, project, said))
    return found


def _missed(db: sqlite3.Connection, now: float) -> list[_Happened]:
    """The mistakes of hunts that are over which were not found; of each kind it is said how often it was missed."""
    sql = """SELECT op, kind, coalesce(ended, started + 60 * minutes) AS moment FROM planted JOIN hunt ON hunt.id = hunt
             WHERE found IS NULL AND moment <= ? ORDER BY moment, hunt.id, number"""
    times: dict[str, int] = {}
    found = []
    for op, kind, moment in db.execute(sql, (now,)):
        times[kind] = times.get(kind, 0) + 1
        again = f", missed {times[kind]} times by now" if times[kind] > 1 else ""
        found.append(_Happened(op, moment, (f"a mistake was missed in a hunt on {day(moment)}: {kind}{again}",)))
    return found
