"""Pytest runs beside this one, as a user starts them. Each is a fork of a server that has imported what takes longest: torch.

What a run imports of its own accord is therefore not seen here; test_kept.py starts Python anew for that.
"""

import atexit
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest

from tests.meta import HANGS

PROJECT = Path(__file__).parents[2]
_SERVER = get_context("forkserver")
_SERVER.set_forkserver_preload(["numpy", "torch", "pytest"])


def grade(
    *arguments, cwd: Path = PROJECT, anew: bool = False, **environment: str | Path
) -> subprocess.CompletedProcess:
    """What came of `pytest ARGUMENTS`, run in this folder.

    `anew`: by a Python of its own, which takes longer. So it is where the environment has something to tell Python.
    """
    words = ["-p", "no:cacheprovider", *map(str, arguments)]
    settings = os.environ | {"COLUMNS": "80"} | {name: os.fspath(value) for name, value in environment.items()}
    if anew or any(name.startswith("PYTHON") for name in environment):
        command = [sys.executable, "-m", "pytest", *words]
        return subprocess.run(
            command, cwd=cwd, env=settings, capture_output=True, text=True, timeout=HANGS, check=False
        )
    with NamedTemporaryFile() as out, NamedTemporaryFile() as err:
        run = _SERVER.Process(target=_run, args=(words, str(cwd), settings, out.name, err.name))
        run.start()
        run.join(HANGS)
        if run.exitcode is None:
            run.kill()
            raise subprocess.TimeoutExpired(words, HANGS)
        said = (stream.read().decode() for stream in (out, err))
        return subprocess.CompletedProcess(words, run.exitcode, *said)


def _run(words: Sequence[str], cwd: str, settings: Mapping[str, str], out: str, err: str) -> None:
    """In the fork: all that a process inherits is set, and what it has of this project is forgotten."""
    for number, file in enumerate((os.devnull, out, err)):
        os.dup2(os.open(file, os.O_RDWR), number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(settings)
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tests", "conftest")]:
        del sys.modules[name]
    sys.path[:] = [cwd, *(path for path in sys.path if path not in ("", str(PROJECT)))]
    sys.argv = [str(Path(pytest.__file__).with_name("__main__.py")), *words]
    try:
        sys.exit(pytest.console_main())
    finally:
        atexit._run_exitfuncs()
