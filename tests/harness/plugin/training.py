"""`--train`, which needs no tests, and `train` of a notebook, which runs that command. Nothing heavy is imported before.

A notebook's own process has loaded kata/ as it was, and NumPy with many threads; so the training gets a process of its own.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.harness.plugin.prompt import OneLine
from tests.harness.plugin.run import subjects
from tests.harness.rows.names import PROJECT, closest
from tests.trainings import TRAININGS

if TYPE_CHECKING:
    import subprocess

_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
WITH = ("--impl", "--seed", "--sandbox", "--train", "--anyway")
NOT_WITH = (
    *("--op", "--hidden", "--report", "--watch", "--kit", "--hint", "--reset"),
    *("--minutes", "--sample", "--restart", "--history", "--forget"),
    *("--jobs", "--results", "--fresh", "--shard", "--export", "--scheduler", "--due", "--note", "--import"),
    *("--bugs", "--answers", "--explain"),
)
"""The kata's options. What does not exist is not asked for."""
_OF_PYTEST = {
    "keyword": "-k",
    "markexpr": "-m",
    "usepdb": "--pdb",
    "numprocesses": "-n",
    "collectonly": "--collect-only",
}


class UntrainableName(OneLine):
    """There is no such training, in one line."""


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Train, in place of a run."""
    option = config.option
    if option.train is None:
        if option.anyway:
            raise pytest.UsageError("--anyway: goes with --train; add that, or leave it out")
        return None
    impls = option.impl or ["solutions" if (PROJECT / "solutions").is_dir() else "kata"]
    _refuse(config, impls)
    os.environ.update(dict.fromkeys(_THREADS, "1"))  # a sum of several threads is rounded in another way
    from tests.harness.plugin.internals import has_colour, past_initialization, writer
    from tests.harness.plugin.notebook import kept_back
    from tests.harness.training.training import Unavailable

    past_initialization()
    stream = sys.stdout
    try:
        with kept_back():
            return _given(option, impls[0], stream, writer(stream, colour=has_colour(stream)))
    except KeyboardInterrupt:
        print("\ninterrupted")
        return pytest.ExitCode.INTERRUPTED
    except Unavailable as unavailable:
        raise pytest.UsageError(f"--train={option.train}: {unavailable}") from None


def trained(name: str, seed: int, impl: str, *, anyway: bool) -> None:
    """Run the command, and show what it prints. Ctrl-C, or a notebook's stop button, ends it with what was learned.

    Raises UntrainableName.
    """
    if name not in TRAININGS:
        raise UntrainableName(_unknown(f"train: {name!r}", name))
    import signal
    import subprocess

    words = [f"--impl={impl}", f"--train={name}", f"--seed={seed}", *(["--anyway"] if anyway else [])]
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *words],
        cwd=PROJECT,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # so an interruption comes once: from here
    )
    try:
        with contextlib.suppress(KeyboardInterrupt):
            _copied(process)
            return
        process.send_signal(signal.SIGINT)
        _copied(process)
    finally:
        process.kill()
        process.wait()


def _given(option, impl: str, stream, writer) -> int:
    """Give the lesson; how it ended."""
    from tests import test_ops
    from tests.harness.judgement.examiner import Examiner
    from tests.harness.judgement.kept import Kept
    from tests.harness.judgement.properties import written_in
    from tests.harness.rows.catalogue import by_name
    from tests.harness.season.subject import explained
    from tests.harness.training.lesson import Lesson

    (subject,) = subjects([impl], PROJECT, option.sandbox)
    memory, seed = Kept(by_name), option.seed or 0
    judge = Examiner(subject.implementation, seed, explain=explained, memory=memory).verdict
    properties = written_in(test_ops)
    try:
        return Lesson(
            option.train, subject.implementation, judge, properties, seed, option.anyway, stream, writer
        ).give()
    finally:
        memory.keep()


def _refuse(config: pytest.Config, impls: list[str]) -> None:
    """Raise UsageError where that cannot be trained, or not together with something else that was asked for."""
    option = config.option
    if option.train not in TRAININGS:
        raise pytest.UsageError(_unknown(f"--train={option.train}", option.train))
    given = [
        flag for flag in NOT_WITH if getattr(option, flag[2:], None) or (flag == "--history" and option.history == "")
    ]
    given += [flag for name, flag in _OF_PYTEST.items() if getattr(option, name, None)]
    given += config.args if config.args_source == pytest.Config.ArgsSource.ARGS else []
    if given:
        raise pytest.UsageError(f"--train: does not go with {given[0]}; leave one of them out")
    if impls not in (["kata"], ["solutions"]):
        raise pytest.UsageError(
            f"--train: runs the code in this process, so it is for your own answers, --impl=kata; not for {', '.join(impls)}"
        )


def _copied(process: subprocess.Popen) -> None:
    for line in process.stdout:
        print(line, end="", flush=True)


def _unknown(asked: str, name: str) -> str:
    return f"{asked}: there is no training of that name; do you mean {closest(name, TRAININGS)}?"
