"""What was practised: sessions, verdicts, mistakes, rounds, hints and clocks, as store.py keeps them. Times are those of time.time().

A session is a series of runs of one project without a gap of more than half an hour. An attempt is a verdict on code
that changed since the verdict before. A round of an operation begins when it is first seen or a stub again, and ends
when it is green: full marks in the public properties. Its active time is the time between verdicts that went into it:
of each such interval within a session, an even share for every operation whose code changed. An interval in which no
code changed is part of the next.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tests.harness.judgement.points import POINTS, PUBLIC, points
from tests.harness.practice.store import Store

GAP = 30 * 60.0  # seconds between two runs that end a session
POSSIBLE = sum(POINTS[p] for p in PUBLIC)


@dataclass(frozen=True)
class Round:
    """From a stub to green, or as far as it came. `seconds`: the active time. `green`: when, if it was."""

    project: str
    op: str
    began: float
    attempts: int
    seconds: float
    green: float | None

    @property
    def time(self) -> float | None:
        """The time to green in seconds; None where it is not green, or was so before anybody looked."""
        return self.seconds if self.green is not None and self.seconds > 0 else None


@dataclass(frozen=True)
class Session:
    """Runs without a long gap. `scores`: after each run, over all that the session had. `bell`: the score at the bell, if one rang."""

    project: str
    began: float
    ended: float
    scores: tuple[float, ...]
    bell: float | None = None

    @property
    def minutes(self) -> float:
        return (self.ended - self.began) / 60


@dataclass(frozen=True)
class Timer:
    """A clock as it was started. `sample`, `seed`: of the mock interview that it belongs to."""

    started: float
    minutes: float
    scope: tuple[str, ...]
    sample: int | None = None
    seed: int | None = None

    @property
    def bell(self) -> float:
        return self.started + 60 * self.minutes


class History:
    """The history of one user. `project`: the folder that is practised in; others are read as well."""

    def __init__(self, store: Store, project: str):
        self.store, self.project = store, project

    @property
    def notices(self) -> list[str]:
        """What the user must be told of the file, a line each."""
        return self.store.notices

    def note(
        self,
        graded: Mapping[str, Mapping[str, str]],
        codes: Mapping[str, str],
        when: float,
        mistakes: Mapping[str, Sequence[str]] | None = None,
        *,
        rounds: bool = True,
    ) -> None:
        """Record a run.

        `graded`: operation -> property -> status; `codes`: operation -> digest, "" if it cannot be read; `mistakes`:
        operation -> what was said of its failures; `rounds`: whether it counts for them; not where the code is somebody else's.
        """
        self.store.transact(lambda db: _note(db, self.project, graded, codes, when, mistakes or {}, rounds=rounds))

    def note_mistakes(self, mistakes: Mapping[str, Sequence[str]], when: float) -> None:
        """Record what was said of failures that are recorded already."""
        self.store.transact(lambda db: _note_mistakes(db, _session(db, self.project, when)[0], mistakes, when))

    def known(self, codes: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """Operation -> property -> status, as last judged, of those whose code is still that which was judged."""
        sql = "SELECT op, graded, statuses FROM code WHERE project = ?"
        rows = self.store.transact(lambda db: db.execute(sql, (self.project,)).fetchall())
        return {op: json.loads(statuses) for op, graded, statuses in rows if graded and codes.get(op) == graded}

    def note_reset(self, ops: Sequence[str], when: float) -> None:
        """Record that these operations are stubs again: a round of each begins."""
        self.store.transact(lambda db: [_begin_again(db, self.project, op, when) for op in ops])

    def note_hint(self, op: str, level: int, when: float) -> None:
        """Record that a hint was taken."""
        row = (self.project, op, level, when)
        self.store.transact(lambda db: db.execute("INSERT INTO hint VALUES (NULL, ?, ?, ?, ?)", row))

    def start(self, timer: Timer) -> None:
        """Record that a clock was started; it takes the place of the one before."""
        row = (self.project, timer.started, timer.minutes, json.dumps(timer.scope), timer.sample, timer.seed)
        self.store.transact(lambda db: db.execute("INSERT INTO clock VALUES (NULL, ?, ?, ?, ?, ?, ?)", row))

    def timer(self) -> Timer | None:
        """The clock of this project that was started last."""
        sql = "SELECT started, minutes, scope, sample, seed FROM clock WHERE project = ? ORDER BY id DESC LIMIT 1"
        return self.store.transact(lambda db: next(map(_timer, db.execute(sql, (self.project,))), None))

    def at_bell(self, timer: Timer) -> float:
        """The score of the clock's operations, by their last verdicts before the bell; those without one count as TODO."""
        return self.store.transact(lambda db: _at_bell(db, self.project, timer))

    def last_session(self) -> Session | None:
        """The session of this project that was the last, without its scores."""
        sql = "SELECT project, began, ended FROM session WHERE project = ? ORDER BY ended DESC LIMIT 1"
        found = self.store.transact(lambda db: db.execute(sql, (self.project,)).fetchone())
        return Session(*found, ()) if found else None

    def rounds(self) -> list[Round]:
        """All rounds, in all projects, in the order in which they began."""
        sql = "SELECT project, op, began, attempts, seconds, green FROM round ORDER BY began, id"
        return self.store.transact(lambda db: [_round(*row) for row in db.execute(sql)])

    def hints(self, op: str) -> dict[int, int]:
        """Level -> how often the hint of this level was taken, in all projects."""
        sql = "SELECT level, count(*) FROM hint WHERE op = ? GROUP BY level ORDER BY level"
        return self.store.transact(lambda db: {int(level): count for level, count in db.execute(sql, (op,))})

    def hints_since(self, op: str, when: float) -> list[int]:
        """The levels of the hints that were taken in this project since then."""
        sql = "SELECT DISTINCT level FROM hint WHERE op = ? AND project = ? AND moment >= ? ORDER BY level"
        row = (op, self.project, when)
        return self.store.transact(lambda db: [int(level) for (level,) in db.execute(sql, row)])

    def hinted(self) -> list[str]:
        """The operations for which hints were taken."""
        return self.store.transact(lambda db: [op for (op,) in db.execute("SELECT DISTINCT op FROM hint ORDER BY op")])

    def sessions(self, when: float) -> list[Session]:
        """All sessions, in all projects, in the order in which they began; with the score at a bell that rang by then."""
        return self.store.transact(lambda db: _sessions(db, when))


