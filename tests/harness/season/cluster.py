"""A Dask cluster as an engine. Each worker is a process with one thread, this checkout and bubblewrap; it needs no file of ours.

A worker is proven before it gets a job, and refused by name where that fails. Never more jobs are out than there are
workers, so none waits at a worker that dies. Dask gives the job of one that dies to others, and says when it has killed too many.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future

from distributed import Client, KilledWorker

from tests.harness.season import job
from tests.harness.season.engines import ENGINE, JOB, NoEngine
from tests.harness.season.trouble import Trouble
from tests.harness.season.versions import own_code
from tests.harness.worker.printable import printable

PATIENCE = 120.0  # seconds for a scheduler and a first worker, also where they are started anew


class Cluster:
    """The workers of the scheduler at this address. `troubles`: the workers that were refused."""

    def __init__(self, address: str, sandbox: str):
        self._address, self._sandbox = address, sandbox
        self._client: Client | None = None
        self._proven: set[str] = set()
        self._refused: set[str] = set()
        self.troubles: list[Trouble] = []
        self.place = f"the workers of {address}"

    def open(self) -> None:
        self.close(at_once=True)
        for noisy in ("distributed.client", "distributed.comm", "distributed.utils_perf"):
            logging.getLogger(noisy).setLevel(logging.CRITICAL)
        until, why = time.monotonic() + PATIENCE, "no answer"
        while time.monotonic() < until:
            try:
                self._client = Client(self._address, timeout=10, set_as_default=False)
                self._client.wait_for_workers(1, timeout=max(1.0, until - time.monotonic()))
                break
            except (OSError, TimeoutError, ValueError) as error:
                why = printable(str(error), 200)
                self.close(at_once=True)
                time.sleep(1)
        else:
            raise NoEngine(f"--scheduler={self._address}: no scheduler with a worker in {PATIENCE:g} s ({why})")
        self._prove()
        self._seen = time.monotonic()  # a worker that can be used, last
        if not self._usable():
            raise NoEngine(f"--scheduler={self._address}: of its {len(self._workers())} workers none can be used")

    def width(self) -> int:
        self._prove()
        if usable := self._usable():
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > PATIENCE:
            raise NoEngine(f"--scheduler={self._address}: no worker that can be used for {PATIENCE:g} s")
        return len(usable)

    def submit(self, work: Callable, *arguments: object) -> Future:
        chosen = {"workers": sorted(self._usable())} if self._refused else {}
        return self._client.get_executor(pure=False, retries=0, **chosen).submit(work, *arguments)

    def blame(self, error: BaseException) -> str:
        if isinstance(error, KilledWorker):
            return JOB
        return ENGINE if isinstance(error, (CancelledError, OSError, TimeoutError)) else ""

    def avoid(self, where: str) -> None:
        """Not needed: a worker is proven before it gets a job."""

    def close(self, *, at_once: bool = False) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            client.close(timeout=2 if at_once else 10)

    def _workers(self) -> set[str]:
        return set(self._client.scheduler_info(n_workers=-1)["workers"])

    def _usable(self) -> set[str]:
        return self._workers() & self._proven

    def _prove(self) -> None:
        """See of each worker that came whether it can grade."""
        unknown = self._workers() - self._proven - self._refused
        if not unknown:
            return
        told = self._client.run(job.unfit, self._sandbox, own_code(), workers=sorted(unknown), on_error="return")
        for worker, found in told.items():
            if isinstance(found, Exception) and "No module named" in str(found):
                found = ("code", "has no checkout of the kata on its path: start it in the project's folder")
            elif isinstance(found, OSError):  # it is gone again
                continue
            elif isinstance(found, BaseException):
                found = ("machine", printable(f"{type(found).__name__}: {found}", 300))
            if found is None:
                self._proven.add(worker)
            else:
                self._refused.add(worker)
                kind, line = found
                self.troubles.append(Trouble.of(kind, line, worker).after("no job was given to it"))
