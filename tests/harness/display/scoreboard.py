"""The score, and the table of operations and properties that ends a run."""

from __future__ import annotations

import shlex
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from tests.harness.display.result import Outcome, Result, by_level, by_operation, counted, said, total
from tests.harness.judgement.points import FAILED, POINTS
from tests.harness.worker.printable import printable

if TYPE_CHECKING:
    from tests.harness.display.screen import Piece

_STATUS = {
    "pass": ("pass", {"green": True}),
    "fail": ("FAIL", {"red": True}),
    "error": ("ERROR", {"red": True}),
    "timeout": ("TIMEOUT", {"red": True}),
    "todo": ("TODO", {"yellow": True}),
    "skip": ("skipped", {"light": True}),
    "none": ("none", {"red": True}),  # there is no verdict
}
_NAME, _COLUMN, _POINTS = 24, 8, 6  # characters, at least
_WIDTH = 80  # of the table, at most
_COLUMNS_BESIDE_TIMES = 4  # in that width
_FEW = 12  # operations, as in a mock interview
_TIME = 10  # what a time to green takes
MOST = 20  # submissions in the table of several, and reasons below it


def word(status: str) -> tuple[str, dict[str, bool]]:
    """How a status is shown: its word and its colour."""
    return _STATUS[status]


def write(
    terminal,
    outcome: Outcome,
    *,
    impl: str,
    whole: bool,
    hidden_seed: int | None = None,
    times: Mapping[str, str] | None = None,
    lines: Sequence[Piece] = (),
    repeated: str = "",
    width: int = _WIDTH,
) -> None:
    """Write the scoreboard to pytest's terminal.

    `whole`: everything was asked for, not a part of it. `hidden_seed`: the seed of a hidden run. `times`: see
    `write_rows`. `lines`: what stands below the score. `repeated`: options that the next command must have too.
    `width`: the terminal's.
    """
    results = outcome.results
    terminal.ensure_newline()
    terminal.section("scoreboard")
    write_rows(terminal, results, times)
    reasons = [r for r in results if r.failed and r.why]
    if reasons:
        terminal.write_line("")
    for where, result in _without_echoes(reasons):
        for part in result.parts:
            _wrapped(terminal, width, f"{where}: {part}")
        for hint in result.hints:
            _wrapped(terminal, width, f"    hint: {hint}")
    terminal.write_line("")
    for note in outcome.notes:
        _wrapped(terminal, width, f"note: {note}")
    if outcome.notes:
        terminal.write_line("")
    terminal.write_line(f"score {outcome.score:g} of 100{', incomplete' if outcome.missing else ''}", bold=True)
    if outcome.missing:
        _wrapped(terminal, width, outcome.incomplete, red=True)
    if outcome.bugs:
        _wrapped(terminal, width, f"planted mistakes: {said(outcome.bugs)}", bold=True)
    for text, markup in lines:
        _wrapped(terminal, width, text, **markup)
    command = f"pytest --impl={printable(shlex.quote(impl))}{repeated}"
    command += f" --hidden --seed={hidden_seed}" if hidden_seed is not None else ""
    terminal.write_line(f"next: {_next(results, command, impl, whole)}")


