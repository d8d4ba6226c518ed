"""What is worth doing today, and why: a handful of operations, by how they stand in their boxes.

In this order: what was begun and is not green, what went badly, what was green long enough ago, each by how long it has
been due, and then what comes next in order of difficulty. With an empty history that is all there is. The same history
and the same day give the same.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tests.harness.practice import notes
from tests.harness.practice.boxes import Standing, standings
from tests.harness.practice.history import History
from tests.harness.practice.notes import Note, day
from tests.harness.rows.names import outline
from tests.harness.worker.printable import printable

HANDFUL = 5
NEW = 2  # of them, at most, that were never done; one at least, where there is one
_WIDTH = 78
_NEXT = "never done: the next in order of difficulty"
_FIRST = "begin here: nothing was done yet, and this is the easiest"


@dataclass(frozen=True)
class Due:
    """An operation that is worth doing. `why`: in plain words, one reason or several. `again`: it was green, so it is done from a stub."""

    op: str
    level: str
    par: int
    why: tuple[str, ...]
    again: bool
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Plan:
    """`today`: a handful, the most urgent first. `more`: how many repetitions are due beside it. `later`: when the next one is, and which."""

    today: tuple[Due, ...]
    more: int = 0
    later: tuple[str, str] | None = None


def plan(history: History, now: float, among: Collection[str] | None = None) -> Plan:
    """What is worth doing on this day, of these operations; of all, if none are named."""
    known = {op: (level, par) for level, ops in outline().items() for op, par in ops.items()}
    chosen = [op for op in known if among is None or op in among]
    stand, written = standings(history, now), notes.of_all(history.store)

    def due(op: str, *why: str, again: bool = False) -> Due:
        return Due(op, *known[op], why, again, tuple(written.get(op, ())))

    urgent = _in_order(chosen, stand, now)
    fresh = [op for op in chosen if op not in stand][:NEW]
    new = [due(op, _NEXT if stand or n else _FIRST) for n, op in enumerate(fresh)]
    shown = [due(op, *_why(stand[op], now), again=stand[op].began is None) for op in urgent]
    shown = shown[: HANDFUL - min(1, len(new))]
    later = [(_day_when_due(stand[op]), op) for op in chosen if op in stand and op not in urgent]
    return Plan((*shown, *new[: HANDFUL - len(shown)]), len(urgent) - len(shown), min(later, default=None))


def repetitions(history: History, now: float) -> list[str]:
    """All operations that were begun and are due on this day, the most urgent first."""
    return _in_order([op for ops in outline().values() for op in ops], standings(history, now), now)


def line(found: Plan) -> str:
    """What is due, without the reasons, in a line."""
    if not found.today:
        return _nothing(found)
    more = f" and {found.more} more" if found.more else ""
    return f"due today: {', '.join(due.op for due in found.today)}{more} (pytest --due says why)"


def lines(found: Plan, written: Collection[str]) -> list[str]:
    """What is due, with the reasons and notes, and what to type next. `written`: operations that are no stubs in kata/."""
    if not found.today:
        return [_nothing(found)]
    count, total = len(found.today), sum(due.par for due in found.today)
    said = [f"due today: {count} operation{'s' * (count > 1)}, {total} minutes at par", ""]
    for due in found.today:
        said += [f"  {due.op}  ({due.level}, par {due.par} minutes)", *about(due, "    ")]
    if found.more:
        said += ["", f"{found.more} more {'is' if found.more == 1 else 'are'} due, and can wait until these are done"]
    first = found.today[0]
    reset = f"pytest --reset {first.op}, and then " if first.again and first.op in written else ""
    said += ["", f"next: {reset}pytest --impl=kata --op={first.op}"]
    return [*said, "one after the other, each from its stub: pytest --impl=kata --watch --due"]


def about(due: Due, indent: str = "") -> list[str]:
    """Why it is due, and its notes."""
    return [*notes.wrapped(map(printable, due.why), indent), *notes.lines(due.notes, indent)]


def _nothing(found: Plan) -> str:
    """That there is nothing to do, and when there is."""
    return "nothing is due today" + (f"; {found.later[1]} is on {found.later[0]}" if found.later else "")


def _in_order(ops: Sequence[str], stand: Mapping[str, Standing], now: float) -> list[str]:
    """Those that are due, the most urgent first."""
    due = [op for op in ops if op in stand and (stand[op].began is not None or stand[op].overdue(now) >= 0)]
    return sorted(due, key=lambda op: (*_urgency(stand[op]), -stand[op].overdue(now)))


def _urgency(standing: Standing) -> tuple[bool, bool]:
    return (standing.began is None, not standing.why)


def _why(standing: Standing, now: float) -> list[str]:
    """Why it is due, in plain words."""
    if standing.began is not None:
        tries = f"not green after {standing.tries} {'try' if standing.tries == 1 else 'tries'}"
        return [f"begun on {day(standing.began)}, and {tries if standing.tries else 'not written'}", *standing.why]
    if standing.why:
        return list(standing.why)
    when = f"{_ago(standing.age(now))}, on {day(standing.since)}"
    return [f"green {when} (box {standing.box}: again after {standing.interval} days)"]


def _ago(days: int) -> str:
    return f"{days // 7} weeks ago" if days >= 14 and not days % 7 else f"{days} days ago"


def _day_when_due(standing: Standing) -> str:
    return str(datetime.date.fromtimestamp(standing.since) + datetime.timedelta(standing.interval))
