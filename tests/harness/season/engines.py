"""Where jobs run: an engine gives one `concurrent.futures.Executor`, says how many jobs fit, and whose fault a loss is."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Protocol

from tests.harness.rows.names import PROJECT
from tests.harness.season.trouble import Trouble

JOB, POOL, ENGINE = "job", "pool", "engine"
"""Who is lost with an error: the job that ran, one of those that ran, or none of them."""


class Engine(Protocol):
    """`place`: what runs the jobs, in words. `troubles`: what of it cannot be used."""

    place: str
    troubles: list[Trouble]

    def open(self) -> None:
        """Make it ready, also again. Raises NoEngine."""

    def width(self) -> int:
        """How many jobs it can run at once. Raises NoEngine where it has been none for long."""

    def submit(self, job: Callable, *arguments: object) -> Future: ...

    def blame(self, error: BaseException) -> str:
        """JOB, POOL or ENGINE where the error is a loss; else nothing."""

    def avoid(self, where: str) -> None:
        """Give no more jobs to the worker at this place."""

    def close(self, *, at_once: bool = False) -> None:
        """End it; nothing of it is left. `at_once`: without waiting for jobs."""


class NoEngine(Exception):
    """It cannot be had; the line says why, and what to do."""


class Processes:
    """`jobs` processes of this machine, forked from one that holds torch warm."""

    def __init__(self, jobs: int):
        self._jobs, self._executor, self.troubles = jobs, None, []
        self.place = f"{jobs} process{'es' if jobs > 1 else ''} of this machine"

    def open(self) -> None:
        self.close(at_once=True)
        self._others = multiprocessing.active_children()
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.harness.season.warm"])
        self._executor: Executor = ProcessPoolExecutor(self._jobs, context, _begin)

    def width(self) -> int:
        return self._jobs

    def submit(self, job: Callable, *arguments: object) -> Future:
        with _importable():
            return self._executor.submit(job, *arguments)

    def blame(self, error: BaseException) -> str:
        return POOL if isinstance(error, BrokenProcessPool) else ""

    def avoid(self, where: str) -> None:
        """There is no other machine."""

    def close(self, *, at_once: bool = False) -> None:
        if self._executor is None:
            return
        executor, self._executor = self._executor, None
        if at_once:
            for process in multiprocessing.active_children():
                if process not in self._others:
                    process.kill()
        executor.shutdown(cancel_futures=True)


class _importable:  # noqa: N801 (reads as a word of the sentence)
    """Processes that start meanwhile find the project, and not what lies in the folder where pytest was started."""

    _settings = {"PYTHONPATH": str(PROJECT), "PYTHONSAFEPATH": "1"}  # noqa: RUF012

    def __enter__(self) -> None:
        self._before = {name: os.environ.get(name) for name in self._settings}
        given = os.environ.get("PYTHONPATH")
        os.environ |= self._settings | ({"PYTHONPATH": f"{PROJECT}{os.pathsep}{given}"} if given else {})

    def __exit__(self, *_: object) -> None:
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _begin() -> None:
    """In each process, first: Ctrl-C is for the one that started it, and it ends with that one, however that ends.

    Where it shares a processor with its worker, it does not interrupt it for each answer: it reads many at once.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(AttributeError, OSError):  # Linux has it, and may be told to refuse it
        if os.sched_getscheduler(0) == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    parent = multiprocessing.parent_process()
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()
