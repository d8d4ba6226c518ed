"""What is asked of a run and collected for it: the options, and a test for every operation and property.

It imports torch only when operations are collected, so `pytest --help` and a mistyped option answer at once.
"""

from __future__ import annotations

import gc
import re
import secrets
import shlex
import sys
from pathlib import Path

import pytest

from tests.harness.plugin import diary, evening, kit, mending
from tests.harness.plugin.run import NOT_FOR_GRADING, RUN, Run, is_graded, selected, subjects
from tests.harness.plugin.season import SEASON
from tests.harness.rows.names import names_by_level
from tests.harness.season.subject import Subject, place_of
from tests.harness.submissions.usage import processors
from tests.harness.worker.printable import printable
from tests.specs import LEVELS


def configure(config: pytest.Config, project: Path, impls: list[str], *, alone: bool) -> None:
    """Check what was asked for, before anything slow. `alone`: grade it and nothing else. Raises UsageError."""
    for level in LEVELS:
        config.addinivalue_line("markers", f"{level}: operations of the level {level}")
    config.addinivalue_line("markers", "compose: networks of a submission's own operations (hidden)")
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
    if SEASON in config.stash:  # each when it is its turn, somewhere else
        graded, confined = [Subject(f"{len(config.stash[SEASON].impls)} submissions", None)], sandbox
    else:
        graded = subjects(impls, project, sandbox)
        confined = sandbox if any(s.implementation and s.implementation.sandbox != "none" for s in graded) else "none"
    again = command(config, config.getoption("impl") if SEASON in config.stash else impls)
    config.stash[RUN] = run = Run(project, graded, config.option.seed, hidden, confined, alone, again)
    run.explains, run.planted = config.option.explain == "on", config.stash.get(mending.PLANTED, ())
    if not run.explains:
        config.option.tbstyle = "no"
    if alone and config.option.reportchars == "fE":  # pytest's default: the scoreboard says the same, and more
        config.option.reportchars = ""
    if (len(graded) > 1 or SEASON in config.stash) and config.option.tbstyle == "auto":
        config.option.tbstyle = "no"  # hundreds of failures; the reports have them


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """The maintainer's plain `pytest` uses all cores where pytest-xdist is installed; -n0 keeps it to one."""
    option = config.option
    everything = (
        not (option.impl or option.op or option.kit) and config.args_source == pytest.Config.ArgsSource.TESTPATHS
    )
    watched = option.usepdb or option.capture == "no" or option.collectonly or option.watch
    if everything and not watched and getattr(option, "numprocesses", 0) is None and "workerinput" not in vars(config):
        # One more, because many tests wait for a process; and whoever is done takes over from the others.
        option.numprocesses = processors() + 1
        option.dist = "worksteal" if option.dist == "no" else option.dist


def pytest_unconfigure(config: pytest.Config) -> None:
    run = config.stash.get(RUN, None)
    for subject in run.subjects if run else ():
        subject.close()
    if run and "memory" in vars(run):
        run.memory.keep()


def pytest_report_header(config: pytest.Config) -> str:
    run = config.stash[RUN]
    names = printable(run.subjects[0].name) if len(run.subjects) == 1 else f"{len(run.subjects)} submissions"
    hidden = ", hidden" if run.hidden else ""
    sandbox = f", sandbox {run.sandbox}" if run.hidden or run.sandbox != "none" else ""
    return f"backprop kata: --impl={names}, --seed={run.seed}{hidden}{sandbox}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    function = metafunc.function
    if not is_graded(metafunc.definition):
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
        if not is_graded(item):
            return (last,)
        subject, op = item.callspec.params["subject"], item.callspec.params.get("op")
        return (subject, order.setdefault(op.name, len(order)) if op else last)

    items.sort(key=place)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Note what a verdict is due on. With --kit, write it for what was chosen, and run nothing."""
    gc.freeze()  # nothing that was imported or collected is garbage, and pytest looks for that at the end
    file, run = session.config.option.kit, session.config.stash[RUN]
    if not file:
        run.selected.update({item.nodeid: selected(item, run) for item in session.items if is_graded(item)})
        return
    chosen: dict[str, list[str]] = {}
    for item in session.items:
        op = item.callspec.params.get("op") if is_graded(item) else None
        if op:
            names = chosen.setdefault(place_of(op.name)[0], [])
            names += [op.name] if op.name not in names else []
    if chosen:
        run.kit = (len(kit.write(file, run.project, chosen, run.planted)), chosen)
    session.items.clear()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node, ids: list[str]) -> None:
    """The same where pytest-xdist's workers collect: they tell the names of the tests."""
    run = node.config.stash[RUN]
    named = {_escaped(subject.name): subject.name for subject in run.subjects}
    known = {"compose", *(op for ops in names_by_level().values() for op in ops)}
    graded = rf"^tests/(?!{'|'.join(NOT_FOR_GRADING)}).*::test_(\w+)\[(.+)\]$"
    for match in filter(None, (re.match(graded, nodeid) for nodeid in ids)):
        test, parameters = match.groups()
        before, _, op = parameters.rpartition("-")
        submission = named.get(before) if len(run.subjects) > 1 else run.subjects[0].name
        if submission and op in known:
            run.selected[match[0]] = (submission, op, "gradient" if op == "compose" else test)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """With --watch, stay and grade what was chosen after each save; what holds at the end is the result of the run."""
    config = session.config
    if not config.getoption("watch") or session.testsfailed or config.option.collectonly or not session.items:
        return None
    from tests.harness.watch.watch import watch

    run = config.stash[RUN]
    wanted: dict[str, list[str]] = {}
    for item in session.items:
        if is_graded(item) and "op" in item.callspec.params:
            wanted.setdefault(item.callspec.params["op"].name, []).append(item.function.property.name)
    todo = diary.agenda(config)
    capture = config.pluginmanager.getplugin("capturemanager")
    capture.suspend_global_capture(in_=True)
    try:
        colour = config.get_terminal_writer().hasmarkup
        run.results += watch(
            run.project,
            run.subjects[0].name,
            run.seed,
            wanted,
            evening.practice_of(config),
            todo,
            explains=run.explains,
            colour=colour,
        )
    finally:
        capture.resume_global_capture()
    return True


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


def _escaped(name: str) -> str:
    """As pytest writes it in the name of a test."""
    return name.encode("unicode_escape").decode()


def command(config: pytest.Config, impls: list[str], *, reports: bool = True) -> str:
    """The command that grades the same again, and writes the same reports."""
    option = config.option
    words = ["pytest", *(["--hidden"] if option.hidden else []), *(f"--impl={impl}" for impl in impls)]
    words += [f"--sample={option.sample}"] if option.sample else []
    words += [f"--bugs={option.bugs}"] if option.bugs else []
    words += [f"--op={','.join(option.op)}"] if option.op else []
    words += [f"--seed={option.seed}", *(["--sandbox=process"] if option.sandbox != "bwrap" else [])]
    words += [
        word for flag, value in (("-k", option.keyword), ("-m", option.markexpr)) if value for word in (flag, value)
    ]
    return shlex.join([*words, *(f"--report={file}" for file in option.report if reports)])
