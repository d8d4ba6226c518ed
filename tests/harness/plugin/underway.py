"""What is shown while a run grades, in place of pytest's dots: which operations are judged, and what came of them.

On a terminal that is a bar for each submission; elsewhere a few lines for each level, or one for each of several
submissions. With -v it is pytest's line for each test.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.harness.display import scoreboard
from tests.harness.judgement.points import FAILED
from tests.harness.plugin.run import RUN, Run
from tests.harness.plugin.season import SEASON
from tests.harness.rows.names import level_of, names_by_level
from tests.harness.worker.printable import printable

_BAR = 16  # characters
_BESIDE = 50  # columns beside a submission's name: how many there are, its bar, how many operations


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    config = session.config
    terminal, run = config.pluginmanager.getplugin("terminalreporter"), config.stash[RUN]
    verbosity = config.get_verbosity(pytest.Config.VERBOSITY_TEST_CASES)
    elsewhere = SEASON in config.stash or config.option.watch or config.option.collectonly
    if terminal is None or verbosity > 0 or not run.alone or elsewhere:
        return (yield)
    captured = config.option.capture in ("fd", "sys")  # what is printed beside it would break a bar
    live = bool(terminal.isatty) and captured
    underway = Underway(run, terminal, live=live, quiet=verbosity < 0)
    terminal.showfspath = False
    config.pluginmanager.register(underway)
    try:
        return (yield)
    finally:
        config.pluginmanager.unregister(underway)


class Underway:
    """`live`: a line can be written anew. `quiet`: there is nothing but such a line."""

    def __init__(self, run: Run, terminal: pytest.TerminalReporter, *, live: bool, quiet: bool):
        self._run, self._terminal, self._live = run, terminal, live
        self._several = len(run.subjects) > 1
        self._silent = quiet and not live
        self._left: Counter[tuple[str, str]] = Counter()  # submission and operation -> tests that are to come
        self._operations: Counter[str] = Counter()  # of each submission
        self._judged: Counter[str] = Counter()  # of these
        self._done = 0  # submissions
        self._names: dict[str, str] = {}  # submission -> its name, all in as many columns
        self._at = ("", "")  # the submission and the operation of the bar
        self._level = ""  # of the line

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> Iterator[None]:
        """A verdict counts as ever, but has no letter of its own."""
        status = yield
        return (status[0], "", "") if report.nodeid in self._run.selected else status

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if nodeid not in self._run.selected:
            return
        if not self._left:
            self._begin()
        submission, op, _ = self._run.selected[nodeid]
        if self._live and self._at != (submission, op):
            self._at = (submission, op)
            self._rewrite(self._bar(submission, op))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        if nodeid not in self._run.selected:
            return
        submission, op, _ = self._run.selected[nodeid]
        self._left[submission, op] -= 1
        if self._left[submission, op] or self._silent:
            return
        self._judged[submission] += 1
        if not self._live and not self._several:
            self._tell(submission, op)
        if self._judged[submission] == self._operations[submission]:
            self._end(submission)

    def _begin(self) -> None:
        self._left.update((submission, op) for submission, op, _ in self._run.selected.values())
        self._operations.update(submission for submission, _ in self._left)
        names = {subject.name: printable(subject.name) for subject in self._run.subjects}
        room = min(max(map(_columns, names.values())), max(self._width() - _BESIDE, 12))
        self._names = {submission: _fitted(name, room, end=True) for submission, name in names.items()}
        self._terminal.write("" if self._silent else "\n")

    def _end(self, submission: str) -> None:
        """All of a submission is judged."""
        line = ""
        if self._several:
            outcome = self._run.outcome(submission)
            line = f"{self._name(submission)}{outcome.score:6g}{'  incomplete' if outcome.missing else ''}"
        if self._live:
            self._rewrite(line or self._bar(submission))
        self._terminal.write("\n" if self._live else f"{line}\n", flush=True)
        self._done += 1
        self._at = ("", "")

    def _tell(self, submission: str, op: str) -> None:
        """Add an operation to the line of its level."""
        statuses = [r.status for r in self._run.results if (r.submission, r.op) == (submission, op)]
        word, markup = scoreboard.word(_together(statuses))
        level = op if op == "compose" else level_of(op, names_by_level())
        writer = self._terminal.config.get_terminal_writer()
        if level != self._level:
            self._terminal.write("\n" * bool(self._level) + f"{level}: ")
        elif writer.width_of_current_line + len(f", {op} {word},") > writer.fullwidth:
            self._terminal.write(",\n    ")
        else:
            self._terminal.write(", ")
        self._terminal.write(f"{op} " if op != level else "")
        self._terminal.write(word, flush=True, **markup)
        self._level = level

    def _rewrite(self, line: str) -> None:
        self._terminal.rewrite(_fitted(line, self._width() - 1))
        self._terminal.flush()

    def _bar(self, submission: str, op: str = "") -> str:
        judged, of = self._judged[submission], self._operations[submission]
        return f"{self._name(submission)}[{'#' * (_BAR * judged // of):-<{_BAR}}] {judged} of {of}  {op}"

    def _name(self, submission: str) -> str:
        """Which of several submissions it is, and its name; of a single one nothing."""
        if not self._several:
            return ""
        of = str(len(self._run.subjects))
        return f"{self._done + 1:{len(of)}} of {of}  {self._names[submission]}  "

    def _width(self) -> int:
        return self._terminal.config.get_terminal_writer().fullwidth


def _together(statuses: list[str]) -> str:
    """What came of an operation, in one status: the first that does not hold."""
    worst = [s for s in statuses if s in FAILED] or [s for s in statuses if s == "todo"]
    held = [s for s in statuses if s == "pass"]
    return [*worst, *held, *statuses, "none"][0]


def _fitted(text: str, columns: int, *, end: bool = False) -> str:
    """A text in exactly so many columns, without what stands too much at its end; with `end`, at its beginning."""
    if _columns(text) > columns:
        before, text = ("...", text[-columns:]) if end else ("", text[:columns])
        while _columns(before + text) > columns:
            text = text[1:] if end else text[:-1]
        text = before + text
    return text + " " * (columns - _columns(text))


def _columns(text: str) -> int:
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)
