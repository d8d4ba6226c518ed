"""Where the history is kept: an SQLite file in the user's data directory, so that it survives clones. Nothing is sent anywhere.

Opening it never fails: what cannot be used is set aside, or done without, and a line in `notices` says so.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from tests.harness.judgement import files

NAME = "history.db"
BUSY_SECONDS = 10.0  # for which another process is waited for

_OUT_OF_REACH = {
    *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR),
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN),
}  # what SQLite answers where the file may be well, but cannot be used now
_TABLES = {
    1: """
CREATE TABLE session (id INTEGER PRIMARY KEY, project TEXT NOT NULL, began REAL NOT NULL, ended REAL NOT NULL, marked REAL NOT NULL);
CREATE INDEX session_project ON session (project, ended);
CREATE TABLE run (id INTEGER PRIMARY KEY, session INTEGER NOT NULL REFERENCES session, moment REAL NOT NULL);
CREATE INDEX run_session ON run (session, moment);
CREATE TABLE verdict (run INTEGER NOT NULL REFERENCES run, op TEXT NOT NULL, code TEXT NOT NULL, statuses TEXT NOT NULL,
  earned INTEGER NOT NULL, possible INTEGER NOT NULL, PRIMARY KEY (run, op)) WITHOUT ROWID;
CREATE TABLE code (project TEXT NOT NULL, op TEXT NOT NULL, seen TEXT NOT NULL, graded TEXT NOT NULL,
  statuses TEXT NOT NULL, PRIMARY KEY (project, op)) WITHOUT ROWID;
CREATE TABLE round (id INTEGER PRIMARY KEY, project TEXT NOT NULL, op TEXT NOT NULL, began REAL NOT NULL,
  attempts INTEGER NOT NULL, seconds REAL NOT NULL, green REAL);
CREATE INDEX round_op ON round (op, project);
CREATE TABLE hint (id INTEGER PRIMARY KEY, project TEXT NOT NULL, op TEXT NOT NULL, level INTEGER NOT NULL, moment REAL NOT NULL);
CREATE INDEX hint_op ON hint (op, project);
CREATE TABLE clock (id INTEGER PRIMARY KEY, project TEXT NOT NULL, started REAL NOT NULL, minutes REAL NOT NULL,
  scope TEXT NOT NULL, sample INTEGER, seed INTEGER);
CREATE INDEX clock_project ON clock (project);
""",
    2: """
CREATE TABLE note (id INTEGER PRIMARY KEY, op TEXT NOT NULL, text TEXT NOT NULL, moment REAL NOT NULL);
CREATE INDEX note_op ON note (op);
CREATE TABLE mistake (session INTEGER NOT NULL REFERENCES session, op TEXT NOT NULL, said TEXT NOT NULL, moment REAL NOT NULL,
  PRIMARY KEY (session, op, said)) WITHOUT ROWID;
""",
    3: """
CREATE TABLE hunt (id INTEGER PRIMARY KEY, project TEXT NOT NULL, started REAL NOT NULL, minutes REAL NOT NULL,
  seed TEXT NOT NULL, levels TEXT NOT NULL, scope TEXT NOT NULL, ended REAL);
CREATE INDEX hunt_project ON hunt (project);
CREATE TABLE planted (hunt INTEGER NOT NULL REFERENCES hunt, number INTEGER NOT NULL, op TEXT NOT NULL, kind TEXT NOT NULL,
  grade TEXT NOT NULL, level TEXT NOT NULL, part TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, nth INTEGER NOT NULL,
  users TEXT NOT NULL, found REAL, PRIMARY KEY (hunt, number)) WITHOUT ROWID;
""",
}  # version of the file -> what came with it
SCHEMA = max(_TABLES)

T = TypeVar("T")


class Damaged(Exception):
    """The file is no history that can be read."""


class Newer(Exception):
    """The file is of a later version of the kata."""


def data_folder() -> Path:
    """Where the history is kept: KATA_DATA, or the user's data directory."""
    if os.environ.get("KATA_DATA"):
        return Path(os.environ["KATA_DATA"])
    from platformdirs import user_data_dir

    return Path(user_data_dir("backprop-kata", appauthor=False))


