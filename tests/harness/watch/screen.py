"""What the screen of a watched run shows: the scoreboard, the one failure that matters now, the clock and the keys."""

from __future__ import annotations

import textwrap
import time

from tests.harness.display import scoreboard
from tests.harness.display.result import Result, by_level, score
from tests.harness.display.screen import Piece
from tests.harness.rows.names import names_by_level
from tests.harness.watch.state import State
from tests.harness.watch.terminal import width

_KEYS = "Enter all   h hint   d the whole failure   q quit"
_DETAIL_KEYS = "d back   up, down, space scroll   Enter all   q quit"
_LEAST = 8  # lines of the failure, however long the table

Line = list[Piece]


def screen(state: State, columns: int, rows: int, clock: Piece | None, now: float) -> list[Line]:
    """The lines of the screen, as many as it has rows. `clock`: what it says, if one runs. `now`: of time.monotonic()."""
    top = [_head(state, columns, clock), *_status(state, columns, now), []]
    room = max(1, rows - len(top) - 1)
    body = _detail(state, room, columns) if state.detail else _overview(state, room, columns)
    body = body[:room]
    keys: Line = [(_DETAIL_KEYS if state.detail else _KEYS, {"light": True})]
    return [*top[: rows - 2], *body, *[[]] * (room - len(body)), keys]


def _head(state: State, columns: int, clock: Piece | None) -> Line:
    left = f"{state.impl}/   score {score(state.in_order()):g} of 100"
    right, markup = clock or ("", {})
    return [(left, {"bold": True}), (" " * max(2, columns - width(left) - width(right)), {}), (right, markup)]


def _status(state: State, columns: int, now: float) -> list[Line]:
    lines: list[Line] = [[(problem, {"red": True})] for problem in state.code.problems.values()]
    lines += [part for line in state.said for part in _wrapped([(line, {"yellow": True})], columns)]
    if state.notice:
        lines.append([(state.notice, {"yellow": True})])
    if state.grading:
        lines.append([(f"grading {_listed(state.grading)}: {now - state.since:.1f} s", {"light": True})])
    elif state.graded:
        saved = time.strftime("saved %H:%M:%S, ", time.localtime(state.saved)) if state.saved else ""
        lines.append([(f"{saved}{_listed(state.graded)} graded in {state.seconds:.2f} s", {"light": True})])
    return lines


def _overview(state: State, room: int, columns: int) -> list[Line]:
    focus = state.focus()
    failure = _failure(state, focus, columns)
    table = _table(state, focus, max(3, room - 1 - min(len(failure), max(_LEAST, room // 2))))
    left = room - len(table) - 1
    if len(failure) > left > 0:
        failure = [*failure[: left - 1], [("... d shows the rest", {"light": True})]]
    return [*table, [], *failure]


def _detail(state: State, room: int, columns: int) -> list[Line]:
    """All of the failure, from the line that was scrolled to."""
    lines = _failure(state, state.focus(), columns)
    state.top = max(0, min(state.top, len(lines) - room))
    return lines[state.top :]


def _failure(state: State, focus: Result | None, columns: int) -> list[Line]:
    if focus is None:
        everything = state.results and not state.old() and not state.code.problems and not state.grading
        return [[("nothing is left: all operations hold", {"green": True})]] if everything else []
    if focus.failed and not state.explains:
        lines: list[Line] = [[(f"{focus.op}: {focus.property} FAIL", {"red": True, "bold": True})]]
    elif focus.failed:
        lines = [[(f"{focus.op}: {focus.property}", {"red": True, "bold": True})]]
        explained = state.screens.get((focus.property, focus.op))
        lines += explained if explained is not None else [[(focus.why, {"bold": True})]]
    else:
        begun = any(r.status == "pass" for r in state.results.values() if r.op == focus.op)
        part = "the gradient of " if begun else ""
        lines = [[(f"next: write {part}{focus.op} in {state.impl}/{focus.level}.py", {"bold": True})]]
    while lines and not lines[-1]:
        lines.pop()
    lines[1:1] = [[(line, {"cyan": True})] for line in state.agenda.get(focus.op, ())]
    if state.hint:
        lines[1:1] = [[(line, {"cyan": True})] for line in state.hint]
    return [part for line in lines for part in _wrapped(line, columns)]


def _table(state: State, focus: Result | None, room: int) -> list[Line]:
    """The scoreboard; where it is too long, only the level that matters, and of that what is around the operation."""
    results = state.in_order()
    lines = _rows(results, state.times)
    if len(lines) > room and focus:
        lines = []
        for level, ops in by_level(results).items():
            own = [r for r in results if r.level == level]
            if level == focus.level:
                lines += _rows(own, state.times)
            else:
                held = sum(all(r.holds for r in own if r.op == op) for op in ops)
                lines.append([(f"{level}: {held} of {len(ops)} hold", {})])
    if len(lines) > room and focus:
        place = next((n for n, line in enumerate(lines) if line and line[0][0].strip() == focus.op), 0)
        start = max(0, min(place - room // 2, len(lines) - room))
        lines = lines[start : start + room]
    old = state.old()
    return [
        [(text, {"light": True}) for text, _ in line] if line and line[0][0].strip() in old else line for line in lines
    ]


def _rows(results: list[Result], times: dict[str, str]) -> list[Line]:
    page = _Page()
    scoreboard.write_rows(page, results, times)
    return page.lines[:-1]


class _Page:
    """Takes what is written to a terminal as lines of pieces."""

    def __init__(self):
        self.lines: list[Line] = [[]]

    def write(self, text: str, **markup: bool) -> None:
        self.lines[-1].append((text, markup))

    def write_line(self, text: str, **markup: bool) -> None:
        self.write(text, **markup)
        self.lines.append([])


def _wrapped(line: Line, columns: int) -> list[Line]:
    if len(line) != 1 or width(line[0][0]) <= columns or line[0][0].startswith(" "):
        return [line]
    text, markup = line[0]
    return [[(part, markup)] for part in textwrap.wrap(text, max(20, columns - 1), subsequent_indent="    ")]


def _listed(ops: tuple[str, ...]) -> str:
    if len(ops) <= 3:
        return ", ".join(ops)
    return "all operations" if len(ops) == sum(map(len, names_by_level().values())) else f"{len(ops)} operations"
