"""One test as a verdict: the fixtures that grade, what becomes of a verdict that is no pass, and the test's report."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.display.result import result_of, unexplained
from tests.harness.plugin.run import RUN, Run, is_graded
from tests.harness.rows.names import names_by_level
from tests.harness.season.subject import Subject, explained, near_miss, or_nothing, place_of
from tests.harness.worker.printable import printable

if TYPE_CHECKING:
    from tests.harness.judgement.examiner import Examiner
    from tests.harness.judgement.properties import Chained, Property
    from tests.harness.judgement.verdict import Verdict
    from tests.harness.rows.spec import Operation
    from tests.harness.submissions.here import Here

VERDICT = pytest.StashKey["tuple[Subject, Verdict]"]()
TROUBLE = pytest.StashKey["tuple[Subject, str, bool]"]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """What has nothing to run is reported without a test's setup, which takes longer: when all is TODO, most of the run."""
    if nextitem is None or nextitem.parent is not item.parent or not (verdict := _foregone(item)):
        return None  # after the last test of a module, pytest has to leave it
    item.stash[VERDICT] = verdict
    hook = item.ihook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for when, run in (("setup", _nothing), ("call", partial(_conclude, verdict[1])), ("teardown", _nothing)):
        call = pytest.CallInfo.from_call(run, when)
        hook.pytest_runtest_logreport(report=hook.pytest_runtest_makereport(item=item, call=call))
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _foregone(item: pytest.Item) -> tuple[Subject, Verdict] | None:
    run = item.config.stash[RUN]
    if not is_graded(item) or "op" not in item.callspec.params:
        return None
    subject = run.subjects[item.callspec.params["subject"]]
    if subject.examiner is None or subject.name in run.ended:
        return None
    verdict = subject.examiner.foregone(item.function.property, item.callspec.params["op"])
    return verdict and (subject, verdict)


def _nothing() -> None:
    pass


@pytest.fixture
def examine(request: pytest.FixtureRequest):
    """Hold an implementation under test to a property; a verdict other than a pass fails or skips the test."""
    run = request.config.stash[RUN]
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def examine(prop: Property, op: Operation, subject: int) -> None:
        with _grading(request.node, run, subject) as examiner:
            verdict = request.node.stash[VERDICT] = (run.subjects[subject], examiner.verdict(prop, op))
            if verdict[1].trial and not prop.once and run.explains:
                from tests.harness.judgement.search import run_again

                # Of all that the candidate's code printed, show what it prints for the counterexample.
                capture.read_global_capture()
                or_nothing(run_again, prop, verdict[1])
        _conclude(verdict[1])

    return examine


@pytest.fixture
def examine_networks(request: pytest.FixtureRequest):
    """Hold networks of an implementation's own operations to torch's gradients; the same consequences as `examine`."""
    run = request.config.stash[RUN]

    def examine_networks(subject: int, chained: Chained) -> None:
        from tests.harness.rows.catalogue import operations

        rows = [op for ops in operations().values() for op in ops]
        with _grading(request.node, run, subject) as examiner:
            verdict = request.node.stash[VERDICT] = (
                run.subjects[subject],
                examiner.networks(rows, chained.examples, chained.after),
            )
        _conclude(verdict[1])

    return examine_networks


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    made = yield
    if call.when != "call":
        return made
    run = item.config.stash[RUN]
    if is_graded(item):
        subject = run.subjects[item.callspec.params["subject"]]
        notes = or_nothing(subject.new_notes) or []
        if VERDICT in item.stash:
            notes = [*notes, *near_miss(item.stash[VERDICT][1])]
        if notes:
            made.notes = {"submission": subject.name, "lines": notes}
    if TROUBLE in item.stash:
        subject, line, ends = item.stash[TROUBLE]
        made.trouble = {"submission": subject.name, "line": line, "ends": ends}
    if VERDICT in item.stash:
        subject, verdict = item.stash[VERDICT]
        result = result_of(verdict, subject.name, *place_of(verdict.op))
        made.kata = vars(result if run.explains else unexplained(result)).copy()
        several = f"{printable(subject.name)}: " if len(run.subjects) > 1 else ""
        made.location = (*made.location[:2], f"{several}{verdict.op}: {verdict.property}")
        if verdict.status in ("todo", "fail", "error", "timeout"):
            from tests.harness.display.screen import screen

            made.outcome = "failed"
            made.longrepr = (f"{verdict.why}\n" if several else screen(verdict)) if run.explains else ""
    return made