class Store:
    """The file, opened anew for each transaction: nothing is held in between, nor inherited by a forked process."""

    def __init__(self, folder: Path):
        self.file = folder / NAME
        self.notices: list[str] = []
        self._memory: sqlite3.Connection | None = None  # in place of a file that cannot be used
        self._checked, self._inode = -1, 0  # the file that was checked, and the one that is open
        self.transact(lambda db: None)

    @property
    def lasts(self) -> bool:
        """Whether what is recorded outlasts this run."""
        return self._memory is None

    def transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work in one transaction: all of it, or nothing. Where the file turns out to be damaged, in a new one."""
        for _ in range(2):
            if self._memory:
                break
            try:
                with self._connected() as db, _transaction(db):
                    return work(db)
            except Newer:
                self._do_without(f"{self.file} is of a newer version of the kata, and is left alone")
            except (OSError, sqlite3.Error, Damaged, ValueError, TypeError, KeyError) as error:
                # The last three: what was read is not what was written.
                if isinstance(error, OSError) or getattr(error, "sqlite_errorcode", 0) & 0xFF in _OUT_OF_REACH:
                    self._do_without(f"{self.file} cannot be used: {getattr(error, 'strerror', None) or error}")
                else:
                    self._set_aside(str(error))
        if not self._memory:
            self._do_without(f"{self.file} cannot be used: it is damaged again and again")
        with _transaction(self._memory):
            return work(self._memory)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self._inode = self.file.stat().st_ino if self.file.exists() else 0
        if self.file.is_dir():
            raise Damaged("it is a folder")
        with contextlib.closing(sqlite3.connect(self.file, timeout=BUSY_SECONDS, isolation_level=None)) as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA:
                raise Newer
            if not version or self._checked != self._inode:
                _check(db)
            self._checked = self._inode
            _lay_out(db)
            yield db

    def _set_aside(self, why: str) -> None:
        """Move the damaged file out of the way, so that the next transaction begins a new one."""
        self._checked = -1
        stem, number = time.strftime("history.damaged-%Y%m%d-%H%M%S"), 1
        aside = self.file.with_name(f"{stem}.db")
        while aside.exists():
            number += 1
            aside = self.file.with_name(f"{stem}-{number}.db")
        try:
            if self.file.stat().st_ino != self._inode:  # another process was faster
                return
            os.rename(self.file, aside)
            with contextlib.suppress(FileNotFoundError):  # it must not be applied to the new one
                os.rename(f"{self.file}-journal", f"{aside}-journal")
        except FileNotFoundError:
            return
        except OSError as error:
            self._do_without(f"{self.file} is damaged ({why}) and cannot be moved: {error.strerror}")
            return
        self.notices.append(f"the history was damaged ({why}): it is kept as {aside}, and a new one is begun")

    def _do_without(self, why: str) -> None:
        self._memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        _lay_out(self._memory)
        self.notices.append(f"nothing is recorded, and no clock lasts longer than this run: {why}")


def forget() -> str:
    """Delete the history, notes, clocks and damaged files included, and what torch has said; say in one line what was deleted."""
    folder = data_folder()
    deleted, left = [], []
    for file in sorted({*folder.glob(f"{NAME}*"), *folder.glob("history.damaged-*")}):
        try:
            file.rmdir() if file.is_dir() else file.unlink()
            deleted.append(file.name)
        except OSError as error:
            left.append(f"{file.name} is left: {error.strerror}")
    answers = files.forget()
    with contextlib.suppress(OSError):
        folder.rmdir()
    what = "history, notes and clocks are deleted" if NAME in deleted else "deleted"
    said = [f"{what} from {folder}: {', '.join(deleted)}" if deleted else f"there is no history in {folder}", *left]
    said += [f"torch's answers are deleted from {files.folder()}"] if answers else []
    return "; ".join(said)


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _lay_out(db: sqlite3.Connection) -> None:
    """Make the tables that are missing: all of an empty file, of an older one those that came since."""
    if db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA:
        return
    with _transaction(db):
        before = db.execute("PRAGMA user_version").fetchone()[0]  # another process may have been faster
        for statement in filter(str.strip, _tables(before + 1, SCHEMA).split(";")):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {SCHEMA}")


def _tables(first: int, last: int) -> str:
    """What makes the tables of these versions."""
    return "".join(made for version, made in _TABLES.items() if first <= version <= last)


def _check(db: sqlite3.Connection) -> None:
    """Raise Damaged where the file is not what `_lay_out` made of an empty one, in its version."""
    db.execute("BEGIN")  # what is read here belongs together
    try:
        found = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
        if found != "ok":
            raise Damaged(found.splitlines()[-1])
        tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if tables != set(re.findall(r"CREATE TABLE (\w+)", _tables(1, version))):
            raise Damaged("it holds something else")
    finally:
        db.execute("ROLLBACK")
