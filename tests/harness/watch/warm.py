"""A verdict from a process that is warm already and is thrown away afterwards, with whatever the candidate's code left in it.

How it is started and ended is in running.py. It grades twice: first only whether each property holds, which is told at
once, then what failed, with the smallest counterexample and the diagnosis.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import pickle
import resource
import signal
import struct
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tests.harness.display.result import Result, result_of, unexplained
from tests.harness.display.screen import Piece, screen
from tests.harness.examples.examples import stream
from tests.harness.judgement.examiner import Examiner
from tests.harness.judgement.kept import Kept
from tests.harness.judgement.points import FAILED
from tests.harness.judgement.properties import Property, written_in
from tests.harness.judgement.search import run_again
from tests.harness.judgement.verdict import Verdict
from tests.harness.practice.changes import fingerprints
from tests.harness.rows.catalogue import by_name, operations, place_of
from tests.harness.rows.names import names_by_level
from tests.harness.rows.oracle import Truth
from tests.harness.submissions.limits import CALL_SECONDS, IMPORT_SECONDS
from tests.harness.submissions.submissions import resolve
from tests.harness.worker.printable import printable

if TYPE_CHECKING:
    from tests.harness.examples.examples import Example

SLACK = 3.0  # seconds beyond a limit that no exception could enforce, as in an endless loop in C
_LARGEST = 1 << 26  # bytes of a file that it may write: an endless loop may print
_PRINTED = 4000  # characters of what the candidate's code printed
HEADER = struct.Struct("!I")

MEMORY = Kept(by_name)
"""What torch has said. The watching process reads it, so that all that grade have it from their start; they add to it."""

Key = tuple[str, str]
"""A property and an operation, by name."""


@dataclass(frozen=True)
class Job:
    """What is to be graded: operation -> its properties, both in order.

    `digests`: of these operations, as changes.py has them; where the code is another one by now, nothing is graded.
    `first`: counterexamples of earlier failures. `explains`: whether it is told how something is wrong.
    """

    project: Path
    impl: str
    seed: int
    wanted: dict[str, tuple[str, ...]]
    digests: dict[str, str] = field(default_factory=dict)
    first: dict[Key, tuple[Example, ...]] = field(default_factory=dict)
    explains: bool = True


@dataclass(frozen=True)
class Within:
    """The next message comes within so many seconds of computing, or something is stuck. `key`: what is being graded."""

    key: Key
    seconds: float


@dataclass(frozen=True)
class Told:
    """A verdict. What explains it comes later, in another one."""

    result: Result
    examples: tuple[Example, ...] | None = None
    screen: list[list[Piece]] | None = None


@dataclass(frozen=True)
class AllTold:
    """All that was wanted has its first verdict."""


@dataclass(frozen=True)
class Stale:
    """The code was saved again before it was loaded."""


@dataclass(frozen=True)
class Trouble:
    """The grader's own, in one line."""

    line: str


def grade(job: Job, send: Callable[[object], None], printed: Callable[[], str]) -> None:
    """Grade the job in this process. `printed`: what the candidate's code has printed since it was last asked."""
    rows, properties = by_name(), _properties()
    implementation = _Pulse(resolve(job.impl, job.project, names_by_level, "bwrap"), send)
    for name in job.wanted:
        implementation.grades(("", name))
    saved = fingerprints(job.project / job.impl, names_by_level())
    if any(saved[name] != digest for name, digest in job.digests.items()):
        return send(Stale())
    quick = Examiner(implementation, job.seed, shrink=False, first=job.first, memory=MEMORY)
    failed: list[Verdict] = []
    for name, wanted in job.wanted.items():
        for prop in wanted:
            implementation.grades((prop, name))
            verdict = quick.verdict(properties[prop], rows[name])
            send(_told(job, verdict))
            failed += [verdict] if verdict.status in FAILED else []
    send(AllTold())
    MEMORY.keep()
    if not failed or not job.explains:
        return
    from tests.harness.diagnosis.diagnose import diagnose

    slow = Examiner(implementation, job.seed, explain=diagnose, first=job.first, memory=MEMORY)
    for verdict in failed:
        prop = properties[verdict.property]
        implementation.grades((prop.name, verdict.op))
        explained = slow.verdict(prop, rows[verdict.op])
        if explained.status == "pass":  # it is not the same every time
            explained = verdict
        lines = screen(explained).lines
        if explained.trial and not prop.once:
            printed()
            run_again(prop, explained)
            lines += _said(printed())
        send(_told(job, explained, lines))


