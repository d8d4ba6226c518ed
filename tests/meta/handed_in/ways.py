"""Grades a row in practice, as PATH and through `check`: the same public properties, on few examples, not explained.

What runs in this process runs in a copy of it that is thrown away, so it may end it, or leave anything behind.
"""

import contextlib
import json
import os
import select
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import numpy as np

from tests import test_ops
from tests.harness.judgement import properties
from tests.harness.judgement.examiner import Examiner
from tests.harness.judgement.properties import Property, written_in
from tests.harness.plugin.notebook import UngradableFunction, checked
from tests.harness.rows.catalogue import operations
from tests.harness.rows.late import torch
from tests.harness.rows.names import names_by_level
from tests.harness.submissions.elsewhere import Elsewhere
from tests.harness.submissions.parcel import UnusableSubmission
from tests.harness.submissions.submissions import resolve
from tests.harness.worker.observation import Call, Grad
from tests.meta.handed_in import CHECK, PATH, PRACTICE, Files, HandedIn
from tests.meta.project import FOLDER

_FEW = {"forward": 3, "gradient": 2, "pure": 1, "stable": 2}  # examples: what is right in a wrapping is so for all
_GUARD = 120.0  # seconds by the clock for a copy of this process; it is stopped long before
_UNARY = ("relu", "sigmoid", "tanh", "softplus", "silu")
_OPS = {op.name: op for ops in operations().values() for op in ops}


@dataclass(frozen=True)
class Said:
    """Of each operation the statuses of its properties and the first line that is no pass, `status line`; and the notes."""

    ops: dict[str, tuple[str, str]]
    notes: tuple[str, ...] = ()


def said(row: HandedIn, way: str, folder: Path) -> Said:
    """What is said of the row when it is graded in this way. The folder is for what it needs."""
    if way == PATH:
        return _handed_in(row, folder)
    work = {PRACTICE: _practised, CHECK: _checked}[way]
    return _elsewhere(lambda: work(row, folder))


def _handed_in(row: HandedIn, folder: Path) -> Said:
    if row.pack:
        name, content = row.pack(row.files)
        path = _laid(folder, {name: content}) / name
    elif len(row.files) == 1 and not any("/" in name for name in row.files):
        path = _laid(folder, row.files) / next(iter(row.files))
    else:
        path = _laid(folder / "handed in", row.files)
    with contextlib.ExitStack() as stack:
        try:
            implementation = resolve(str(path), FOLDER, names_by_level, "bwrap")
            stack.callback(implementation.close)
            implementation.survey()
        except UnusableSubmission as unusable:
            line = str(unusable).removeprefix(f"--impl={path}: ")
            return Said({op: ("", f"refused {line}") for op in row.says})
        told = _graded(implementation, row.says)
        if not row.counted:
            return told
        ops = {op: (statuses, line or _uncounted(implementation, op)) for op, (statuses, line) in told.ops.items()}
        return Said(ops, told.notes)


def _uncounted(implementation: Elsewhere, op: str) -> str:
    """Why what a right operation costs could not be counted, though it does nothing but compute: its module must not matter."""
    if op not in _UNARY:
        return ""
    x = np.ones((2, 3))
    _, cost = implementation.counting(op, [(x,)], [x], (Call(), Grad(0)), 10**6)()
    return f"not counted: {cost.foul}" if cost.foul else ""


def _practised(row: HandedIn, folder: Path) -> Said:
    rules = {"kata/__init__.py": (FOLDER / "kata/__init__.py").read_bytes()}
    files = {f"kata/{name}": content for name, content in row.files.items()}
    _laid(folder, rules | files | dict(row.project or {}))
    os.chdir(folder)
    sys.path[:] = [str(folder), *(p for p in sys.path if p and Path(p).resolve() != FOLDER)]
    for name in [name for name in sys.modules if name.partition(".")[0] in ("kata", "solutions")]:
        del sys.modules[name]
    told = _graded(resolve("kata", folder, names_by_level), row.says)
    shown = {op: (statuses, line.replace("kata/", "")) for op, (statuses, line) in told.ops.items()}
    return Said(shown, tuple(note.replace("kata/", "") for note in told.notes))


def _checked(row: HandedIn, folder: Path) -> Said:
    """The files' text as cells, and their functions given to `check`. A cell that raises has said so itself, and is no row's."""
    _laid(folder, row.files)
    os.chdir(folder)
    from tests.harness.diagnosis import diagnose

    properties.written_in, diagnose.diagnose = _few, None  # of this copy of the process only
    cells: dict[str, dict] = {name: {"__name__": "__main__"} for name in row.files}
    for name, cell in cells.items():
        exec(compile(row.files[name], folder / name, "exec", dont_inherit=True), cell)
    ops: dict[str, tuple[str, str]] = {}
    for op in row.says:
        try:
            verdicts = checked(cells.get(f"{op}.py", cell).get(op), op, 0).verdicts
            ops[op] = _told(verdicts)
        except UngradableFunction as ungradable:
            ops[op] = ("", "error " + str(ungradable).removeprefix("check: "))
    return Said(ops)


def _graded(implementation, ops: Iterable[str]) -> Said:
    examiner = Examiner(implementation, 0, shrink=False)
    told = {op: _told([examiner.verdict(prop, _OPS[op]) for prop in _few(test_ops)]) for op in ops}
    return Said(told, tuple(getattr(implementation, "notes", ())))


def _few(module: ModuleType) -> list[Property]:
    return [replace(prop, examples=_FEW[prop.name]) for prop in written_in(module)]


def _told(verdicts: Iterable) -> tuple[str, str]:
    first = next((v for v in verdicts if v.status != "pass"), None)
    return " ".join(v.status for v in verdicts), f"{first.status} {first.why}" if first else ""


def _laid(folder: Path, files: Files) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def _elsewhere(work: Callable[[], Said]) -> Said:
    """What the work says, in a copy of this process."""
    torch.set_num_threads(1)  # imported here once, and not in every copy
    reading, writing = os.pipe()
    pid = os.fork()  # NumPy's and torch's threads are idle, and the copy has none
    if pid == 0:
        with contextlib.suppress(BaseException):
            _work(work, reading, writing)
        os._exit(1)
    os.close(writing)
    with open(reading, "rb") as answer:
        heard = b""
        while not heard.endswith(b"\n") and select.select([answer], [], [], _GUARD)[0]:
            if not (chunk := os.read(reading, 2**16)):
                break
            heard += chunk
    status = os.waitstatus_to_exitcode(_ended(pid))
    if not heard.endswith(b"\n"):
        return Said({}, (f"the run ended, with status {status}",))
    ops, notes = json.loads(heard)
    return Said({op: tuple(told) for op, told in ops.items()}, tuple(notes))


def _ended(pid: int) -> int:
    """The status with which the copy ended, or is ended now, with all that it started."""
    for _ in range(50):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        time.sleep(0.01)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    return status if done else os.waitpid(pid, 0)[1]


def _work(work: Callable[[], Said], reading: int, writing: int) -> None:
    os.setpgid(0, 0)
    os.close(reading)
    tempfile.tempdir = None
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    sys.stdout = sys.stderr = open(1, "w", closefd=False)  # noqa: SIM115 (until this process ends)
    own = os.getpid()
    try:
        told = work()
    except BaseException as error:
        told = Said({}, (f"the run broke off: {type(error).__name__}: {error}",))
    if os.getpid() == own:
        with open(writing, "wb") as answer:
            answer.write(json.dumps([told.ops, told.notes]).encode() + b"\n")
        os._exit(0)
