"""The confinement around the worker of `--impl=PATH`. That it holds is proven in sandbox.py.

`bwrap`: the worker sees NumPy, the standard library, its own files and a read-only copy of the submission, at
neutral paths. Nothing it sees can be written to, not even /tmp; there is no /proc and no device. `process`: a process of
its own with the limits of worker.py, for code that is trusted.

Every host file is mounted read-only, for a reason beyond writing: where the grader is root, the owner inside is root
outside, and could change the mode of what it may write to. Hence no devices either, and nothing but pipes to the grader:
a socket would be one of the machine's network, and would tell of both.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.harness.submissions import seccomp
from tests.harness.submissions.parcel import UnusableSubmission
from tests.harness.submissions.runtime import INSIDE, LIBRARY, MACHINE_CODE, NUMPY, copies

_WORKER = Path(__file__).parents[1] / "worker"  # the room that the sandbox sees
_NAMESPACES = ("user", "ipc", "pid", "net", "uts", "cgroup-try")  # never --unshare-all: that may go without a namespace
_NOBODY = "65534"


class NoSandbox(UnusableSubmission):
    """The sandbox cannot be had here; the line says what was seen, and the likely remedy."""

    def __init__(self, seen: str, remedy: str):
        super().__init__(f"--sandbox=bwrap: {seen}; {remedy}; or, for code that you trust, give --sandbox=process")


def start(mode: str, submission: Path, questions: int, answers: int) -> subprocess.Popen:
    """Start a worker on a submission (a folder, or one file), with a pipe to read questions from and one for its answers.

    What it prints can be read from `stdout` of the process. It ends with the thread that starts it. Raises OSError, or
    NoSandbox where the mode cannot be had.
    """
    if mode == "process":
        folder = submission if submission.is_dir() else submission.parent
        argv = [sys.executable, *flags(), _WORKER / "worker.py", NUMPY.parent, str(questions), str(answers), folder]
        return _popen(argv, environment(), [questions, answers])
    filtered = system_calls()
    reading, writing = os.pipe()
    try:
        os.write(writing, filtered)  # less than a pipe holds
        os.close(writing)
        argv = [bwrap(), *options(submission), "--seccomp", str(reading), "--", "/python/bin/python3", *flags()]
        argv += ["/worker/worker.py", "/numpy", str(questions), str(answers), "/submission"]
        # bwrap's own environment can be read inside.
        return _popen(argv, {}, [questions, answers, reading])
    finally:
        os.close(reading)


def _popen(argv: list, environment: dict[str, str], descriptors: list[int]) -> subprocess.Popen:
    process = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        pass_fds=descriptors,
        env=environment,
        cwd="/",
        start_new_session=True,  # or Ctrl-C would look like its death
    )
    process.stdin.close()
    return process


def flags() -> list[str]:
    """The interpreter's: isolated, no site-packages, no bytecode written, nothing kept back of what is printed, UTF-8."""
    return ["-I", "-S", "-B", "-u", "-X", "utf8"]


def environment() -> dict[str, str]:
    """All of the worker's environment.

    What this machine's owner says of its processor is handed on: without it NumPy's own arithmetic may be wrong here.
    """
    single = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    given = {k: v for k, v in os.environ.items() if k in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    return single | given | {"LC_ALL": "C.UTF-8"} | _library_path()


def _library_path() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k == "LD_LIBRARY_PATH"}


def options(submission: Path) -> Iterator[str]:
    """bwrap's options for a submission: what is separate, what is visible, and where."""
    yield from (f"--unshare-{namespace}" for namespace in _NAMESPACES)
    # No --disable-userns: it needs bwrap 0.8 and a writable /proc/sys, and the seccomp filter forbids the same.
    yield from ("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--uid", _NOBODY, "--gid", _NOBODY)
    yield from ("--hostname", "box", "--clearenv")
    for name, value in (environment() | {"LD_LIBRARY_PATH": "/libraries"}).items():
        yield from ("--setenv", name, value)
    yield from runtime()
    for file in sorted(_WORKER.glob("*.py")):  # and no __pycache__, which names a folder of the host
        yield from ("--ro-bind", str(file), f"/worker/{file.name}")
    yield from ("--ro-bind", str(submission), f"/submission/{'' if submission.is_dir() else submission.name}")
    yield from ("--dir", "/tmp", "--remount-ro", "/", "--chdir", "/tmp")


@cache
def runtime() -> tuple[str, ...]:
    """The options that bring the interpreter, its standard library, NumPy, and the shared libraries of all three."""
    interpreter = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
    options = ["--ro-bind", interpreter, "/python/bin/python3"]
    for inside, copy in copies().items():
        options += ["--ro-bind", copy, str(inside)]
    for folder, inside in (
        (LIBRARY / MACHINE_CODE, INSIDE[LIBRARY] / MACHINE_CODE),
        (NUMPY.with_name("numpy.libs"), INSIDE[NUMPY].with_name("numpy.libs")),  # wheels keep NumPy's libraries there
    ):
        if folder.is_dir():
            options += ["--ro-bind", str(folder), str(inside)]
    needed = _needed(interpreter, LIBRARY, f"{MACHINE_CODE}/*.so") | _needed(interpreter, NUMPY.parent, "numpy/**/*.so")
    for name, file in sorted(needed.items()):
        options += ["--ro-bind", os.path.realpath(file), name if name.startswith("/") else f"/libraries/{name}"]
    return tuple(options)


def _needed(interpreter: str, folder: Path, pattern: str) -> dict[str, str]:
    """The shared libraries that the interpreter and a folder's extension modules need: name -> file.

    The dynamic loader tells, as for ldd. It is itself one of them, under its whole path.
    """
    modules = [f"./{file.relative_to(folder)}" for file in folder.glob(pattern) if not file.name.startswith("_tkinter")]
    told = subprocess.run(
        [interpreter],
        cwd=folder,
        env={"LD_TRACE_LOADED_OBJECTS": "1", "LD_PRELOAD": ":".join(modules)} | _library_path(),
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    found = re.findall(r"^\s+(\S+) => (/.+) \(0x", told, re.MULTILINE)
    found += [(loader, loader) for loader in re.findall(r"^\s+(/\S+) \(0x", told, re.MULTILINE) if "/ld" in loader]
    return dict(found)


@cache
def bwrap() -> str:
    """The path of bubblewrap's program. Raises NoSandbox where it is not installed."""
    program = shutil.which("bwrap")
    if program is None:
        raise NoSandbox("bwrap is missing", "install bubblewrap with the package manager (apt-get install bubblewrap)")
    return program


def system_calls() -> bytes:
    """The seccomp filter for this machine. Raises NoSandbox where none is known."""
    try:
        return seccomp.program(platform.machine())
    except KeyError:
        raise NoSandbox(f"no seccomp filter is known for {platform.machine()}", "grade on x86_64 or aarch64") from None
