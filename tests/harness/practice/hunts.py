"""Hunts: the mistakes that were planted in kata/, when each was found, and which were missed, as store.py keeps them.

What is planted and how is not known here, only its lines; who judges whether one is mended is plugin/hunt.py.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.harness.judgement.points import PUBLIC
from tests.harness.practice.store import Store
from tests.harness.rows.names import pars

if TYPE_CHECKING:
    from tests.harness.display.result import Result


@dataclass(frozen=True)
class Planted:
    """A mistake of an operation: where the lines `after` stand, `before` is right. `found`: when it was seen to be mended.

    `kind`: what kind of mistake; `grade`: how hard it is to see; `part`, `nth`: which place of the level's module; `users`: the
    operations that use it, where it may show too.
    """

    op: str
    kind: str
    grade: str
    level: str
    part: str
    before: str
    after: str
    nth: int
    users: tuple[str, ...] = ()
    found: float | None = None


@dataclass(frozen=True)
class Hunt:
    """A hunt of one project. `levels`: whose modules were written; `scope`: the operations that mistakes were drawn from."""

    number: int
    started: float
    minutes: float
    seed: int
    levels: tuple[str, ...]
    scope: tuple[str, ...]
    planted: tuple[Planted, ...]
    ended: float | None = None

    @property
    def bell(self) -> float:
        return self.started + 60 * self.minutes

    @property
    def missed(self) -> tuple[Planted, ...]:
        """What has not been found, so far or at all."""
        return tuple(one for one in self.planted if one.found is None)


@dataclass(frozen=True)
class Tally:
    """How a hunt stands: the numbers of the mistakes that are mended, of how many, and what was right and is wrong now."""

    planted: int
    mended: frozenset[int]
    broken: tuple[str, ...]

    @property
    def left(self) -> int:
        return self.planted - len(self.mended)

    @property
    def line(self) -> str:
        """`mended 1 of 4, broken 0`, with the names of what is broken."""
        names = f" ({', '.join(self.broken)})" if self.broken else ""
        return f"mended {len(self.mended)} of {self.planted}, broken {len(self.broken)}{names}"


def tally(planted: Sequence[Planted], holds: Mapping[str, bool], also: Collection[int] = ()) -> Tally:
    """How it stands. `holds`: of the operations that were judged, whether all of their properties hold.

    A mistake is mended when its operation holds, or did when it was last judged; of several in one operation also those of `also`, each by itself. What uses
    an operation that is wrong yet is not broken.
    """
    held = [holds.get(one.op, one.found is not None) for one in planted]
    mended = frozenset(n for n in range(len(planted)) if held[n] or n in also)
    wrong = {op for n, one in enumerate(planted) if n not in mended for op in (one.op, *one.users)}
    wrong |= {one.op for one in planted if not holds.get(one.op, True)}
    return Tally(len(planted), mended, tuple(op for op, held in holds.items() if not held and op not in wrong))


def handed_in(planted: Sequence[Planted], results: Sequence[Result]) -> dict[str, object]:
    """What became of the mistakes in what was handed in, by its verdicts on the public properties."""
    holds: dict[str, bool] = {}
    for result in results:
        if result.property in PUBLIC and result.op in pars():
            holds[result.op] = holds.get(result.op, True) and result.judged and result.holds
    found = tally(planted, holds)
    return {
        "planted": found.planted,
        "mended": len(found.mended),
        "left": found.left,
        "broken": list(found.broken),
    }


class Hunts:
    """The hunts in one project folder; `all` has those of others as well."""

    def __init__(self, store: Store, project: str):
        self._store, self._project = store, project

    @property
    def notices(self) -> list[str]:
        """What the user must be told of the file, a line each."""
        return self._store.notices

    @property
    def lasts(self) -> bool:
        """Whether what is recorded outlasts this run."""
        return self._store.lasts

    def start(self, hunt: Hunt) -> None:
        """Record a hunt; one that was on is ended."""
        self._store.transact(lambda db: _start(db, self._project, hunt))

    def current(self) -> Hunt | None:
        """The hunt that is on in this project."""
        found = self._store.transact(lambda db: _read(db, "project = ? AND ended IS NULL", (self._project,)))
        return found[-1] if found else None

    def last(self) -> Hunt | None:
        """The last hunt of this project, over or not."""
        found = self._store.transact(lambda db: _read(db, "project = ?", (self._project,)))
        return found[-1] if found else None

    def all(self) -> list[Hunt]:
        """All hunts, in all projects, in the order in which they began."""
        return self._store.transact(lambda db: _read(db, "1", ()))

    def find(self, hunt: Hunt, numbers: Collection[int], when: float) -> None:
        """Record which of its mistakes are mended now; one that is wrong again is not found any more."""
        sql = "UPDATE planted SET found = ? WHERE hunt = ? AND number = ?"
        moments = [(one.found or when) if n in numbers else None for n, one in enumerate(hunt.planted)]
        rows = [(moment, hunt.number, n) for n, moment in enumerate(moments)]
        self._store.transact(lambda db: db.executemany(sql, rows))

    def end(self, hunt: Hunt, when: float) -> None:
        """Record that it is over."""
        row = (when, hunt.number)
        self._store.transact(lambda db: db.execute("UPDATE hunt SET ended = ? WHERE id = ?", row))


def _start(db: sqlite3.Connection, project: str, hunt: Hunt) -> None:
    db.execute("UPDATE hunt SET ended = ? WHERE project = ? AND ended IS NULL", (hunt.started, project))
    row = (project, hunt.started, hunt.minutes, str(hunt.seed), json.dumps(hunt.levels), json.dumps(hunt.scope))
    number = db.execute("INSERT INTO hunt VALUES (NULL, ?, ?, ?, ?, ?, ?, NULL)", row).lastrowid
    rows = [
        (
            number,
            n,
            one.op,
            one.kind,
            one.grade,
            one.level,
            one.part,
            one.before,
            one.after,
            one.nth,
            json.dumps(one.users),
        )
        for n, one in enumerate(hunt.planted)
    ]
    db.executemany("INSERT INTO planted VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)", rows)


def _read(db: sqlite3.Connection, condition: str, values: Sequence) -> list[Hunt]:
    sql = f"SELECT id, started, minutes, seed, levels, scope, ended FROM hunt WHERE {condition} ORDER BY id"
    planted = "SELECT op, kind, grade, level, part, before, after, nth, users, found FROM planted WHERE hunt = ? ORDER BY number"
    hunts = []
    for number, started, minutes, seed, levels, scope, ended in db.execute(sql, values).fetchall():
        rows = db.execute(planted, (number,)).fetchall()
        mistakes = tuple(Planted(*row[:8], tuple(json.loads(row[8])), row[9]) for row in rows)
        lists = tuple(json.loads(levels)), tuple(json.loads(scope))
        hunts.append(Hunt(number, started, minutes, int(seed), *lists, mistakes, ended))
    return hunts
