"""`--bugs` and `--answers`: mistakes planted in kata/, and shown. A plugin of pytest; it imports neither torch nor NumPy.

What a run says of a hunt that is on, and of what was handed in, is in mending.py; a kit with mistakes is written by kit.py.
"""

from __future__ import annotations

import datetime
import re
import secrets
import shlex
import time
from typing import TYPE_CHECKING

import pytest

from tests.harness.plugin import selection
from tests.harness.plugin.evening import SEEDS
from tests.harness.plugin.internals import chosen_by
from tests.harness.plugin.prompt import tell
from tests.harness.practice.clock import minutes_of
from tests.harness.practice.history import Timer
from tests.harness.practice.practice import Practice
from tests.harness.practice.stubs import RefusedReset
from tests.harness.rows.names import PROJECT, names_by_level
from tests.specs import BUGS

if TYPE_CHECKING:
    from tests.harness.practice.hunts import Hunt, Planted

MINUTES = 10.0  # for each mistake, where nothing else is asked for
_NOT_WITH = ("sample", "train", "hint", "reset", "forget")
_TO_START = {"keyword": "-k", "collectonly": "--collect-only", "usepdb": "--pdb"}


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Plant, or show the answers, in place of a run; a hunt that is on is graded by a run as ever."""
    option = config.option
    if option.bugs is None and not option.answers:
        return None
    _refuse(config)
    if option.answers:
        tell("\n".join(_answered(config)))
        return pytest.ExitCode.OK
    if option.kit or option.impl != ["kata"]:
        return None
    practice = Practice.open(PROJECT)
    hunt = practice.hunt()
    if hunt and not option.restart:
        if time.time() < hunt.bell:
            _refuse_another(config, hunt)
        return None  # and the run grades it, or tells that it is over
    if option.collectonly or hasattr(config, "workerinput"):
        return None
    tell("\n".join(_planted(config, practice)))
    option.restart = False
    return None if option.watch else pytest.ExitCode.OK


def chosen(config: pytest.Config) -> dict[str, list[str]]:
    """Level -> its operations that --op and -m choose. Raises UsageError where they choose none."""
    option, levels = config.option, names_by_level()
    asked = [name.strip() for names in option.op for name in names.split(",") if name.strip()]
    ops = [selection.completed(name, levels) for name in asked if name != selection.COMPOSE]
    marks = {*re.findall(r"\w+", option.markexpr)} - {"and", "or", "not", selection.COMPOSE}
    if unknown := [name for name in marks if name not in levels]:
        near = selection.closest(unknown[0], levels)
        raise pytest.UsageError(f"-m {option.markexpr}: there is no level {unknown[0]}; do you mean {near}?")
    found = {
        level: [op for op in names if not ops or op in ops]
        for level, names in levels.items()
        if not option.markexpr or chosen_by(option.markexpr, {level})
    }
    found = {level: names for level, names in found.items() if names}
    if not found:
        raise pytest.UsageError("--bugs: nothing is chosen by --op with -m; leave one of them out")
    return found


def drawn(config: pytest.Config) -> tuple[Planted, ...]:
    """The mistakes that the command line asks for. Raises UsageError where there are not so many."""
    from tests.harness.planting.drawing import TooMany
    from tests.harness.planting.hunt import hunted

    try:
        return hunted(chosen(config), int(config.option.bugs), config.option.seed)
    except TooMany as few:
        raise pytest.UsageError(
            f"--bugs={config.option.bugs}: the operations chosen have room for {few.most} at most; ask for fewer, or choose more"
        ) from None


def seeded(config: pytest.Config) -> int:
    """The seed of the draw: the one that was given, or a random one from now on."""
    if config.option.seed is None:
        config.option.seed = secrets.randbelow(SEEDS)
    return config.option.seed


def _refuse(config: pytest.Config) -> None:
    """Raise UsageError for what cannot be done, before anything is."""
    option = config.option
    asked = "--answers" if option.bugs is None else f"--bugs={option.bugs}"
    if BUGS:
        raise pytest.UsageError(f"{asked}: this is a candidate's kit; the answers are with whoever wrote it")
    if not (PROJECT / "solutions").is_dir():
        raise pytest.UsageError(f"{asked}: mistakes are planted in solutions/, which is not here")
    if option.bugs is not None and not re.fullmatch(r"[1-9]\d?", option.bugs):
        raise pytest.UsageError(f"{asked}: should be the number of mistakes to plant, 1 to 99")
    given = [f"--{name}" for name in _NOT_WITH if getattr(option, name)]
    given += ["--history"] if option.history is not None else []
    if given:
        raise pytest.UsageError(f"{asked}: does not go with {given[0]}; leave one of them out")
    if option.bugs is None:
        if option.impl not in ([], ["kata"]) or option.kit:
            raise pytest.UsageError("--answers: of the hunt in kata/; for those of a kit: --bugs=K --seed=N --answers")
        return
    elsewhere = bool(option.impl) and option.impl != ["kata"]
    if elsewhere and option.impl == ["solutions"]:
        raise pytest.UsageError(f"{asked}: plants mistakes in kata/; it goes with --impl=kata, and not with solutions")
    if not (option.impl or option.kit or option.answers):
        raise pytest.UsageError(
            f"{asked}: goes with --impl=kata, to hunt; with --kit=FILE.zip; or with --impl=PATH, for what came back"
        )
    if option.seed is None and (elsewhere or (option.answers and not option.impl)):
        raise pytest.UsageError(f"{asked}: of which kit? add the --seed=N that it was written with")
    if elsewhere or option.kit or (option.answers and not option.impl):
        _refuse_other_choices(config, asked)


def _refuse_other_choices(config: pytest.Config, asked: str) -> None:
    option = config.option
    paths = config.args if config.args_source == pytest.Config.ArgsSource.ARGS else []
    given = ["-k"] * bool(option.keyword) + [str(path) for path in paths]
    if given:
        raise pytest.UsageError(f"{asked}: choose operations by --op and -m; leave {given[0]} out")


def _refuse_another(config: pytest.Config, hunt: Hunt) -> None:
    """Raise UsageError where another hunt is asked for than the one that is on."""
    option = config.option
    other = int(option.bugs) != len(hunt.planted) or option.seed not in (None, hunt.seed)
    minutes = minutes_of(option.minutes)
    if other or minutes not in (None, hunt.minutes):
        left = f"{len(hunt.missed)} of {len(hunt.planted)} are left to find"
        raise pytest.UsageError(
            f"--bugs={option.bugs}: a hunt of {len(hunt.planted)} (--seed={hunt.seed}) is on, {left}; for a new one add --restart"
        )


def _planted(config: pytest.Config, practice: Practice) -> list[str]:
    """Plant; the lines that tell so. Raises UsageError, and then nothing is changed."""
    from tests.harness.planting.hunt import modules
    from tests.harness.practice.hunts import Hunt
    from tests.harness.practice.reset import replace_modules

    option = config.option
    _refuse_other_choices(config, f"--bugs={option.bugs}")
    given = [flag for name, flag in _TO_START.items() if getattr(option, name)]
    if given:
        raise pytest.UsageError(f"--bugs={option.bugs}: there is no hunt yet; start it without {given[0]}")
    levels, seed, count = chosen(config), seeded(config), int(option.bugs)
    minutes = minutes_of(option.minutes) or min(MINUTES * count, 24 * 60)
    mistakes = drawn(config)
    if not practice.hunts.lasts:
        raise pytest.UsageError(f"--bugs={option.bugs}: {'; '.join(practice.notices)}")
    contents = modules(levels, mistakes)
    now = time.time()
    try:
        copies = replace_modules(contents, PROJECT, datetime.datetime.fromtimestamp(now))
    except RefusedReset as problem:
        raise pytest.UsageError(f"--bugs={option.bugs}: {problem}; nothing was planted") from None
    scope = tuple(op for names in levels.values() for op in names)
    practice.note_reset([op for level in contents for op in names_by_level()[level]], now)
    practice.start(Timer(now, minutes, scope))
    practice.hunts.start(Hunt(0, now, minutes, seed, tuple(contents), scope, mistakes))
    what = "1 mistake is" if count == 1 else f"{count} mistakes are"
    where = ", ".join(dict.fromkeys(one.level for one in mistakes))
    lines = [f"{what} planted in working code: kata/, {where} (--seed={seed})"]
    lines += [f"your attempt is kept in {copy}" for copy in copies]
    lines += [f"you have {minutes:g} minutes; find and mend them: the clock is running", *practice.notices]
    choice = f" --op={','.join(option.op)}" * bool(option.op) + f" -m {shlex.quote(option.markexpr)}" * bool(
        option.markexpr
    )
    return [*lines, f"next: pytest --impl=kata{choice}  (--explain=off hides diagnoses; --answers ends the hunt)"]


def _answered(config: pytest.Config) -> list[str]:
    """The answers: those of a kit, or those of the hunt in kata/, which is over then."""
    from tests.harness.planting.answers import answers

    option = config.option
    if option.bugs is not None and not option.impl:
        return answers(drawn(config))
    practice = Practice.open(PROJECT)
    hunt = practice.hunts.last()
    if hunt is None:
        raise pytest.UsageError("--answers: there was no hunt in kata/; pytest --impl=kata --bugs=4 starts one")
    if option.bugs is not None and (int(option.bugs), option.seed or hunt.seed) != (len(hunt.planted), hunt.seed):
        raise pytest.UsageError(
            f"--answers: the hunt in kata/ has {len(hunt.planted)} mistakes (--seed={hunt.seed}); leave --bugs and --seed out"
        )
    said = [] if hunt.ended else ["the hunt is over"]
    if not hunt.ended:
        practice.hunts.end(hunt, time.time())
    return [*answers(hunt.planted, hunt.started), *([""] if said else []), *said, *practice.notices]
