"""What `pytest --history` shows: what is due, operations and sessions, as data and as a table with sparklines. curves.py has the page."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.harness.practice import due, finds, notes
from tests.harness.practice.history import History, Round, Session
from tests.harness.practice.hunts import Hunts
from tests.harness.practice.notes import Note
from tests.harness.practice.practice import minutes
from tests.harness.practice.store import Store
from tests.harness.rows.names import outline
from tests.harness.worker.printable import printable

SESSIONS = 14  # that the table shows
_BLOCKS, _ASCII = "▁▂▃▄▅▆▇█", "_.:-=+*#"
_WIDTH = 80
_SPARKS = 10  # in a sparkline of the table
_ELSEWHERE = "not in this kata"


@dataclass(frozen=True)
class Row:
    """An operation: how many rounds, attempts and hints (level -> how often), its times to green in seconds, and its notes."""

    op: str
    level: str
    par: int
    rounds: int
    attempts: int
    times: tuple[float, ...]
    hints: dict[int, int]
    notes: tuple[Note, ...] = ()

    @property
    def best(self) -> float | None:
        return min(self.times, default=None)


def rows(history: History) -> list[Row]:
    """The operations that were practised, or noted something for, in order of study; those that this kata does not have come last."""
    rounds: dict[str, list[Round]] = {}
    for played in history.rounds():
        rounds.setdefault(played.op, []).append(played)
    known = {op: (level, par) for level, ops in outline().items() for op, par in ops.items()}
    hinted, written = history.hinted(), notes.of_all(history.store)
    found = []
    for op in [*known, *sorted({*rounds, *hinted, *written} - known.keys())]:
        played = [r for r in rounds.get(op, []) if r.attempts or r.time is not None]
        level, par = known.get(op, (_ELSEWHERE, 0))
        if played or op in hinted or op in written:
            times, tries = tuple(r.time for r in played if r.time is not None), sum(r.attempts for r in played)
            noted = tuple(written.get(op, ()))
            found.append(Row(op, level, par, len(played), tries, times, history.hints(op), noted))
    return found


def told(store: Store, file: str, encoding: str, now: float) -> str:
    """The history as text, what is due first. With a file, also written to it, as a page or as data; the last line says so."""
    history = History(store, "")
    found, sessions, today = rows(history), history.sessions(now), due.plan(history, now)
    hunts = finds.lines(Hunts(store, "").all())
    lines = textwrap.wrap(due.line(today), _WIDTH, subsequent_indent="  ")
    if not sessions and not found and not hunts:
        lines.append(f"no history yet: it begins with pytest --impl=kata, and is kept in {store.file.parent}")
    else:
        lines += [
            "",
            *_operations(found, encoding),
            *_sessions(sessions, encoding),
            *hunts,
            "",
            f"kept in {store.file}",
        ]
    if file:
        from tests.harness.display.files import write_whole
        from tests.harness.practice import curves, transfer

        as_data = Path(file).suffix == ".json"
        write_whole(
            Path(file), transfer.written(store) if as_data else curves.page(found, sessions, today, now).encode()
        )
        lines.append(f"{file}: written")
    return "\n".join([*lines, *history.notices])


def sparkline(values: Sequence[float], encoding: str, most: float | None = None) -> str:
    """The last values as a line of blocks, or of ASCII characters where the encoding has no blocks."""
    try:
        _BLOCKS.encode(encoding)
        marks = _BLOCKS
    except (UnicodeEncodeError, LookupError):
        marks = _ASCII
    most = max(values, default=0) if most is None else most
    return "".join(
        marks[min(len(marks) - 1, int(value / most * len(marks))) if most else 0] for value in values[-_SPARKS:]
    )


def hinted(hints: dict[int, int]) -> str:
    """How often the hint of each level was taken: `2/1/0`; empty where none was."""
    return "/".join(str(hints.get(level, 0)) for level in range(1, max(3, *hints) + 1)) if hints else ""


def _operations(found: list[Row], encoding: str) -> list[str]:
    if not found:
        return ["no operation was begun yet"]
    lines = [f"{'':24}rounds  tries    last    best    par   hints  times"]
    level = ""
    for row in found:
        name = printable(row.op, 40)
        if row.level != level:
            level = row.level
            lines.append(level)
        last, best = (minutes(t) if t is not None else "-" for t in (row.times[-1] if row.times else None, row.best))
        par = f"{row.par}:00" if row.par else "-"
        line = f"  {name:22}{row.rounds:6}{row.attempts:7}{last:>8}{best:>8}{par:>7}{hinted(row.hints):>8}  "
        lines.append(f"{line}{sparkline(row.times, encoding)}".rstrip())
        lines += notes.lines(row.notes, "      ")
    return [*lines, "times: to green; hints: how often question, nudge, key line, solution's place"]


def _sessions(sessions: list[Session], encoding: str) -> list[str]:
    if not sessions:
        return []
    lines = ["", f"{'sessions':24}minutes   runs   score"]
    if len(sessions) > SESSIONS:
        lines.append(f"  ({len(sessions) - SESSIONS} earlier ones: see --history=FILE.html)")
    for session in sessions[-SESSIONS:]:
        date = time.strftime("%Y-%m-%d %H:%M", time.localtime(session.began))
        score = session.scores[-1] if session.scores else 0.0
        score, bell = (score, "") if session.bell is None else (session.bell, "at the bell")
        line = f"  {date:22}{session.minutes:7.0f}{len(session.scores):7}{score:8.2f} {bell:12}"
        lines.append(f"{line}{sparkline(session.scores, encoding, 100.0)}".rstrip())
    return lines
