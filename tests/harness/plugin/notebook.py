"""One function graded in a notebook or at a prompt: the verdict of the public properties, as a display or as text.

torch is imported with the first verdict, and not before.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.harness.display import scoreboard
from tests.harness.judgement.points import FAILED, points, with_unasked
from tests.harness.plugin.prompt import OneLine
from tests.harness.rows.names import closest, names_by_level
from tests.harness.submissions.deadline import DEBUGGERS
from tests.specs import BUGS

if TYPE_CHECKING:
    from tests.harness.display.result import Result
    from tests.harness.judgement.properties import Property
    from tests.harness.judgement.verdict import Verdict

_PRINTED = 2000  # characters that are shown of what the function prints
_CELLS = 432  # of the heat maps of one failure


@dataclass(frozen=True, eq=False, repr=False)
class Checked:
    """The verdicts on a function, one a property. `printed`: what it printed for the first counterexample."""

    op: str
    verdicts: tuple[Verdict, ...]
    printed: str = ""

    @property
    def passed(self) -> bool:
        """Whether every property holds."""
        return all(verdict.holds for verdict in self.verdicts)

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        """The screen of each failure, in colour on a terminal that has it."""
        from tests.harness.plugin.internals import writer as writer_to

        stream = io.StringIO()
        writer = writer_to(stream, colour=_has_colour(sys.stdout))
        writer.write(f"{self.op}: ")
        self._write_statuses(writer)
        for verdict in self._failures():
            from tests.harness.display.screen import screen

            writer.write(f"\n\n{self.op} {verdict.property}\n", bold=True)
            screen(verdict).toterminal(writer)
        if self.printed:
            writer.write(f"\nIt printed, for the example above:\n{self.printed}")
        return stream.getvalue().rstrip()

    def _repr_html_(self) -> str | None:
        """The display of Jupyter; None, that is the text, where jinja2 is missing."""
        try:
            from tests.harness.display.failures import failures_of
            from tests.harness.display.markup import template

            page = template("check.html.jinja")
        except ImportError:
            return None
        results = self._results()
        return page.render(
            op=self.op,
            verdicts=self.verdicts,
            points=self._points(),
            todo=self._is_todo(),
            unwritten=self._unwritten(),
            failures=failures_of(results, "", _CELLS),
            printed=self.printed,
        )

    def _write_statuses(self, writer) -> None:
        if self._is_todo():
            writer.write("TODO", yellow=True)
            writer.write(f" ({self._unwritten()})")
            return
        for verdict in self.verdicts:
            word, colour = scoreboard.word(verdict.status)
            writer.write(f"{verdict.property} ")
            writer.write(word, **colour)
            writer.write(", ")
        writer.write("{}/{} points".format(*self._points()))
        if self._unwritten():
            writer.write(f" ({self._unwritten()})")

    def _is_todo(self) -> bool:
        """Whether there is nothing to judge: not even a forward pass."""
        return self.verdicts[0].status == "todo"

    def _failures(self) -> list[Verdict]:
        """Those that say something of their own; none in a kit with mistakes, where nothing is explained."""
        return [] if BUGS else [v for v in self.verdicts if v.status in FAILED and not v.echo]

    def _unwritten(self) -> str:
        """What is not there yet: the operation or its grad."""
        return next((v.why for v in self.verdicts if v.status == "todo"), "")

    def _results(self) -> list[Result]:
        from tests.harness.display.result import result_of
        from tests.harness.rows.catalogue import place_of

        results = [result_of(verdict, "", *place_of(self.op)) for verdict in self.verdicts]
        return [result for result in results if not (BUGS and result.failed)]

    def _points(self) -> tuple[int, int]:
        statuses = {verdict.property: verdict.status for verdict in self.verdicts}
        unasked = [verdict.property for verdict in self.verdicts if not verdict.asked]
        return points(self.op, with_unasked(statuses, unasked), list(statuses))


class UngradableFunction(OneLine):
    """Why what was given cannot be graded, in one line."""


def checked(function: Callable, op: str, seed: int) -> Checked:
    """Hold the function to the public properties of the operation. Raises UngradableFunction."""
    problem, name = _named(function, op)
    if problem:
        raise UngradableFunction(problem)
    from tests import test_ops
    from tests.harness.diagnosis.diagnose import diagnose
    from tests.harness.judgement.examiner import Examiner
    from tests.harness.judgement.properties import written_in
    from tests.harness.rows.catalogue import operations
    from tests.harness.submissions.here import Here

    (row,) = (row for rows in operations().values() for row in rows if row.name == name)
    properties = written_in(test_ops)
    examiner = Examiner(Here("check", {name: function}.get), seed, shrink=not BUGS, explain=None if BUGS else diagnose)
    with kept_back():
        verdicts = tuple(examiner.verdict(prop, row) for prop in properties)
    return Checked(name, verdicts, "" if BUGS else _printed(properties, verdicts))


def _named(function: object, op: str) -> tuple[str, str]:
    """What is wrong with what was given, or nothing, and the operation's name."""
    levels = names_by_level()
    ops = [known for names in levels.values() for known in names]
    if isinstance(function, str):
        return f"check: give it the function itself, not its name: check({function})", ""
    if not callable(function):
        return f"check: give it a function; this is a value of the type {type(function).__name__}", ""
    while not op and isinstance(function, functools.partial):
        function = function.func
    name = op or getattr(function, "__name__", "")
    if not name or name == "<lambda>":
        return f'check: what you gave has no name of its own; say which operation it is: check(f, op="{ops[0]}")', ""
    if name not in ops:
        say = "" if op else f' Say which one it is, check({name}, op="{ops[0]}")?'
        return f"check: there is no operation {name}.{say} It is most like {closest(name, ops)}", ""
    return "", name


def _printed(properties: list[Property], verdicts: tuple[Verdict, ...]) -> str:
    """What the function prints for the first counterexample, called again."""
    from tests.harness.judgement.search import run_again

    for prop, verdict in zip(properties, verdicts, strict=True):
        if verdict.trial:
            with kept_back() as sink:
                run_again(prop, verdict)
            return sink.text
    return ""


class _Sink(io.TextIOBase):
    """Keeps the first of what is printed; what a debugger prints goes through, or nobody could answer it."""

    def __init__(self, through):
        self.text, self._through = "", through

    def write(self, text: str) -> int:
        if sys._getframe(1).f_globals.get("__name__", "").startswith(DEBUGGERS):
            self._through.write(text)
        elif len(self.text) < _PRINTED:
            self.text += text[: _PRINTED - len(self.text)]
        return len(text)

    def flush(self) -> None:
        self._through.flush()


@contextlib.contextmanager
def kept_back() -> Iterator[_Sink]:
    """Hundreds of examples would print hundreds of times."""
    sink = _Sink(sys.stdout)
    with contextlib.redirect_stdout(sink):
        yield sink


def _has_colour(stream) -> bool:
    """Whether this is a terminal that shows colours. A notebook's stream may say that it is one; it has no descriptor."""
    from tests.harness.plugin.internals import has_colour

    try:
        return os.isatty(stream.fileno()) and has_colour(stream)
    except (AttributeError, OSError, ValueError):
        return False