def write_rows(terminal, results: list[Result], times: Mapping[str, str] | None = None) -> None:
    """Write the table: a line for each operation, and one for a level that is not begun, after the first such.

    `times`: operation -> its time to green against par, where it is known and there is room for it.
    """
    table, levels = by_operation(results), by_level(results)
    columns = [p for p in POINTS if any(r.property == p for r in results)]
    times = times if times and len(columns) <= _COLUMNS_BESIDE_TIMES else {}
    earned = counted(results)
    for result in results:
        if not result.judged:
            table[result.op][result.property] = "none"
    # A few operations are shown whole. Of many, levels of which nothing is to be said are a line each.
    long = {level: ops for level, ops in levels.items() if len(table) > _FEW and len(levels) > 1 and len(ops) > 1}
    untouched = [level for level, ops in long.items() if all(_is_todo(table[op]) for op in ops)]
    hold = [level for level, ops in long.items() if _all_hold(ops, earned)]
    shown = [op for level, ops in levels.items() if level not in hold and level not in untouched[1:] for op in ops]
    width = _name_width(shown, columns, _TIME if times else 0)
    last = "points  time/par" if times else "points"
    terminal.write_line("".join([" " * width, *(p.ljust(_width(p)) for p in columns), last]))
    for level, ops in levels.items():
        if level in untouched[1:]:
            terminal.write_line(f"{level}: {len(ops)} operations, none begun")
        elif level in hold:
            whole, _ = total(earned[op] for op in ops)
            terminal.write(f"{level}: {len(ops)} operations, ".ljust(width + sum(map(_width, columns)) - 10))
            terminal.write("all hold  ", green=True)
            terminal.write_line(f"{whole:g}/{whole:g}")
        else:
            terminal.write_line(level, bold=True)
            for op in ops:
                _row(terminal, op, table[op], columns, earned[op], width, times.get(op, ""))


@dataclass(frozen=True)
class Row:
    """A submission in the table of several. `counts`: status -> of how many verdicts. `reasons`: why it fails, a line each."""

    submission: str
    score: float
    seconds: float
    counts: Mapping[str, int]
    incomplete: bool
    reasons: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def failed(self) -> int:
        return sum(self.counts.get(status, 0) for status in FAILED)


def row_of(outcome: Outcome) -> Row:
    """The submission's row in the table of several."""
    counts = Counter(result.status for result in outcome.results)
    return Row(
        outcome.submission,
        outcome.score,
        outcome.seconds,
        counts,
        bool(outcome.missing),
        tuple(_reasons(outcome.results)),
        (*([f"planted mistakes: {said(outcome.bugs)}"] if outcome.bugs else []), *outcome.notes),
    )


