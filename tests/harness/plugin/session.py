"""What the kata adds to a pytest run: a test for every operation and property, its report, and the end of the run.

It imports torch only when operations are collected, so `pytest --help` and a mistyped option answer at once.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.display import report, scoreboard
from tests.harness.plugin import evening, kit
from tests.harness.rows.names import listed
from tests.harness.worker.printable import printable
from tests.specs import LEVELS

if TYPE_CHECKING:
    from tests.harness.judgement.examiner import Examiner
    from tests.harness.judgement.properties import Chained, Property
    from tests.harness.judgement.verdict import Verdict
    from tests.harness.rows.spec import Operation
    from tests.harness.submissions.submissions import Elsewhere, Here

NOT_FOR_GRADING = ("meta", "mutants")  # folders of the harness's own tests
HIDDEN_TIMES = 4  # as many examples as in public
_COUNTED_AS = {"pass": "passed", "todo": "todo", "skip": "skipped"}  # in pytest's words
EXIT_TROUBLE = 3  # the grader's own; pytest's status for an internal error


@dataclass
class Subject:
    """One implementation under test. `unusable`: why it cannot be graded at all, where several are graded."""

    name: str
    implementation: Here | Elsewhere | None
    unusable: str = ""
    examiner: Examiner | None = None
    reference: Here | None = None

    def close(self) -> None:
        for implementation in (self.implementation, self.reference):
            if implementation:
                implementation.close()


Selected = tuple[str, str, str]
"""A submission, an operation of it and a property, by name; `compose` is an operation whose gradient is judged."""


@dataclass
class Run:
    """One pytest run: what was asked for, and what came out so far."""

    project: Path
    subjects: list[Subject]
    seed: int
    hidden: bool
    sandbox: str
    alone: bool
    command: str
    selected: dict[Selected, None] = field(default_factory=dict)  # what a verdict is due on, in order
    results: list[scoreboard.Result] = field(default_factory=list)
    trouble: dict[str, str] = field(default_factory=dict)  # submission -> the grader's own trouble with it
    ended: set[str] = field(default_factory=set)  # submissions that cannot be graded any further for such a reason
    kit: tuple[int, dict[str, list[str]]] | None = None  # files and operations of the kit that was written

    @property
    def times(self) -> int:
        """How many times the public number of examples."""
        return HIDDEN_TIMES if self.hidden else 1

    def verdicts(self) -> list[report.Graded]:
        """What came of each submission, with what is missing."""
        found = {(r.submission, r.op, r.property) for r in self.results}
        missing = [
            scoreboard.missing(submission, *_place_of(op), op, prop)
            for submission, op, prop in self.selected
            if (submission, op, prop) not in found
        ]
        return report.verdicts([s.name for s in self.subjects], [*self.results, *missing], self.trouble)


RUN = pytest.StashKey[Run]()
VERDICT = pytest.StashKey["tuple[Subject, Verdict]"]()
TROUBLE = pytest.StashKey["tuple[Subject, str, bool]"]()


def configure(config: pytest.Config, project: Path, impls: list[str], *, alone: bool) -> None:
    """Check what was asked for, before anything slow. `alone`: grade it and nothing else. Raises UsageError."""
    for level in LEVELS:
        config.addinivalue_line("markers", f"{level}: operations of the level {level}")
    config.addinivalue_line("markers", "compose: networks of a submission's own operations (hidden)")
    for file in config.getoption("report"):
        report.refuse_unless_writable(file, (".json", ".html"), "--report")
    if config.getoption("kit"):
        kit.refuse(config.getoption("kit"))
        impls, alone = ["kata"], True
    hidden = config.getoption("hidden")
    if hidden and not (project / "tests" / "hidden").is_dir():
        raise pytest.UsageError("--hidden: there is no folder tests/hidden/ here; this is a candidate's kit")
    if config.getoption("seed") is None:
        config.option.seed = secrets.randbelow(2**32) if hidden else 0  # also for pytest-xdist's workers
    sandbox = config.getoption("sandbox")
    if config.getoption("watch"):
        _refuse_to_watch(config, impls)
    subjects = _subjects(impls, project, sandbox)
    confined = sandbox if any(type(s.implementation).__name__ == "Elsewhere" for s in subjects) else "none"
    command = _command(config, impls)
    config.stash[RUN] = Run(project, subjects, config.option.seed, hidden, confined, alone, command)
    if alone and config.option.reportchars == "fE":  # pytest's default: the scoreboard says the same, and more
        config.option.reportchars = ""
    if len(subjects) > 1 and config.option.tbstyle == "auto":
        config.option.tbstyle = "no"  # hundreds of failures; the reports have them


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """The maintainer's plain `pytest` uses all cores where pytest-xdist is installed; -n0 keeps it to one."""
    option = config.option
    everything = not option.impl and not option.kit and config.args_source == pytest.Config.ArgsSource.TESTPATHS
    watched = option.usepdb or option.capture == "no" or option.collectonly
    if everything and not watched and getattr(option, "numprocesses", 0) is None and "workerinput" not in vars(config):
        option.numprocesses = "logical"


