"""Many submissions in one run: their options, and the loop that grades them in place of pytest's tests.

pytest collects the tests once, as for one submission, and so says what is graded; each submission is then a job of the room
`season`. A plugin of pytest; what grades is imported only where there is a season.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.display.files import refuse_unless_writable
from tests.harness.plugin.run import RUN, Run
from tests.harness.submissions.usage import processors
from tests.harness.worker.printable import printable

if TYPE_CHECKING:
    from tests.harness.display.about import About
    from tests.harness.season.course import Course
    from tests.harness.season.dolos import Export
    from tests.harness.season.kept import Kept

FLAGS = ("jobs", "shard", "scheduler", "results", "fresh", "export")
EXIT_TROUBLE = 3  # the grader's own; pytest's status for an internal error


@dataclass
class Season:
    """What was asked for. `shard`: which of how many. `course`: what has come of it."""

    impls: list[str]
    kept: Kept
    shard: tuple[int, int]
    where: str
    course: Course | None = None
    temporary: tempfile.TemporaryDirectory | None = None
    stopped: str = ""
    told: list[str] = field(default_factory=list)


SEASON = pytest.StashKey[Season]()


def configure(config: pytest.Config, impls: list[str]) -> None:
    """See whether it is a season, and check what was asked for, before anything slow. Raises UsageError."""
    option = config.option
    for file in option.report:
        refuse_unless_writable(file, (".json", ".html", ".csv"), "--report")
    asked = [f"--{name}" for name in FLAGS if getattr(option, name) not in (None, False)]
    asked += [f"--report={file}" for file in option.report if file.endswith(".csv")]
    if hasattr(config, "workerinput"):
        return
    ours = [impl for impl in impls if impl in ("kata", "solutions")]
    others = _one_by_one(option)
    if asked and (ours or option.kit or not impls):
        raise pytest.UsageError(
            f"{asked[0]}: is for submissions; it goes with --impl=PATH, and not with {', '.join(ours) or 'others'}"
        )
    if asked and others:
        raise pytest.UsageError(f"{asked[0]}: does not go with {others[0]}; leave one of them out")
    if not asked and (len(impls) < 2 or ours or others):
        return
    shard = _shard(option.shard)
    option.jobs = _jobs(option.jobs)
    if option.export:
        from tests.harness.season import dolos

        dolos.refuse(option.export)
    if option.fresh and option.shard:
        raise pytest.UsageError("--fresh: starts over for all shards; give it to a run without --shard, before them")
    if option.scheduler:
        _refuse_without_dask(option.scheduler)
    else:
        from tests.harness.submissions.confinement import NoSandbox
        from tests.harness.submissions.sandbox import require

        try:
            require(option.sandbox)
        except NoSandbox as refused:
            raise pytest.UsageError(str(refused)) from None
    config.stash[SEASON] = _opened(config, list(dict.fromkeys(impls)), shard)


def _opened(config: pytest.Config, impls: list[str], shard: tuple[int, int]) -> Season:
    """The season with its folder of results, of which the seed is taken."""
    from tests.harness.season.kept import Kept, OtherSeason

    option, temporary = config.option, None
    if option.results:
        folder = Path(option.results)
    elif option.report:
        folder = Path(option.report[0]).with_suffix(".results")
    else:
        temporary = tempfile.TemporaryDirectory(prefix="backprop-kata-results-")
        folder = Path(temporary.name)
    kept = Kept(folder)
    where = next(iter(option.report), "") or ("" if temporary else f"{folder}/")
    try:
        if not folder.parent.is_dir():
            raise OtherSeason(f"{folder.parent} is no folder")
        if option.fresh:
            kept.clear()
        about = kept.begun()
        if about:
            kept.refuse_others(about, seed=option.seed, hidden=option.hidden, sandbox=option.sandbox)
            option.seed = about["seed"]
    except (OtherSeason, OSError) as why:
        raise _refused(kept, why) from None
    return Season(impls, kept, shard, where, temporary=temporary)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Grade all submissions; pytest's own tests of them are not run."""
    config = session.config
    season, run = config.stash.get(SEASON, None), config.stash[RUN]
    if season is None or not session.items or session.testsfailed:
        return None
    from tests.harness.season.course import Course
    from tests.harness.season.kept import OtherSeason

    season.course = Course(
        season.impls, season.kept, season.shard, run.seed, run.hidden, run.sandbox, run.planted, explains=run.explains
    )
    try:
        season.course.begin([(op, prop) for _, op, prop in run.selected.values()], run.times, _chosen(config))
    except (OtherSeason, OSError) as why:
        raise _refused(season.kept, why) from None
    run.seed = season.course.terms.seed
    _grade(config, season)
    return True


