"""The history as one HTML page, complete in itself: what is due, times to green and scores as curves. curves.html.jinja draws them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tests.harness.practice.notes import day
from tests.harness.practice.practice import minutes

if TYPE_CHECKING:
    from tests.harness.practice.due import Plan
    from tests.harness.practice.history import Session
    from tests.harness.practice.notes import Note
    from tests.harness.practice.progress import Row

WIDTH, HEIGHT, MARGIN = 240, 64, 6  # pixels of a curve


def page(rows: Sequence[Row], sessions: Sequence[Session], today: Plan, now: float) -> str:
    """The page. The same history and moment give the same page."""
    from tests.harness.display.markup import template

    return template("curves.html.jinja").render(
        date=_date(now),
        due=[{"op": due.op, "why": "; ".join(due.why), "notes": _notes(due.notes)} for due in today.today],
        more=today.more,
        operations=len(rows),
        levels=[
            {"name": level, "rows": [_operation(row) for row in rows if row.level == level]}
            for level in dict.fromkeys(row.level for row in rows)
        ],
        sessions=[_session(session) for session in reversed(sessions)],
        scores=_curve([_score(s) for s in sessions], 100.0, [f"{_date(s.began)}: {_score(s):g}" for s in sessions]),
    )


def _operation(row: Row) -> dict:
    par = 60.0 * row.par
    times = list(row.times)
    titles = [f"round {number}: {minutes(t)}" for number, t in enumerate(times, 1)]
    return {
        "op": row.op,
        "rounds": row.rounds,
        "attempts": row.attempts,
        "last": minutes(times[-1]) if times else "",
        "best": minutes(row.best) if times else "",
        "par": f"{row.par}:00" if row.par else "",
        "within": bool(times and row.par and times[-1] <= par),
        "hints": [row.hints.get(level, 0) for level in range(1, max(3, *row.hints) + 1)] if row.hints else [],
        "notes": _notes(row.notes),
        "curve": _curve(times, max([*times, par]), titles, par),
    }


def _session(session: Session) -> dict:
    titles = [f"run {number}: {score:g}" for number, score in enumerate(session.scores, 1)]
    return {
        "date": _date(session.began),
        "project": session.project,
        "minutes": f"{session.minutes:.0f}",
        "runs": len(session.scores),
        "score": f"{_score(session):.2f}",
        "bell": session.bell is not None,
        "curve": _curve(list(session.scores), 100.0, titles),
    }


def _notes(notes: Sequence[Note]) -> list[dict]:
    return [{"date": day(note.moment), "text": note.text} for note in notes]


def _score(session: Session) -> float:
    if session.bell is not None:
        return session.bell
    return session.scores[-1] if session.scores else 0.0


def _curve(values: list[float], most: float, titles: list[str], par: float = 0.0) -> dict | None:
    """Points of a curve from the oldest to the newest, and the height of the par line; None without values."""
    if not values:
        return None
    step = (WIDTH - 2 * MARGIN) / max(1, len(values) - 1)

    def height(value: float) -> float:
        return round(HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (min(1.0, value / most) if most else 0.0), 1)

    points = [(round(MARGIN + step * n, 1), height(v), t) for n, (v, t) in enumerate(zip(values, titles, strict=True))]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "points": points,
        "line": " ".join(f"{x:g},{y:g}" for x, y, _ in points),
        "par": height(par) if par else None,
        "says": "; ".join(titles),
    }


def _date(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))