def pytest_unconfigure(config: pytest.Config) -> None:
    run = config.stash.get(RUN, None)
    for subject in run.subjects if run else ():
        subject.close()


def pytest_report_header(config: pytest.Config) -> str:
    run = config.stash[RUN]
    names = printable(run.subjects[0].name) if len(run.subjects) == 1 else f"{len(run.subjects)} submissions"
    hidden = ", hidden" if run.hidden else ""
    sandbox = f", sandbox {run.sandbox}" if run.hidden or run.sandbox != "none" else ""
    return f"backprop kata: --impl={names}, --seed={run.seed}{hidden}{sandbox}"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    run = config.stash[RUN]
    tests = run.project / "tests"
    if collection_path == tests / "hidden" and not run.hidden:
        return True
    named = any(folder in str(argument) for argument in config.args for folder in NOT_FOR_GRADING)
    return True if run.alone and not named and collection_path in [tests / f for f in NOT_FOR_GRADING] else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    function = metafunc.function
    if not _is_graded(metafunc.definition):
        return
    from tests.harness.rows.catalogue import operations

    run = metafunc.config.stash[RUN]
    several = len(run.subjects) > 1
    rows = [(level, op) for level, ops in operations().items() for op in ops]
    if hasattr(function, "chained"):
        parameters = [
            pytest.param(number, id=f"{subject.name}-compose" if several else "compose", marks=pytest.mark.compose)
            for number, subject in enumerate(run.subjects)
        ]
        metafunc.parametrize("subject", parameters)
        return
    parameters = [
        pytest.param(
            op, number, id=f"{subject.name}-{op.name}" if several else op.name, marks=getattr(pytest.mark, level)
        )
        for number, subject in enumerate(run.subjects)
        for level, op in rows
    ]
    metafunc.parametrize(("op", "subject"), parameters)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Submission by submission, operation by operation in order of study, and the harness's own tests last."""
    order: dict[str, int] = {}
    last = len(items)

    def place(item: pytest.Item) -> tuple[int, ...]:
        if not _is_graded(item):
            return (last,)
        subject, op = item.callspec.params["subject"], item.callspec.params.get("op")
        return (subject, order.setdefault(op.name, len(order)) if op else last)

    items.sort(key=place)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Note what a verdict is due on. With --kit, write it for what was chosen, and run nothing."""
    file, run = session.config.option.kit, session.config.stash[RUN]
    if not file:
        run.selected.update(dict.fromkeys(_selected(item, run) for item in session.items if _is_graded(item)))
        return
    chosen: dict[str, list[str]] = {}
    for item in session.items:
        op = item.callspec.params.get("op") if _is_graded(item) else None
        if op:
            names = chosen.setdefault(_place_of(op.name)[0], [])
            names += [op.name] if op.name not in names else []
    if not chosen:
        raise pytest.UsageError("--kit: no operation was chosen; see -k and -m")
    run.kit = (len(kit.write(file, run.project, chosen)), chosen)
    session.items.clear()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node, ids: list[str]) -> None:
    """The same where pytest-xdist's workers collect: they tell the names of the tests."""
    run = node.config.stash[RUN]
    named = {_escaped(subject.name): subject.name for subject in run.subjects}
    known = {"compose", *(op for ops in listed().values() for op in ops)}
    graded = rf"^tests/(?!{'|'.join(NOT_FOR_GRADING)}).*::test_(\w+)\[(.+)\]$"
    for test, parameters in re.findall(graded, "\n".join(ids), re.MULTILINE):
        before, _, op = parameters.rpartition("-")
        submission = named.get(before) if len(run.subjects) > 1 else run.subjects[0].name
        if submission and op in known:
            run.selected[submission, op, "gradient" if op == "compose" else test] = None


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """With --watch, stay and grade what was chosen after each save; what holds at the end is the result of the run."""
    config = session.config
    if not config.getoption("watch") or session.testsfailed or config.option.collectonly:
        return None
    from tests.harness.watch.watch import watch

    run = config.stash[RUN]
    wanted: dict[str, list[str]] = {}
    for item in session.items:
        if _is_graded(item) and "op" in item.callspec.params:
            wanted.setdefault(item.callspec.params["op"].name, []).append(item.function.property.name)
    capture = config.pluginmanager.getplugin("capturemanager")
    capture.suspend_global_capture(in_=True)
    try:
        colour = config.get_terminal_writer().hasmarkup
        run.results += watch(
            run.project, run.subjects[0].name, run.seed, wanted, evening.practice_of(config), colour=colour
        )
    finally:
        capture.resume_global_capture()
    return True