def _grade(config: pytest.Config, season: Season) -> None:
    from tests.harness.season.engines import NoEngine
    from tests.harness.season.progress import shown

    capture = config.pluginmanager.getplugin("capturemanager")
    terminal = config.pluginmanager.getplugin("terminalreporter")
    with capture.global_and_fixture_disabled() if capture else nullcontext():
        quiet = config.get_verbosity() < 0
        try:
            with (
                shown(terminal, len(season.impls), quiet=quiet) as progress,
                _export(config.option.export) as export,
            ):
                season.course.grade(_engine(config), progress, export)
        except NoEngine as lost:
            season.stopped = str(lost)
        except OSError as error:
            season.stopped = (
                f"{printable(str(season.kept.folder))}: {error.strerror or error}; make room, and run it again"
            )


def _export(folder: str | None) -> AbstractContextManager[Export | None]:
    if folder is None:
        return nullcontext()
    from tests.harness.season.dolos import Export

    return closing(Export(folder))


def _engine(config: pytest.Config):
    if config.option.scheduler:
        from tests.harness.season.cluster import Cluster

        return Cluster(config.option.scheduler, config.option.sandbox)
    from tests.harness.season.engines import Processes

    return Processes(config.option.jobs)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the reports, and say by the exit status what came of it."""
    season = session.config.stash.get(SEASON, None)
    if season is None or season.course is None or season.course.terms is None:
        return
    course, run = season.course, session.config.stash[RUN]
    course.end(interrupted=exitstatus == pytest.ExitCode.INTERRUPTED, stopped=season.stopped)
    if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        if season.stopped or course.troubled:
            session.exitstatus = EXIT_TROUBLE
        elif not course.all_hold:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
    for file in session.config.getoption("report"):
        try:
            course.write(file, *_about(session.config, run, file))
        except Exception as error:  # the other reports, and the terminal, still tell the verdicts
            session.exitstatus = EXIT_TROUBLE
            why = error.strerror if isinstance(error, OSError) and error.strerror else repr(error)
            season.told.append(f"--report={printable(file)}: cannot be written: {printable(why, 200)}")
    if season.temporary:
        season.temporary.cleanup()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    season = config.stash.get(SEASON, None)
    if season is None or season.course is None or season.course.terms is None:
        return
    from tests.harness.plugin.internals import count

    for status, number in season.course.counts.items():
        for _ in range(number):
            count(terminalreporter, status, status)
    season.course.tell(terminalreporter, config.get_terminal_writer().fullwidth, season.where)
    for line in filter(None, (season.stopped, *season.told)):
        terminalreporter.write_line(line, red=True)


def _about(config: pytest.Config, run: Run, file: str) -> tuple[About, Callable[[str], str]]:
    """What a report says of the run, and the command that grades a submission alone."""
    from tests.harness.plugin.ending import about
    from tests.harness.plugin.session import command

    return about(run, file), lambda impl: command(config, [impl], reports=False)


def _refused(kept: Kept, why: Exception) -> pytest.UsageError:
    if isinstance(why, OSError):
        why = f"cannot be written to ({why.strerror or why})"
    folder = printable(str(kept.folder))
    return pytest.UsageError(
        f"--results={folder}: {printable(str(why), 500)}; --fresh starts over, --results=DIR keeps both"
    )


def _chosen(config: pytest.Config) -> str:
    """The choice of operations, as it was typed."""
    option = config.option
    words = [f"--op={','.join(option.op)}"] if option.op else []
    words += [f"{flag} {value}" for flag, value in (("-m", option.markexpr), ("-k", option.keyword)) if value]
    return " ".join(words) or "all operations"


def _one_by_one(option) -> list[str]:
    """The options of pytest's that are about its tests, one after another in this process: these run as ever."""
    given = (
        ("-n", getattr(option, "numprocesses", 0)),
        ("--pdb", option.usepdb),
        ("--trace", option.trace),
        ("-x", option.maxfail),
        ("--collect-only", option.collectonly),
        ("--junitxml", option.xmlpath),
        ("--lf", getattr(option, "lf", False)),
        ("--ff", getattr(option, "failedfirst", False)),
        ("-v", option.verbose > 0),
        ("--watch", option.watch),
        ("--kit", option.kit),
    )
    return [flag for flag, value in given if value]


def _jobs(given: str | None) -> int:
    if given is None:
        return processors()
    if not re.fullmatch(r"[1-9]\d{0,3}", given):
        raise pytest.UsageError(
            f"--jobs={printable(given, 40)}: should be how many submissions are graded at once, 1 or more"
        )
    return int(given)


def _shard(given: str | None) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", given or "1/1")
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise pytest.UsageError(f"--shard={printable(given, 40)}: should be I/N, the I-th of N shards, from 1/N to N/N")
    return int(found[1]), int(found[2])


def _refuse_without_dask(address: str) -> None:
    from importlib.util import find_spec

    if not re.fullmatch(r"[a-z+]+://\S+|\S+:\d+", address):
        raise pytest.UsageError(f"--scheduler={printable(address, 80)}: should be an address, like tcp://10.0.0.1:8786")
    if find_spec("distributed") is None:
        raise pytest.UsageError("--scheduler: needs Dask: pip install '.[cluster]', or pip install distributed")
