"""The history as a file that another machine can read: what `--history=FILE.json` writes and `--import=FILE.json` merges.

The file is JSON: an object with `"kata": "history"`, `"schema": 1`, and the lists that kata/README.md describes. What is
merged is known by a name of its own, a session by its folder and its beginning, say: what is here already does not come
a second time, and nothing that is here goes. The file is a stranger's: form.py checks all of it before anything is
written, and then it is all written, or nothing.
"""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.harness.practice.form import FLAT, HUNT, PLANTED, SCHEMA, Unreadable, check
from tests.harness.practice.store import Store

MOST = 1 << 25  # bytes of a file: years of practice
_SORTED = {"round": "began", "clock": "started"}  # tables whose last row is the newest, and by what
_LISTS = ("scope", "levels", "users")  # columns that hold JSON
_MOMENTS = ("began", "started", "moment")  # by which rows are known
_COUNTED = {"runs": "run", "rounds": "round", "hints": "hint", "clocks": "clock", "hunts": "hunt", "notes": "note"}


def written(store: Store) -> bytes:
    """The whole history, but for what only tells which code was seen last here."""
    return (json.dumps(store.transact(_all), ensure_ascii=True, allow_nan=False) + "\n").encode()


def read(file: str, now: float) -> dict:
    """What the file holds, checked. Raises Unreadable."""
    try:
        path = Path(os.path.expanduser(file))  # behind an option, no shell does it
        if not stat.S_ISREG(path.stat().st_mode):
            raise Unreadable("is no file")
        if path.stat().st_size > MOST:
            raise Unreadable(f"is larger than {MOST >> 20} MB: no history is")
        content = json.loads(path.read_bytes()[: MOST + 1].decode("utf-8"), parse_constant=_no_number)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise Unreadable("is no history, or is damaged: it cannot be read as JSON") from error
    check(content, now)
    return content


def merge(store: Store, content: Mapping) -> str:
    """Add what is not here yet, and say in a few words what that was. `content`: what `read` returns."""
    new = store.transact(lambda db: _merged(db, content))
    told = [f"{new[name]} {one}{'s' * (new[name] > 1)}" for name, one in _COUNTED.items() if new[name]]
    return f"{', '.join(told)} new here" if told else "nothing that was not here already"


def _all(db: sqlite3.Connection) -> dict:
    """All of the history, as the file has it."""
    statuses: dict[str, int] = {}
    sessions = []
    for number, *where in db.execute("SELECT id, project, began, ended, marked FROM session ORDER BY began, id"):
        runs: dict[int, dict] = {}
        sql = """SELECT run.id, moment, op, code, statuses, earned, possible FROM run LEFT JOIN verdict ON run = run.id
                 WHERE session = ? ORDER BY moment, run.id, op"""
        for run, moment, op, code, said, *points in db.execute(sql, (number,)):
            verdicts = runs.setdefault(run, {"moment": moment, "verdicts": {}})["verdicts"]
            if op is not None:
                verdicts[op] = [code, statuses.setdefault(said, len(statuses)), *points]
        sql = "SELECT op, said, moment FROM mistake WHERE session = ? ORDER BY moment, op, said"
        mistakes = [dict(zip(("op", "said", "moment"), row, strict=True)) for row in db.execute(sql, (number,))]
        session = dict(zip(("project", "began", "ended", "marked"), where, strict=True))
        sessions.append({**session, "runs": list(runs.values()), "mistakes": mistakes})
    flat = {name: [_told(row) for row in _rows(db, table, list(form))] for name, (table, form) in FLAT.items()}
    return {
        "kata": "history",
        "schema": SCHEMA,
        "statuses": [json.loads(s) for s in statuses],
        "sessions": sessions,
        "hunts": _hunts(db),
        **flat,
    }


def _merged(db: sqlite3.Connection, content: Mapping) -> Counter[str]:
    """Add what is not there; how much that was, by the names of the lists."""
    new: Counter[str] = Counter()
    statuses = [json.dumps(s) for s in content["statuses"]]
    known_sessions = {tuple(where): number for number, *where in db.execute("SELECT id, project, began FROM session")}
    for session in content["sessions"]:
        number = _session(db, session, known_sessions)
        there: dict[float, list[int]] = {}
        for run, moment in db.execute("SELECT id, moment FROM run WHERE session = ? ORDER BY id", (number,)):
            there.setdefault(moment, []).append(run)
        for run in session["runs"]:
            known = there.get(float(run["moment"]))
            if not known:
                new["runs"] += 1
                row = (number, run["moment"])
                known = [db.execute("INSERT INTO run VALUES (NULL, ?, ?)", row).lastrowid]
            else:
                known = [known.pop(0)]
            rows = [(*known, op, code, statuses[at], *points) for op, (code, at, *points) in run["verdicts"].items()]
            db.executemany("INSERT OR IGNORE INTO verdict VALUES (?, ?, ?, ?, ?, ?)", rows)
        rows = [(number, m["op"], m["said"], m["moment"]) for m in session["mistakes"]]
        db.executemany("INSERT OR IGNORE INTO mistake VALUES (?, ?, ?, ?)", rows)
    new["hunts"] = _hunts_added(db, content.get("hunts", []))
    for name, (table, form) in FLAT.items():
        new[name] = _added(db, table, list(form), content[name])
    return new


