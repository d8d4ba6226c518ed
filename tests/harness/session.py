"""What the kata adds to a pytest run: a test for every operation and property, its report, and the end of the run.

It imports torch only when operations are collected, so `pytest --help` and a mistyped option answer at once.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness import report, scoreboard
from tests.specs import LEVELS

if TYPE_CHECKING:
    from tests.harness.properties import Examiner, Property, Verdict
    from tests.harness.spec import Operation
    from tests.harness.submissions import Elsewhere, Here

NOT_FOR_GRADING = ("meta", "mutants")  # folders of the harness's own tests


@dataclass
class Run:
    """One pytest run: what was asked for, and what came out so far."""

    project: Path
    implementation: Here | Elsewhere
    seed: int
    alone: bool
    examiner: Examiner | None = None
    results: list[scoreboard.Result] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)


RUN = pytest.StashKey[Run]()
VERDICT = pytest.StashKey["Verdict"]()


def configure(config: pytest.Config, project: Path, impl: str, *, alone: bool) -> None:
    """Check what was asked for, before anything slow. `alone`: grade it and nothing else. Raises UsageError."""
    for level in LEVELS:
        config.addinivalue_line("markers", f"{level}: operations of the level {level}")
    for file in config.getoption("report"):
        report.refuse_unless_writable(file)
    from tests.harness.submissions import Unusable, resolve

    try:
        implementation = resolve(impl, project, _names)
    except Unusable as unusable:
        raise pytest.UsageError(str(unusable)) from None
    config.stash[RUN] = Run(project, implementation, config.getoption("seed") or 0, alone)
    if alone and config.option.reportchars == "fE":  # pytest's default: the scoreboard says the same, and more
        config.option.reportchars = ""


def pytest_unconfigure(config: pytest.Config) -> None:
    run = config.stash.get(RUN, None)
    if run:
        run.implementation.close()


def pytest_report_header(config: pytest.Config) -> str:
    run = config.stash[RUN]
    return f"backprop kata: --impl={run.implementation.name}, --seed={run.seed}"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    run = config.stash[RUN]
    tests = run.project / "tests"
    named = any(folder in str(argument) for argument in config.args for folder in NOT_FOR_GRADING)
    return True if run.alone and not named and collection_path in [tests / f for f in NOT_FOR_GRADING] else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if hasattr(metafunc.function, "property"):
        from tests.harness.catalogue import operations

        rows = ((level, op) for level, ops in operations().items() for op in ops)
        parameters = [pytest.param(op, id=op.name, marks=getattr(pytest.mark, level)) for level, op in rows]
        metafunc.parametrize("op", parameters)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Operation by operation, in order of study, and the harness's own tests last."""
    order = list(dict.fromkeys(item.callspec.params["op"].name for item in items if _is_graded(item)))
    items.sort(key=lambda item: order.index(item.callspec.params["op"].name) if _is_graded(item) else len(order))


@pytest.fixture
def examine(request: pytest.FixtureRequest):
    """Hold the implementation under test to a property; a verdict other than a pass fails or skips the test."""
    run = request.config.stash[RUN]
    from tests.harness.submissions import Refused

    capture = request.config.pluginmanager.getplugin("capturemanager")

    def examine(prop: Property, op: Operation) -> None:
        verdict = request.node.stash[VERDICT] = _examiner(run).verdict(prop, op)
        if verdict.trial:
            # Of all that the candidate's code printed, show what it prints for the counterexample.
            capture.read_global_capture()
            with contextlib.suppress(Exception, Refused):
                prop.check(verdict.trial)
        if verdict.status in ("todo", "skip"):
            pytest.skip(verdict.why)  # nothing to look at in a debugger
        if verdict.status != "pass":
            _stop(verdict)

    return examine


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    made = yield
    verdict = item.stash.get(VERDICT, None)
    if call.when == "call" and verdict is not None:
        from tests.harness.catalogue import place_of
        from tests.harness.explain import screen

        made.kata = scoreboard.as_data(verdict, *place_of(verdict.op))
        made.location = (*made.location[:2], f"{verdict.op}: {verdict.property}")
        if verdict.status in ("todo", "fail", "error", "timeout"):
            made.outcome, made.longrepr = "failed", screen(verdict)
    return made


def pytest_report_teststatus(report: pytest.TestReport):
    if hasattr(report, "kata"):
        return {
            "todo": ("todo", "T", ("TODO", {"yellow": True})),
            "error": ("failed", "E", "ERROR"),
            "timeout": ("failed", "O", "TIMEOUT"),
        }.get(report.kata["status"])
    return None


class _Results:
    """Gathers the verdicts where the run is reported: in this process, also those that pytest-xdist's workers made."""

    def __init__(self, run: Run):
        self.run = run

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if hasattr(report, "kata"):
            self.run.results.append(scoreboard.from_data(report.kata))


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.pluginmanager.register(_Results(session.config.stash[RUN]))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    run = session.config.stash[RUN]
    if hasattr(session.config, "workerinput"):
        return
    if exitstatus == pytest.ExitCode.OK and any(r.status != "pass" for r in run.results):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    for file in session.config.getoption("report"):
        report.write(
            file, run.implementation.name, run.seed, scoreboard.in_order(run.results), time.perf_counter() - run.started
        )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    run = config.stash[RUN]
    if run.results:
        results = scoreboard.in_order(run.results)
        scoreboard.write(terminalreporter, results, impl=run.implementation.name, whole=not _is_narrowed(config))


def _examiner(run: Run) -> Examiner:
    from tests.harness.properties import Examiner

    run.examiner = run.examiner or Examiner(run.implementation, run.seed)
    return run.examiner


def _names() -> dict[str, list[str]]:
    from tests.harness.catalogue import names

    return names()


def _is_graded(item: pytest.Item) -> bool:
    return hasattr(getattr(item, "function", None), "property")


def _is_narrowed(config: pytest.Config) -> bool:
    return bool(config.option.keyword or config.option.markexpr or getattr(config.option, "lf", False))


def _stop(verdict: Verdict) -> None:
    """Raise what --pdb is to stop at: the candidate's own exception, or a frame that holds the two answers."""
    wrong = verdict.wrong
    if wrong is None:
        raise AssertionError(verdict.why)
    if wrong.crash and isinstance(wrong.crash.error, Exception):
        raise wrong.crash.error
    example = verdict.trial.example
    _differs(
        dict(zip(verdict.trial.op.inputs, example.inputs, strict=True)),
        example.gy,
        wrong.yours,
        wrong.torch,
        verdict.why,
    )


def _differs(inputs: dict, gy, yours, torch, why: str) -> None:
    """For --pdb: the counterexample is in `inputs` and `gy`, your answer in `yours`, the right one in `torch`."""
    raise AssertionError(why)
