"""Notes: what a user wrote down for an operation with `--note`. They belong to the operation, whatever folder it is practised in.

Each has its date; they add up, until all of an operation are deleted. What is kept may come from elsewhere, so it is
made safe where it is shown: by `lines` in a terminal, by the template on a page.
"""

from __future__ import annotations

import sqlite3
import textwrap
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.harness.practice.store import Store
from tests.harness.worker.printable import printable

LONGEST = 500  # characters of a note
MOST = 50  # notes of an operation
SHOWN = 3  # of them, the newest, wherever something else is told as well
_WIDTH = 78


@dataclass(frozen=True)
class Note:
    """`moment`: when it was written, as time.time()."""

    op: str
    text: str
    moment: float


def taken(text: str) -> str:
    """The text as it is kept: in one line, of characters that a file can have."""
    return " ".join(text.encode("utf-8", "backslashreplace").decode().split())


def add(store: Store, note: Note) -> bool:
    """Write it down; False where its operation has too many already."""

    def work(db: sqlite3.Connection) -> bool:
        (count,) = db.execute("SELECT count(*) FROM note WHERE op = ?", (note.op,)).fetchone()
        if count < MOST:
            db.execute("INSERT INTO note VALUES (NULL, ?, ?, ?)", (note.op, note.text, note.moment))
        return count < MOST

    return store.transact(work)


def delete(store: Store, op: str) -> int:
    """Delete the operation's notes; how many there were."""
    return store.transact(lambda db: db.execute("DELETE FROM note WHERE op = ?", (op,)).rowcount)


def of_all(store: Store) -> dict[str, list[Note]]:
    """Operation -> its notes, the oldest first; of those only that have any."""
    rows = store.transact(lambda db: db.execute("SELECT op, text, moment FROM note ORDER BY moment, id").fetchall())
    found: dict[str, list[Note]] = {}
    for op, text, moment in rows:
        found.setdefault(str(op), []).append(Note(str(op), str(text), float(moment)))
    return found


def lines(notes: Sequence[Note], indent: str = "  ") -> list[str]:
    """The newest notes, safe to show in a terminal: `note of 2026-05-12: keep the axis`."""
    told = [f"note of {day(note.moment)}: {printable(note.text, LONGEST)}" for note in notes[-SHOWN:]]
    told += [f"({len(notes) - SHOWN} older: pytest --history=FILE.html)"] if len(notes) > SHOWN else []
    return wrapped(told, indent)


def wrapped(texts: Iterable[str], indent: str) -> list[str]:
    """The texts in lines that fit, each further one of a text indented a little more."""
    how = {"initial_indent": indent, "subsequent_indent": f"{indent}  "}
    return [line for text in texts for line in textwrap.wrap(text, _WIDTH, **how)]


def day(moment: float) -> str:
    """The date of a moment, here."""
    return time.strftime("%Y-%m-%d", time.localtime(moment))