def _session(db: sqlite3.Connection, session: Mapping, known: dict[tuple, int]) -> int:
    """The number of the session here, which may have gone on there, or of a new one."""
    where, ends = (session["project"], float(session["began"])), (session["ended"], session["marked"])
    if where in known:
        sql = "UPDATE session SET ended = max(ended, ?), marked = max(marked, ?) WHERE id = ?"
        db.execute(sql, (*ends, known[where]))
    else:
        known[where] = db.execute("INSERT INTO session VALUES (NULL, ?, ?, ?, ?)", (*where, *ends)).lastrowid
    return known[where]


def _added(db: sqlite3.Connection, table: str, columns: Sequence[str], rows: Sequence[Mapping]) -> int:
    """Add the rows that are not in the table; how many. What is known of a round that is there already only grows."""
    key = [c for c in columns if table not in _SORTED or c in ("project", "op", _SORTED[table])]
    every = list(_rows(db, table, columns))
    there, before = dict(_named(every, key)), len(every)
    for name, row in _named([_kept(row, columns) for row in rows], key):
        here = there.setdefault(name, row)
        if here is row:
            every.append(row)
        elif table == "round":
            most = {c: max(here[c], row[c]) for c in ("attempts", "seconds")}
            here |= most | {"green": row["green"] if here["green"] is None else here["green"]}
    # All anew, in order: the last of each project is looked for by its number.
    ordered = sorted(every, key=lambda row: row[_SORTED[table]]) if table in _SORTED else every
    db.execute(f"DELETE FROM {table}")
    sql = f"INSERT INTO {table} VALUES (NULL, {', '.join('?' * len(columns))})"
    db.executemany(sql, (tuple(row[c] for c in columns) for row in ordered))
    return len(every) - before


def _hunts(db: sqlite3.Connection) -> list[dict]:
    """The hunts that are over: one that is on goes with the code that it was planted in."""
    found = []
    sql = f"SELECT id, {', '.join(HUNT)} FROM hunt WHERE ended IS NOT NULL ORDER BY started, id"
    for number, *values in db.execute(sql).fetchall():
        rows = db.execute(f"SELECT {', '.join(PLANTED)} FROM planted WHERE hunt = ? ORDER BY number", (number,))
        planted = [_told(dict(zip(PLANTED, row, strict=True))) for row in rows]
        found.append({**_told(dict(zip(HUNT, values, strict=True))), "planted": planted})
    return found


def _hunts_added(db: sqlite3.Connection, hunts: Sequence[Mapping]) -> int:
    """Add the hunts that are not there; how many."""
    known = set(db.execute("SELECT project, started FROM hunt"))
    added = 0
    for hunt in hunts:
        name = (hunt["project"], float(hunt["started"]))
        if name not in known:
            known.add(name)
            added += 1
            values = _kept(hunt, list(HUNT)).values()
            sql = f"INSERT INTO hunt ({', '.join(HUNT)}) VALUES ({', '.join('?' * len(HUNT))})"
            number = db.execute(sql, tuple(values)).lastrowid
            sql = f"INSERT INTO planted (hunt, number, {', '.join(PLANTED)}) VALUES (?, ?, {', '.join('?' * len(PLANTED))})"
            rows = [(number, at, *_kept(one, list(PLANTED)).values()) for at, one in enumerate(hunt["planted"])]
            db.executemany(sql, rows)
    return added


def _named(rows: Sequence[dict], key: Sequence[str]) -> Iterator[tuple[tuple, dict]]:
    """Each row with what it is known by; of several that are alike there, also which of them it is."""
    seen: Counter[tuple] = Counter()
    for row in rows:
        name = tuple(float(row[c]) if c in _MOMENTS else row[c] for c in key)
        seen[name] += 1
        yield (*name, seen[name]), row


def _kept(row: Mapping, columns: Sequence[str]) -> dict:
    """A row of the file as the table has it."""
    return {c: json.dumps(row[c]) if c in _LISTS else row[c] for c in columns}


def _rows(db: sqlite3.Connection, table: str, columns: Sequence[str]) -> Iterator[dict]:
    for row in db.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY id").fetchall():
        yield dict(zip(columns, row, strict=True))


def _told(row: dict) -> dict:
    return row | {c: json.loads(row[c]) for c in _LISTS if c in row}


def _no_number(name: str) -> float:
    raise ValueError(name)