@pytest.fixture
def examine(request: pytest.FixtureRequest):
    """Hold an implementation under test to a property; a verdict other than a pass fails or skips the test."""
    run = request.config.stash[RUN]
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def examine(prop: Property, op: Operation, subject: int) -> None:
        with _grading(request.node, run, subject) as examiner:
            verdict = request.node.stash[VERDICT] = (run.subjects[subject], examiner.verdict(prop, op))
            if verdict[1].trial and not prop.once:
                from tests.harness.judgement.search import run_again

                # Of all that the candidate's code printed, show what it prints for the counterexample.
                capture.read_global_capture()
                _or_nothing(run_again, prop, verdict[1])
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
    if TROUBLE in item.stash:
        subject, line, ends = item.stash[TROUBLE]
        made.trouble = {"submission": subject.name, "line": line, "ends": ends}
    if VERDICT in item.stash:
        subject, verdict = item.stash[VERDICT]
        made.kata = scoreboard.as_data(verdict, subject.name, *_place_of(verdict.op))
        several = f"{printable(subject.name)}: " if len(run.subjects) > 1 else ""
        made.location = (*made.location[:2], f"{several}{verdict.op}: {verdict.property}")
        if verdict.status in ("todo", "fail", "error", "timeout"):
            from tests.harness.display.explain import screen

            made.outcome = "failed"
            made.longrepr = f"{verdict.why}\n" if several else screen(verdict)
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
    if hasattr(session.config, "workerinput") or session.config.option.collectonly:
        return
    if run.kit:
        session.exitstatus = pytest.ExitCode.OK
        return
    verdicts = run.verdicts()
    stopped = session.shouldstop or session.shouldfail  # -x, or whatever else ends a run early on purpose
    if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        if run.trouble or (not stopped and any(v.missing for v in verdicts)):
            session.exitstatus = EXIT_TROUBLE
        elif any(r.status != "pass" for r in run.results):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
    for file in session.config.getoption("report"):
        try:
            report.write(file, run, verdicts)
        except Exception as error:  # the other report, and the terminal, still tell the verdict
            session.exitstatus = EXIT_TROUBLE
            why = error.strerror if isinstance(error, OSError) and error.strerror else repr(error)
            session.config.get_terminal_writer().line(
                f"\n--report={printable(file)}: cannot be written: {printable(why, 200)}", red=True
            )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    run = config.stash[RUN]
    if run.kit:
        files, chosen = run.kit
        terminalreporter.write_line(
            f"{config.option.kit}: {files} files, for {', '.join(op for ops in chosen.values() for op in ops)}"
        )
        return
    verdicts = run.verdicts()
    if config.option.watch:  # pytest ran none of the tests itself, but counts them in its last line
        for result in run.results:
            terminalreporter._add_stats(_COUNTED_AS.get(result.status, "failed"), [result])
    if len(run.subjects) > 1:
        scoreboard.write_table(terminalreporter, verdicts)
    elif verdicts[0].results:
        part = config.option.keyword or config.option.markexpr or getattr(config.option, "lf", False)
        whole = not part and not any("::" in str(argument) for argument in config.args)
        seed = run.seed if run.hidden else None
        scoreboard.write(
            terminalreporter,
            verdicts[0],
            impl=run.subjects[0].name,
            whole=whole,
            hidden_seed=seed,
            times=_or_nothing(evening.times, config, verdicts[0].results) or {},
            lines=_or_nothing(evening.lines, config) or [],
            repeated=evening.repeated(config),
        )
    for name, line in run.trouble.items():
        terminalreporter.write_line(f"the grader's own trouble with {printable(name)}: {line}", red=True)