def warm_up() -> None:
    """Do once what every grading process would do first: see examples of all the rows, and what torch says of them."""
    import tests.harness.diagnosis.diagnose  # noqa: F401
    from tests.harness.rows.imports import torch

    prop = max(_properties().values(), key=lambda p: len(p.dtypes))
    for op in (op for ops in operations().values() for op in ops):
        for (example,) in islice(stream(op, prop.table, seed=0, dtypes=prop.dtypes), 3):
            truth = Truth(op, example.inputs, example.gy)
            # Where there is an accelerator, the first backward starts threads, and no copy of this process could then do one.
            truth.gradients if not torch.accelerator.is_available() else truth.y


class _Pulse:
    """An implementation that tells how long its next answer may take."""

    def __init__(self, implementation, send: Callable[[object], None]):
        self._implementation, self._send = implementation, send
        self._key, self._sent = ("", ""), 0.0

    def grades(self, key: Key) -> None:
        """From now on it is asked for this; its module may have to be imported first."""
        self._key = key
        self._send(Within(key, IMPORT_SECONDS + SLACK))
        self._implementation.load(key[1])
        self._sent = time.monotonic()
        self._send(Within(key, CALL_SECONDS + SLACK))

    def observe(self, *arguments):
        """See here.Here."""
        self._pulse()
        return self._implementation.observe(*arguments)

    def answers(self, *arguments):
        """See here.Here."""
        for seen in self._implementation.answers(*arguments):
            self._pulse()
            yield seen

    def _pulse(self) -> None:
        if (now := time.monotonic()) - self._sent > 0.5:
            self._sent = now
            self._send(Within(self._key, CALL_SECONDS + SLACK))


def _properties() -> dict[str, Property]:
    from tests import test_ops

    return {prop.name: prop for prop in written_in(test_ops)}


def _told(job: Job, verdict: Verdict, lines: list[list[Piece]] | None = None) -> Told:
    examples = verdict.trial.examples if verdict.trial else None
    result = result_of(verdict, job.impl, *place_of(verdict.op))
    return Told(result if job.explains else unexplained(result), examples, lines)


def _said(text: str) -> list[list[Piece]]:
    if not text.strip():
        return []
    lines = [printable(line) for line in text.rstrip("\n").split("\n")]
    return [[("Your code printed, for this example:", {})], *([(f"  {line}", {})] for line in lines)]


def serve(job: Job, into: int, errors) -> None:
    """Grade the job in this process, which is for nothing else, and send what comes of it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH, signal.SIGTSTP):
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    for name in [name for name in sys.modules if name.partition(".")[0] == job.impl]:
        del sys.modules[name]  # a watching process has none, but one that was asked to grade may
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST, _LARGEST))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # an OSError instead
    output = unnamed_file()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, output.fileno()), (2, output.fileno())):
        os.dup2(source, target)
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115 (for as long as it lives)
    sys.stderr = sys.stdout
    faulthandler.register(signal.SIGUSR1, file=errors, all_threads=False)
    _without_debugger()

    def send(message: object) -> None:
        data = pickle.dumps(message)
        data = HEADER.pack(len(data)) + data
        while data:
            data = data[os.write(into, data) :]

    def printed() -> str:
        sys.stdout.flush()
        size = output.seek(0, os.SEEK_END)
        output.seek(0)
        text = output.read(_PRINTED).decode(errors="replace") + ("..." if size > _PRINTED else "")
        output.seek(0)
        output.truncate()
        return text

    try:
        grade(job, send, printed)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        send(Trouble(f"{type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno})"))


def unnamed_file():
    return tempfile.TemporaryFile()


def _without_debugger() -> None:
    """Here nobody could type into one."""
    import pdb

    def refuse(*_, **__):
        raise RuntimeError("no debugger while watching; type pytest --impl=kata --op=OPERATION in another terminal")

    sys.breakpointhook = pdb.set_trace = refuse