def _note(
    db: sqlite3.Connection,
    project: str,
    graded: Mapping,
    codes: Mapping[str, str],
    when: float,
    mistakes: Mapping,
    *,
    rounds: bool,
) -> None:
    session, marked = _session(db, project, when)
    _note_mistakes(db, session, mistakes, when)
    run = db.execute("INSERT INTO run VALUES (NULL, ?, ?)", (session, when)).lastrowid
    sql = "SELECT op, seen, graded, statuses FROM code WHERE project = ?"
    known = {op: (seen, code, json.loads(statuses)) for op, seen, code, statuses in db.execute(sql, (project,))}
    stubs = {op for op, statuses in graded.items() if _is_stub(statuses)}
    for op in sorted({*codes, *graded} - known.keys()):
        _begin(db, project, op, when)
    for op in sorted(stubs & known.keys()):
        _begin_again(db, project, op, when)
    changed = [op for op, code in codes.items() if code and op in known and known[op][0] not in ("", code)]
    working = [op for op in changed if op not in stubs and rounds]
    for op in working:
        _update(db, project, op, "seconds = seconds + max(0.0, ? - max(?, began)) / ?", when, marked, len(working))
    if working:
        db.execute("UPDATE session SET marked = ? WHERE id = ?", (max(when, marked), session))
    for op in sorted({*codes, *graded}):
        code = codes.get(op, "")
        seen, before, statuses = known.get(op, ("", "", {}))
        if op in graded:
            same = bool(code) and code == before
            verdict = {**(statuses if same else {}), **graded[op]}
            earned, _ = points(op, dict.fromkeys(PUBLIC, "skip") | verdict, PUBLIC)
            row = (run, op, code, json.dumps(verdict), earned, POSSIBLE)
            db.execute("INSERT INTO verdict VALUES (?, ?, ?, ?, ?, ?)", row)
            if code and not same and op not in stubs and rounds:
                _update(db, project, op, "attempts = attempts + ?", 1)
            if earned == POSSIBLE and rounds:
                _update(db, project, op, "green = ?", when)
            before, statuses = (code, verdict) if code else (before, statuses)
        if (code or seen, before, statuses) != known.get(op):
            row = (project, op, code or seen, before, json.dumps(statuses))
            db.execute("REPLACE INTO code VALUES (?, ?, ?, ?, ?)", row)


