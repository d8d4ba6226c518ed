"""What practising adds to a pytest run: the clock, the record of `--impl=kata`, and the draw of a mock interview.

It imports no torch. In a run by pytest-xdist the workers draw, and only the controller keeps the clock and the record.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.practice import interview
from tests.harness.practice.clock import Asked, minutes_of, sample_of
from tests.harness.practice.history import Timer
from tests.harness.practice.practice import Practice
from tests.harness.rows.names import names_by_level, outline, pars

if TYPE_CHECKING:
    from tests.harness.display.result import Result
    from tests.harness.display.screen import Piece

_TOLD = "kata"  # among what pytest-xdist's workers are told
_NONE = (("sampled", []), ("preferred", []))
SEEDS = 10_000  # that are drawn from where no seed is given: short, to be typed again


@dataclass
class Evening:
    """The practice of a run. `starts`: a clock begins with it. `began`: when the run did. `codes`: what is graded."""

    project: Path
    practice: Practice
    asked: Asked
    starts: bool
    began: float = field(default_factory=time.time)
    codes: dict[str, str] = field(default_factory=dict)


EVENING = pytest.StashKey[Evening]()


def configure(config: pytest.Config, project: Path, impls: list[str]) -> None:
    """Check what was asked for, and open the history where it is practised. Raises UsageError."""
    option = config.option
    told = getattr(config, "workerinput", {}).get(_TOLD, {})
    option.seed, option.sampled, option.preferred = (
        told.get(name, now) for name, now in (("seed", option.seed), *_NONE)
    )
    asked = Asked(minutes_of(option.minutes), sample_of(option.sample), option.seed, option.restart)
    asked.refuse_without_a_clock()
    practising = impls == ["kata"] and not option.kit
    if str(asked) and not practising:
        raise pytest.UsageError(f"{asked}: is for practising your own answers; it goes with --impl=kata alone")
    if not practising or hasattr(config, "workerinput"):
        return
    evening = Evening(project, Practice.open(project), asked, False)
    clock = evening.practice.last_clock()
    evening.starts = asked.starts(clock, evening.began)
    config.stash[EVENING] = evening
    if evening.starts and asked.sample is not None and option.seed is None:
        option.seed = secrets.randbelow(SEEDS)  # of the draw and of the examples, also for pytest-xdist's workers
    if evening.starts and asked.sample is not None:
        from tests.harness.practice.due import repetitions

        option.preferred = repetitions(evening.practice.history, evening.began)
    if str(asked) and not evening.starts:
        if asked.sample is not None:
            option.seed, option.sampled = clock.timer.seed, list(clock.timer.scope)
        if clock.rung(evening.began):
            evening.practice.say(asked.refusal(clock, evening.began))


def practice_of(config: pytest.Config) -> Practice | None:
    """The practice of this run, for the watch loop; None where nothing is recorded."""
    return config.stash[EVENING].practice if EVENING in config.stash else None


def lines(config: pytest.Config) -> list[Piece]:
    """What stands below the score: the clock, and what else must be said."""
    practice, now = practice_of(config), time.time()
    if practice is None:
        return []
    said: list[Piece] = []
    clock = practice.clock(now)
    if clock:
        text, markup = clock.line(now)
        said.append((": ".join(filter(None, (f"clock: {text}", clock.warning(now)))), markup))
    return [*said, *((line, {"yellow": True}) for line in practice.notices)]


def times(config: pytest.Config, results: list[Result]) -> dict[str, str]:
    """Operation -> its time to green against par, for those that are green and whose time is known."""
    practice = practice_of(config)
    return practice.times(results) if practice else {}


def repeated(config: pytest.Config) -> str:
    """The options that the next command must have as well, to stay within the interview."""
    return f" --sample={int(config.option.sample)}" if config.option.sample else ""


def record(config: pytest.Config, results: Sequence[Result]) -> None:
    """Record the verdicts of this run, where it is practised; the watch loop records its own."""
    evening = config.stash.get(EVENING, None)
    if evening and results and not config.option.watch:
        evening.practice.note(results, evening.codes, evening.began)


def pytest_report_header(config: pytest.Config) -> str | None:
    if EVENING not in config.stash or not config.option.sample:
        return None
    return f"mock interview: --sample={int(config.option.sample)} --seed={config.option.seed}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --sample, keep the operations that were drawn from those that --op, -m and -k left."""
    if not config.option.sample:
        return
    option = config.option
    found = dict.fromkeys(op for op in map(_op_of, items) if op)
    if not option.sampled:
        levels = {level: [op for op in ops if op in found] for level, ops in outline().items()}
        if not hasattr(config, "workerinput"):
            _refuse_too_few(config, len(found))
        option.sampled = interview.drawn(levels, int(option.sample), option.seed, option.preferred)
    kept = [item for item in items if _op_of(item) in option.sampled]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    _begin(session.config, [op for op in map(_op_of, session.items) if op])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """Tell a worker of pytest-xdist's, which sees the command line alone, what was drawn for the run."""
    option = node.config.option
    node.workerinput[_TOLD] = {name: getattr(option, name) for name in ("seed", "sampled", "preferred")}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node, ids: list[str]) -> None:
    """The same where pytest-xdist's workers collect."""
    named = [name for name in re.findall(r"\[(\w+)\]", "\n".join(ids)) if name in pars()]
    if node.config.option.sample and EVENING in node.config.stash and node.config.stash[EVENING].starts:
        _refuse_too_few(node.config, len(set(named)))
    _begin(node.config, named)


def _begin(config: pytest.Config, chosen: list[str]) -> None:
    """The operations are known and nothing is graded yet: read the code, and start the clock if one is to be."""
    evening = config.stash.get(EVENING, None)
    if not evening or not chosen or config.option.collectonly:
        return
    from tests.harness.practice.changes import fingerprints

    if not evening.codes:
        evening.codes = fingerprints(evening.project / "kata", names_by_level())
    if not evening.starts:
        return
    evening.starts = False
    asked = evening.asked
    scope = tuple(op for op in pars() if op in chosen)
    length = asked.minutes or float(sum(pars()[op] for op in scope))
    evening.began = time.time()
    evening.practice.start(
        Timer(evening.began, length, scope, asked.sample, config.option.seed if asked.sample else None)
    )
    if asked.sample:
        level_of = {op: level for level, ops in outline().items() for op in ops}
        done = interview.written(evening.project / "kata", level_of, scope)
        if done:
            resets = " ".join(f"--reset {op}" for op in done)
            evening.practice.say(
                f"already written: {', '.join(done)}; to begin with stubs: pytest {resets}, then {asked} --restart"
            )


def _op_of(item: pytest.Item) -> str:
    """The operation that an item grades, if it does."""
    with contextlib.suppress(AttributeError, KeyError):
        return item.callspec.params["op"].name if hasattr(item.function, "property") else ""
    return ""


def _refuse_too_few(config: pytest.Config, found: int) -> None:
    if 0 < found < int(config.option.sample):  # of nothing selected something else is said
        raise pytest.UsageError(
            f"--sample={config.option.sample}: there are only {found} operations to choose from; ask for fewer, or see --op, -m and -k"
        )