def pytest_report_teststatus(report: pytest.TestReport):
    if hasattr(report, "kata"):
        return {
            "todo": ("todo", "T", ("TODO", {"yellow": True})),
            "error": ("failed", "E", "ERROR"),
            "timeout": ("failed", "O", "TIMEOUT"),
        }.get(report.kata["status"])
    return None


@contextlib.contextmanager
def _grading(node: pytest.Item, run: Run, number: int) -> Iterator[Examiner]:
    """The examiner of a subject; the grader's own trouble is kept apart from the subject's verdict."""
    from tests.harness.judgement.examiner import Examiner
    from tests.harness.submissions.parcel import UnusableSubmission
    from tests.harness.submissions.remote import GraderTrouble
    from tests.harness.submissions.submissions import absent

    subject = run.subjects[number]
    if subject.name in run.ended:
        pytest.skip(run.trouble[subject.name])
    for other in run.subjects[:number]:
        if other.implementation:
            other.implementation.rest()  # its worker has nothing more to do
    if subject.examiner is None:
        implementation = subject.implementation or absent(subject.name, subject.unusable)
        subject.examiner = Examiner(
            implementation,
            run.seed,
            shrink=run.explains,
            explain=explained if run.explains else None,
            times=run.times,
            memory=run.memory,
            reference=lambda: _reference(subject, run.project),
        )
    try:
        yield subject.examiner
    except (GraderTrouble, OSError) as trouble:
        line = printable(str(trouble))
        node.stash[TROUBLE] = (subject, line, True)
        run.trouble.setdefault(subject.name, line)
        run.ended.add(subject.name)
        pytest.skip(f"the grader's own trouble: {line}")
    except UnusableSubmission as unusable:
        raise pytest.UsageError(str(unusable)) from None
    except Exception as error:  # a mistake of the grader's: it costs this verdict, and no other
        node.stash[TROUBLE] = (subject, printable(f"{type(error).__name__}: {error}", 300), False)
        if run.sandbox == "none":
            raise
    else:
        return
    raise pytest.fail.Exception(f"the grader's own trouble: {node.stash[TROUBLE][1]}", pytrace=False) from None


def _reference(subject: Subject, project: Path) -> Here:
    from tests.harness.submissions.submissions import reference

    subject.reference = subject.reference or reference(project, names_by_level)
    return subject.reference


def _conclude(verdict: Verdict) -> None:
    if verdict.status in ("todo", "skip"):
        pytest.skip(verdict.why)  # nothing to look at in a debugger
    if verdict.status != "pass":
        _stop(verdict)


def _stop(verdict: Verdict) -> None:
    """Raise what --pdb is to stop at: the candidate's own exception, or a frame that holds the two answers."""
    wrong = verdict.wrong
    if wrong is None:
        raise AssertionError(verdict.why)
    if wrong.crash and isinstance(wrong.crash.error, Exception):
        raise wrong.crash.error
    example = verdict.trial.example
    inputs = dict(zip(verdict.trial.op.inputs, example.inputs, strict=True))
    _differs(inputs, example.gy, wrong.yours, wrong.torch, verdict.why)


def _differs(inputs: dict, gy, yours, torch, why: str) -> None:
    """For --pdb: the counterexample is in `inputs` and `gy`, your answer in `yours`, the right one in `torch`."""
    raise AssertionError(why)