def _note_mistakes(db: sqlite3.Connection, session: int, mistakes: Mapping[str, Sequence[str]], when: float) -> None:
    """What is said again in one session is one mistake."""
    rows = [(session, op, said, when) for op, lines in mistakes.items() for said in lines]
    db.executemany("INSERT OR IGNORE INTO mistake VALUES (?, ?, ?, ?)", rows)


def _session(db: sqlite3.Connection, project: str, when: float) -> tuple[int, float]:
    """The session that a run at this moment belongs to, and when code was last seen to change in it."""
    sql = "SELECT id, ended, marked FROM session WHERE project = ? ORDER BY ended DESC LIMIT 1"
    last = db.execute(sql, (project,)).fetchone()
    if last and when - last[1] <= GAP:
        db.execute("UPDATE session SET ended = ? WHERE id = ?", (max(when, last[1]), last[0]))
        return last[0], last[2]
    row = (project, when, when, when)
    return db.execute("INSERT INTO session VALUES (NULL, ?, ?, ?, ?)", row).lastrowid, when


def _begin(db: sqlite3.Connection, project: str, op: str, when: float) -> None:
    db.execute("INSERT INTO round VALUES (NULL, ?, ?, ?, 0, 0.0, NULL)", (project, op, when))


def _begin_again(db: sqlite3.Connection, project: str, op: str, when: float) -> None:
    """It is a stub: a new round begins, unless nothing was done in the last one."""
    sql = "SELECT attempts, green FROM round WHERE project = ? AND op = ? ORDER BY id DESC LIMIT 1"
    attempts, green = db.execute(sql, (project, op)).fetchone() or (1, None)
    if attempts or green is not None:
        _begin(db, project, op, when)
    else:
        _update(db, project, op, "seconds = ?", 0.0)


def _update(db: sqlite3.Connection, project: str, op: str, change: str, *values: float) -> None:
    """Change the last round of an operation, if it is not over."""
    last = "SELECT max(id) FROM round WHERE project = ? AND op = ?"
    db.execute(f"UPDATE round SET {change} WHERE id = ({last}) AND green IS NULL", (*values, project, op))


def _at_bell(db: sqlite3.Connection, project: str, timer: Timer) -> float:
    sql = """SELECT op, earned FROM verdict JOIN run ON run.id = run JOIN session ON session.id = session
             WHERE project = ? AND moment >= ? AND moment < ? ORDER BY moment, run.id"""
    earned = dict(db.execute(sql, (project, timer.started, timer.bell)).fetchall())
    return _share([earned.get(op, 0) for op in timer.scope])


def _sessions(db: sqlite3.Connection, when: float) -> list[Session]:
    sessions = []
    for number, project, began, ended in db.execute("SELECT id, project, began, ended FROM session ORDER BY began, id"):
        runs: dict[int, dict[str, int]] = {}
        sql = (
            "SELECT run.id, op, earned FROM run JOIN verdict ON run = run.id WHERE session = ? ORDER BY moment, run.id"
        )
        for run, op, earned in db.execute(sql, (number,)):
            runs.setdefault(run, {})[op] = earned
        state = dict.fromkeys((op for verdicts in runs.values() for op in verdicts), 0)
        scores = []
        for verdicts in runs.values():
            state |= verdicts
            scores.append(_share(list(state.values())))
        session = Session(project, began, ended, tuple(scores))
        sql = """SELECT started, minutes, scope, sample, seed FROM clock
                 WHERE project = ? AND started BETWEEN ? AND ? ORDER BY id DESC LIMIT 1"""
        timer = next(map(_timer, db.execute(sql, (project, began, ended))), None)
        rung = timer is not None and timer.bell <= when
        sessions.append(replace(session, bell=_at_bell(db, project, timer)) if rung else session)
    return sessions


def _share(earned: list[int]) -> float:
    return round(100 * sum(earned) / (POSSIBLE * len(earned)), 2) if earned else 0.0


def _is_stub(statuses: Mapping[str, str]) -> bool:
    return "todo" in statuses.values() and set(statuses.values()) <= {"todo", "skip"}


def _timer(row: tuple) -> Timer:
    started, minutes, scope, sample, seed = row
    return Timer(float(started), float(minutes), tuple(json.loads(scope)), sample, seed)


def _round(project: str, op: str, began: float, attempts: int, seconds: float, green: float | None) -> Round:
    return Round(str(project), str(op), float(began), int(attempts), float(seconds), green)
