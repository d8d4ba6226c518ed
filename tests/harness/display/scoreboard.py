"""The score, and the table of operations and properties that ends a run."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import prod
from typing import TYPE_CHECKING

from tests.harness.diagnosis.diagnosis import SEPARATOR
from tests.harness.judgement.points import FAILED, POINTS, points
from tests.harness.rows.names import listed
from tests.harness.worker.printable import printable

if TYPE_CHECKING:
    from tests.harness.display.explain import Piece
    from tests.harness.display.report import Graded
    from tests.harness.judgement.verdict import Verdict

_STATUS = {
    "pass": ("pass", {"green": True}),
    "fail": ("FAIL", {"red": True}),
    "error": ("ERROR", {"red": True}),
    "timeout": ("TIMEOUT", {"red": True}),
    "todo": ("TODO", {"yellow": True}),
    "skip": ("skipped", {"light": True}),
    "none": ("none", {"red": True}),  # there is no verdict
}
WHOLE, CORNER = 256, 64  # entries of an array that a report holds whole, and of what it holds of a larger one
_NAME, _COLUMN, _POINTS = 24, 8, 6  # characters, at least
_WIDTH = 80  # of the table, at most
_COLUMNS_BESIDE_TIMES = 4  # in that width
_FEW = 12  # operations, as in a mock interview
_TIME = 10  # what a time to green takes


@dataclass(frozen=True)
class Result:
    """A verdict as it travels to the scoreboard and the reports: plain data."""

    submission: str
    place: int
    level: str
    op: str
    property: str
    status: str
    why: str
    parts: list[str]  # the why in pieces, each a line of its own on the scoreboard
    hint: str
    seconds: float
    example: dict
    yours: object
    torch: object
    picture: dict | None
    judged: bool = True  # whether there is a verdict at all

    @property
    def failed(self) -> bool:
        return self.status in FAILED


def word(status: str) -> tuple[str, dict[str, bool]]:
    """How a status is shown: its word and its colour."""
    return _STATUS[status]


def as_data(verdict: Verdict, submission: str, level: str, place: int) -> dict:
    """The verdict as JSON's values, which pytest-xdist can carry. `place`: of its operation in the catalogue.

    What explains it is lost where it cannot be told; the verdict never is.
    """
    why = verdict.why
    try:
        told = _told(verdict)
    except Exception as error:
        why = f"{why} (its example cannot be told: {printable(repr(error), 200)}; please report this)"
        told = {"parts": [why], "hint": "", "example": {}, "yours": None, "torch": None, "picture": None}
    about = {"submission": submission, "place": place, "level": level, "op": verdict.op, "property": verdict.property}
    return asdict(Result(**about, status=verdict.status, why=why, seconds=verdict.seconds, **told))


def _told(verdict: Verdict) -> dict:
    """What explains a verdict."""
    example, wrong, diagnosis = {}, verdict.wrong, verdict.diagnosis
    if verdict.trial:
        given = verdict.trial.example
        example = dict(zip(verdict.trial.op.inputs, map(_plain, given.inputs), strict=True)) | {"gy": _plain(given.gy)}
    return {
        "parts": list((diagnosis and diagnosis.parts) or [verdict.why]),
        "hint": diagnosis.hint if diagnosis else "",
        "example": example,
        "yours": _plain(wrong.yours) if wrong else None,
        "torch": _plain(wrong.torch) if wrong else None,
        "picture": _picture(verdict),
    }


def missing(submission: str, level: str, place: int, op: str, prop: str) -> Result:
    """In the place of a verdict that was due and was not given: it counts as possible, and earns nothing."""
    return Result(submission, place, level, op, prop, "skip", "no verdict", [], "", 0.0, {}, None, None, None, False)


def _picture(verdict: Verdict) -> dict | None:
    """A wrong array on a larger example, for the report."""
    if not verdict.diagnosis or not verdict.diagnosis.picture:
        return None
    sample, name = verdict.diagnosis.picture
    return {"name": name, "yours": _plain(sample.yours[name]), "torch": _plain(sample.right[name])}


def from_data(data: dict) -> Result:
    """The inverse of `as_data`."""
    return Result(**data)


def in_order(results: Iterable[Result]) -> list[Result]:
    """The results in order of study, whatever the order of the run."""
    properties = list(POINTS)
    return sorted(results, key=lambda r: (r.place, properties.index(r.property)))


def by_operation(results: Iterable[Result]) -> dict[str, dict[str, str]]:
    """Operation -> property -> status, in the order given; properties in the order of POINTS, `skip` if not run."""
    table: dict[str, dict[str, str]] = {}
    for result in results:
        table.setdefault(result.op, dict.fromkeys(POINTS, "skip"))[result.property] = result.status
    return table


def by_level(results: Iterable[Result]) -> dict[str, list[str]]:
    """Level -> its operations, both in the order given."""
    levels: dict[str, dict[str, None]] = {}
    for result in results:
        levels.setdefault(result.level, {})[result.op] = None
    return {level: list(ops) for level, ops in levels.items()}


def score(results: list[Result]) -> float:
    """The share of the possible points, of 100."""
    earned = possible = 0
    for op, statuses in by_operation(results).items():
        here = points(op, statuses, [r.property for r in results if r.op == op])
        earned, possible = earned + here[0], possible + here[1]
    return round(100 * earned / possible, 2) if possible else 0.0


def write(
    terminal,
    graded: Graded,
    *,
    impl: str,
    whole: bool,
    hidden_seed: int | None = None,
    times: Mapping[str, str] | None = None,
    lines: Sequence[Piece] = (),
    repeated: str = "",
) -> None:
    """Write the scoreboard to pytest's terminal.

    `whole`: everything was asked for, not a part of it. `hidden_seed`: the seed of a hidden run. `times`: see
    `write_rows`. `lines`: what stands below the score. `repeated`: options that the next command must have too.
    """
    results = graded.results
    terminal.ensure_newline()
    terminal.section("scoreboard")
    write_rows(terminal, results, times)
    reasons = [r for r in results if r.failed]
    if reasons:
        terminal.write_line("")
    for where, result in _without_echoes(reasons):
        for part in result.parts:
            _wrapped(terminal, f"{where}: {part}")
        for hint in filter(None, result.hint.split(SEPARATOR)):
            _wrapped(terminal, f"    hint: {hint}")
    terminal.write_line("")
    terminal.write_line(f"score {graded.score:g} of 100{', incomplete' if graded.missing else ''}", bold=True)
    if graded.missing:
        _wrapped(terminal, graded.incomplete, red=True)
    for text, markup in lines:
        _wrapped(terminal, text, **markup)
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
    counted = {op: points(op, table[op], [r.property for r in results if r.op == op]) for op in table}
    for result in results:
        if not result.judged:
            table[result.op][result.property] = "none"
    # A few operations are shown whole. Of many, levels of which nothing is to be said are a line each.
    long = {level: ops for level, ops in levels.items() if len(table) > _FEW and len(levels) > 1 and len(ops) > 1}
    untouched = [level for level, ops in long.items() if all(_is_todo(table[op]) for op in ops)]
    hold = [level for level, ops in long.items() if _all_hold(ops, counted)]
    shown = [op for level, ops in levels.items() if level not in hold and level not in untouched[1:] for op in ops]
    width = _name_width(shown, columns, _TIME if times else 0)
    last = "points  time/par" if times else "points"
    terminal.write_line("".join([" " * width, *(p.ljust(_width(p)) for p in columns), last]))
    for level, ops in levels.items():
        if level in untouched[1:]:
            terminal.write_line(f"{level}: {len(ops)} operations, none begun")
        elif level in hold:
            earned = sum(counted[op][0] for op in ops)
            terminal.write(f"{level}: {len(ops)} operations, ".ljust(width + sum(map(_width, columns)) - 10))
            terminal.write("all hold  ", green=True)
            terminal.write_line(f"{earned}/{earned}")
        else:
            terminal.write_line(level, bold=True)
            for op in ops:
                _row(terminal, op, table[op], columns, counted[op], width, times.get(op, ""))


def write_table(terminal, graded: Sequence[Graded]) -> None:
    """Write a line for each submission, best first."""
    terminal.ensure_newline()
    terminal.section("submissions")
    names = {verdict.submission: _short(printable(verdict.submission)) for verdict in graded}
    width = max(map(len, names.values()))
    terminal.write_line(f"{'':{width}}   score  held  failed  todo  seconds")
    for verdict in sorted(graded, key=lambda v: (-v.score, v.submission)):
        counts = {s: sum(r.status == s for r in verdict.results) for s in _STATUS}
        failed = counts["fail"] + counts["error"] + counts["timeout"]
        terminal.write(f"{names[verdict.submission]:{width}}  ")
        terminal.write(f"{verdict.score:6g}", bold=True)
        terminal.write(f"{counts['pass']:6}{failed:8}{counts['todo']:6}{verdict.seconds:9.1f}")
        terminal.write_line("  incomplete" if verdict.missing else "", red=True)


def _short(name: str) -> str:
    """The end of a long name, which tells more than its beginning."""
    most = _WIDTH - 35
    return name if len(name) <= most else f"...{name[3 - most :]}"


def _name_width(ops: Iterable[str], columns: Sequence[str], beside: int) -> int:
    """Room for the longest name, where it fits beside the columns and so many characters more."""
    most = _WIDTH - sum(map(_width, columns)) - _POINTS - beside
    return max(_NAME, min(most, max(map(len, ops), default=0) + 3))


def _all_hold(ops: Iterable[str], counted: dict[str, tuple[int, int]]) -> bool:
    return all(counted[op][0] == counted[op][1] for op in ops)


def _row(
    terminal,
    op: str,
    statuses: dict[str, str],
    columns: list[str],
    counted: tuple[int, int],
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
    terminal.write_line(f"{counted[0]}/{counted[1]}".ljust(_COLUMN if time else 0) + time)


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
        if result.status == "todo":
            part = "its gradient" if by_operation(results)[result.op]["forward"] == "pass" else result.op
            where = (
                f"  (write {part} in kata/{result.level}.py)" if impl == "kata" else f"  ({result.op} is not written)"
            )
            chosen = only(result.op)
            return f"{command} -k {_quoted(chosen) if ' ' in chosen else chosen}{where}"
        if result.failed:
            return (
                f"{command} -k compose"
                if result.op == "compose"
                else f"{command} -k {_quoted(f'{only(result.op)} and {result.property}')}"
            )
    if not whole:
        return f"{command}  (all of this part holds; now everything)"
    operations = sum(len(ops) for level, ops in by_level(results).items() if level != "compose")
    return f"nothing is left: all {operations} operations hold"


def only(op: str) -> str:
    """What -k must be given to choose this operation and none whose name its own is a part of."""
    others = [name for names in listed().values() for name in names if op in name and name != op]
    least = [name for name in others if not any(other in name for other in others if other != name)]
    return " and not ".join([op, *least])


def _quoted(words: str) -> str:
    return f'"{words}"'


def _wrapped(terminal, text: str, **markup: bool) -> None:
    width = max(40, min(terminal._tw.fullwidth, 100) - 1)
    for line in textwrap.wrap(text, width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False):
        terminal.write_line(line, **markup)


def _plain(value):
    """An array as nested lists; JSON has no NaN and no infinity, so these are strings.

    Of a large array, its shape and the corner at its beginning.
    """
    if getattr(value, "size", 0) > WHOLE:
        side = max(n for n in range(1, WHOLE) if prod(min(n, size) for size in value.shape) <= CORNER or n == 1)
        return {"shape": list(value.shape), "corner": _plain(value[tuple(slice(side) for _ in value.shape)])}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return str(value)
    return value