def write_table(terminal, rows: Sequence[Row], width: int = _WIDTH, where: str = "") -> None:
    """Write a line for each submission, best first; then one for each of their failures and notes.

    `width`: the terminal's. `where`: what has all of it, for where there is too much to be written.
    """
    terminal.ensure_newline()
    terminal.section("submissions")
    best_first = sorted(rows, key=lambda row: (-row.score, row.submission))
    shown = best_first if len(rows) <= MOST else [*best_first[: MOST // 2], *best_first[-MOST // 2 :]]
    names = {row.submission: _short(printable(row.submission)) for row in shown}
    longest = max(map(len, names.values()))
    terminal.write_line(f"{'':{longest}}   score  held  failed  todo  seconds")
    for number, row in enumerate(shown):
        if number == MOST // 2 and len(rows) > MOST:
            terminal.write_line(f"... and {len(rows) - MOST} more{f': {where}' if where else ''}")
        terminal.write(f"{names[row.submission]:{longest}}  ")
        terminal.write(f"{row.score:6g}", bold=True)
        terminal.write(f"{row.counts.get('pass', 0):6}{row.failed:8}{row.counts.get('todo', 0):6}{row.seconds:9.1f}")
        terminal.write_line("  incomplete" if row.incomplete else "", red=True)
    ends = Counter(PurePath(row.submission).name for row in rows)
    lines = [line for row in best_first for line in _said_of(row, ends)]
    if len(lines) > MOST:
        lines = [f"{len(lines)} reasons and notes{f': {where}' if where else '; --report=FILE.html tells them'}"]
    if lines:
        terminal.write_line("")
    for line in lines:
        terminal.write_line(line if len(line) < width else f"{line[: width - 4]}...")


def _said_of(row: Row, ends: Mapping[str, int]) -> Iterator[str]:
    """`anna.py: affine gradient: gw is N times too small`, one for each reason; and its notes.

    `ends`: how many submissions have each name, without its folder; that of another too stands with its folder.
    """
    end = PurePath(row.submission).name
    name = printable(end) if ends[end] == 1 else _short(printable(row.submission))
    yield from (f"{name}: {reason}" for reason in row.reasons)
    yield from (f"{name}: note: {note}" for note in row.notes)


def _reasons(results: Sequence[Result]) -> Iterator[str]:
    """`affine gradient: gw is N times too small`, one for each reason."""
    for where, result in _without_echoes([r for r in results if r.failed]):
        first, *more = where.split(", ")
        yield f"{first}{f' and {len(more)} more' if more else ''}: {' '.join(result.why.split())}"


def _short(name: str) -> str:
    """The end of a long name, which tells more than its beginning."""
    most = _WIDTH - 35
    return name if len(name) <= most else f"...{name[3 - most :]}"


def _name_width(ops: Iterable[str], columns: Sequence[str], beside: int) -> int:
    """Room for the longest name, where it fits beside the columns and so many characters more."""
    most = _WIDTH - sum(map(_width, columns)) - _POINTS - beside
    return max(_NAME, min(most, max(map(len, ops), default=0) + 3))


def _all_hold(ops: Iterable[str], earned: dict[str, tuple[float, int]]) -> bool:
    return all(earned[op][0] == earned[op][1] for op in ops)


def _row(
    terminal,
    op: str,
    statuses: dict[str, str],
    columns: list[str],
    points: tuple[float, int],
    width: int,
    time: str,
) -> None:
    if len(op) + 3 > width and not _is_todo(statuses):
        terminal.write_line(f"  {op}")
        op = ""
    terminal.write(f"  {op}".ljust(width - 1) + " ")
    if _is_todo(statuses):
        terminal.write_line("TODO", yellow=True)
        return
    for column in columns:
        word, colour = _STATUS[statuses[column]] if op != "compose" or column == "gradient" else ("", {})
        terminal.write(word.ljust(_width(column)), **colour)
    terminal.write_line(f"{points[0]:g}/{points[1]}".ljust(_COLUMN if time else 0) + time)


def _width(column: str) -> int:
    return max(_COLUMN, len(column) + 1)


def _is_todo(statuses: dict[str, str]) -> bool:
    return all(status in ("todo", "skip") for status in statuses.values()) and "todo" in statuses.values()


def _without_echoes(results: list[Result]) -> list[tuple[str, Result]]:
    """One line for a reason, under the names of all that fail for it: a module that does not import, say."""
    first: dict[str, Result] = {}
    ops: dict[str, list[str]] = {}
    for result in results:
        # With a counterexample the reason is the operation's own, even if it reads like another's.
        reason = f"{result.op}: {result.why}" if result.example else result.why
        first.setdefault(reason, result)
        ops.setdefault(reason, [])
        ops[reason] += [result.op] if result.op not in ops[reason] else []
    return [
        (", ".join(names) if len(names) > 1 else f"{names[0]} {first[r].property}", first[r])
        for r, names in ops.items()
    ]


def _next(results: list[Result], command: str, impl: str, whole: bool) -> str:
    for result in results:
        chosen = f"{command} --op={result.op}"
        if result.status == "todo":
            part = "its gradient" if by_operation(results)[result.op]["forward"] == "pass" else result.op
            where = f"write {part} in kata/{result.level}.py" if impl == "kata" else f"{result.op} is not written"
            return f"{chosen}  ({where})"
        if result.failed:
            return chosen if result.op == "compose" else f"{chosen} -k {only(result)}"
    if any(not result.judged for result in results):
        return f"{command}  (for what has no verdict yet)"
    if not whole:
        return f"{command}  (all of this part holds; now everything)"
    operations = sum(len(ops) for level, ops in by_level(results).items() if level != "compose")
    return f"nothing is left: all {operations} operations hold"


def only(result: Result) -> str:
    """What -k must be given to choose this property of its operation: -k looks into the names of operation and level too."""
    ambiguous = result.property in f"{result.op} {result.level}"
    return f"test_{result.property}" if ambiguous else result.property


def _wrapped(terminal, width: int, text: str, **markup: bool) -> None:
    width = max(40, min(width, 100) - 1)
    for line in textwrap.wrap(text, width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False):
        terminal.write_line(line, **markup)
