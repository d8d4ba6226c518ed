"""The end of a run: its results are gathered, its exit status is set, and the reports and the scoreboard are written."""

from __future__ import annotations

import pytest

from tests.harness.display import report, scoreboard
from tests.harness.display.about import About
from tests.harness.display.result import Result
from tests.harness.plugin import evening, mending, selection
from tests.harness.plugin.internals import count, without_idle_hypothesis
from tests.harness.plugin.run import RUN, Run
from tests.harness.plugin.season import EXIT_TROUBLE, SEASON
from tests.harness.season.subject import or_nothing
from tests.harness.worker.printable import printable

_NOTHING = (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED)  # was graded: there is no score


class _Results:
    """Gathers the verdicts where the run is reported: in this process, also those that pytest-xdist's workers made."""

    def __init__(self, run: Run):
        self.run = run

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if hasattr(report, "kata"):
            self.run.results.append(Result(**report.kata))
        if hasattr(report, "notes"):
            self.run.notes.setdefault(report.notes["submission"], {}).update(dict.fromkeys(report.notes["lines"]))
        if hasattr(report, "trouble"):
            self.run.trouble.setdefault(report.trouble["submission"], report.trouble["line"])
            if report.trouble["ends"]:
                self.run.ended.add(report.trouble["submission"])

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo) -> None:
        if not excinfo.errisinstance(KeyboardInterrupt):  # a -x, or a collection that failed
            return
        for subject in self.run.subjects:
            self.run.trouble.setdefault(subject.name, "the run was interrupted")


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.pluginmanager.register(_Results(session.config.stash[RUN]))


@pytest.hookimpl(tryfirst=True)  # whatever breaks after it, the reports are written
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    run = session.config.stash[RUN]
    without_idle_hypothesis(session.config)
    if hasattr(session.config, "workerinput") or session.config.option.collectonly:
        return
    if run.kit:
        session.exitstatus = pytest.ExitCode.OK
        return
    if exitstatus in _NOTHING or SEASON in session.config.stash:
        return
    outcomes = run.outcomes()
    # -x, the end of watching, or whatever else ends a run early on purpose.
    stopped = session.shouldstop or session.shouldfail or session.config.option.watch
    if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        if run.trouble or (not stopped and any(o.missing for o in outcomes)):
            session.exitstatus = EXIT_TROUBLE
        elif not all(r.holds for r in run.results):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
    for file in session.config.getoption("report"):
        try:
            report.write(file, about(run, file), outcomes)
        except Exception as error:  # the other report, and the terminal, still tell the verdict
            session.exitstatus = EXIT_TROUBLE
            why = error.strerror if isinstance(error, OSError) and error.strerror else repr(error)
            session.config.get_terminal_writer().line(
                f"\n--report={printable(file)}: cannot be written: {printable(why, 200)}", red=True
            )
    or_nothing(evening.record, session.config, run.results)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    run = config.stash[RUN]
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and not run.kit:
        terminalreporter.write_line(f"nothing selected: {selection.nothing(config)}", red=True)
    if config.option.collectonly or SEASON in config.stash or (exitstatus in _NOTHING and not run.kit):
        return
    if run.kit:
        files, chosen = run.kit
        terminalreporter.write_line(
            f"{config.option.kit}: {files} files, for {', '.join(op for ops in chosen.values() for op in ops)}"
        )
        if run.planted:
            what = f"--bugs={len(run.planted)} --seed={run.seed}"
            terminalreporter.write_line(f"{what}: the same and --answers shows what is planted; it is not in the kit")
        return
    outcomes = run.outcomes()
    if config.option.watch:  # pytest ran none of the tests itself, but counts them in its last line
        for result in run.results:
            count(terminalreporter, result.status, result)
    if len(run.subjects) > 1:
        scoreboard.write_table(
            terminalreporter, [*map(scoreboard.row_of, outcomes)], config.get_terminal_writer().fullwidth
        )
    elif outcomes[0].results:
        part = (
            config.option.op or config.option.keyword or config.option.markexpr or getattr(config.option, "lf", False)
        )
        whole = not part and not any("::" in str(argument) for argument in config.args)
        seed = run.seed if run.hidden else None
        scoreboard.write(
            terminalreporter,
            outcomes[0],
            impl=run.subjects[0].name,
            whole=whole,
            hidden_seed=seed,
            times=or_nothing(evening.times, config, outcomes[0].results) or {},
            lines=[*(or_nothing(mending.lines, config) or []), *(or_nothing(evening.lines, config) or [])],
            repeated=evening.repeated(config),
            width=config.get_terminal_writer().fullwidth,
        )
    for name, line in run.trouble.items():
        terminalreporter.write_line(f"the grader's own trouble with {printable(name)}: {line}", red=True)


def about(run: Run, file: str) -> About:
    """What the report in this file says of the run."""
    # Only a page tells how many examples there were, and to know it takes torch.
    examples = _examples(run) if file.endswith(".html") else {}
    return About(run.seed, run.hidden, run.sandbox, run.command, examples)


def _examples(run: Run) -> dict[str, int]:
    """Property -> how many examples were drawn for it."""
    from tests.harness.season.job import asked

    properties, chained = asked(run.hidden)
    examples = {p.name: p.examples * run.times for p in properties.values() if not p.once}
    return examples | ({"compose": chained.examples} if chained else {})