def _or_nothing(tell: Callable, *arguments: object) -> object:
    """What is told beside the verdict; without it, the verdict is told all the same."""
    try:
        return tell(*arguments)
    except Exception:
        return None


def _refuse_to_watch(config: pytest.Config, impls: list[str]) -> None:
    """Raise UsageError where there is nothing to watch, or nobody."""
    option = config.option
    for flag, given in (
        ("--hidden", option.hidden),
        ("--pdb", option.usepdb),
        ("-n", getattr(option, "numprocesses", 0)),
    ):
        if given:
            raise pytest.UsageError(f"--watch: does not go with {flag}; leave one of them out")
    if impls not in (["kata"], ["solutions"]):
        raise pytest.UsageError(f"--watch: is for your own answers, --impl=kata; not for {', '.join(impls)}")
    if not (sys.stdout.isatty() and Path("/dev/tty").exists()):
        raise pytest.UsageError("--watch: needs a terminal, but the output goes elsewhere; leave --watch out")


def _subjects(impls: list[str], project: Path, sandbox: str) -> list[Subject]:
    from tests.harness.submissions.confinement import Unconfined
    from tests.harness.submissions.deadline import last_resort
    from tests.harness.submissions.submissions import Unusable, resolve

    last_resort()
    subjects = []
    for impl in impls:
        try:
            subjects.append(Subject(impl, resolve(impl, project, _names, sandbox)))
        except Unusable as unusable:
            if len(impls) == 1 or isinstance(unusable, Unconfined):
                for subject in subjects:
                    subject.close()
                raise pytest.UsageError(str(unusable)) from None
            subjects.append(Subject(impl, None, str(unusable)))
    return subjects


@contextlib.contextmanager
def _grading(node: pytest.Item, run: Run, number: int):
    """The examiner of a subject; the grader's own trouble is kept apart from the subject's verdict."""
    from tests.harness.diagnosis.diagnose import diagnose
    from tests.harness.judgement.examiner import Examiner
    from tests.harness.submissions.remote import GraderTrouble
    from tests.harness.submissions.submissions import Unusable, absent

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
            explain=diagnose,
            times=run.times,
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
    except Unusable as unusable:
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

    subject.reference = subject.reference or reference(project, _names)
    return subject.reference


def _conclude(verdict: Verdict) -> None:
    if verdict.status in ("todo", "skip"):
        pytest.skip(verdict.why)  # nothing to look at in a debugger
    if verdict.status != "pass":
        _stop(verdict)


def _names() -> dict[str, list[str]]:
    from tests.harness.rows.catalogue import names

    return names()


def _selected(item: pytest.Item, run: Run) -> Selected:
    op = item.callspec.params.get("op")
    submission = run.subjects[item.callspec.params["subject"]].name
    return (submission, op.name, item.function.property.name) if op else (submission, "compose", "gradient")


def _escaped(name: str) -> str:
    """As pytest writes it in the name of a test."""
    return name.encode("unicode_escape").decode()


def _place_of(op: str) -> tuple[str, int]:
    from tests.harness.rows.catalogue import place_of

    return ("compose", 10**6) if op == "compose" else place_of(op)


def _command(config: pytest.Config, impls: list[str]) -> str:
    """The command that grades the same again."""
    import shlex

    option = config.option
    words = ["pytest", *(["--hidden"] if option.hidden else []), *(f"--impl={impl}" for impl in impls)]
    words += [f"--sample={option.sample}"] if option.sample else []
    words += [f"--seed={option.seed}", *(["--sandbox=process"] if option.sandbox != "bwrap" else [])]
    words += [
        word for flag, value in (("-k", option.keyword), ("-m", option.markexpr)) if value for word in (flag, value)
    ]
    return shlex.join([*words, *(f"--report={file}" for file in option.report)])


def _is_graded(item) -> bool:
    function = getattr(item, "function", None) or getattr(item, "obj", None)
    return hasattr(function, "property") or hasattr(function, "chained")


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
