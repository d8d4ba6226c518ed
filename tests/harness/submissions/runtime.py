"""The standard library and NumPy as a submission sees them: a copy for each run, which does not say where they came from.

What is installed holds paths of this machine: every compiled file names its source, and some sources name the folder of
the interpreter. To mount over each folder of compiled files would take some hundred mounts a worker, and to leave them out
a second of compiling. So once a run (0.3 s, 35 MB) the sources are copied, and those that this process has imported, as
the worker will, are compiled to what they are called inside. Tests are left out. Machine code is mounted or copied as it
is: the interpreter and its libraries still say where and by whom they were built.
"""

import marshal
import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from types import CodeType

import numpy as np

from tests.harness.submissions.leftovers import Folder

LIBRARY = Path(sysconfig.get_path("stdlib"))
NUMPY = Path(np.__file__).parent
MACHINE_CODE = "lib-dynload"  # the folder of a standard library that holds no sources
INSIDE = {LIBRARY: Path("/python", sys.platlibdir, LIBRARY.name), NUMPY: Path("/numpy/numpy")}
"""Folder of this machine -> what it is inside."""
_LEFT_OUT = ("__pycache__", "site-packages", "dist-packages", MACHINE_CODE, "test", "tests", "idlelib", "turtledemo")
_COMMON = ("/", "/usr", "/usr/local")  # where an interpreter may be without saying anything
_UNCHECKED = (1).to_bytes(4, "little") + bytes(8)  # a compiled file that is not compared with its source


def paths() -> list[str]:
    """This machine's paths that must not be readable inside."""
    found = {str(folder) for folder in (LIBRARY, NUMPY, NUMPY.parent, sys.prefix, sys.base_prefix)}
    return sorted((path for path in found if path not in _COMMON), key=len, reverse=True)


@cache
def copies() -> dict[Path, str]:
    """Folder inside -> its copy. They are removed with this process."""
    made = {}
    for number, (source, inside) in enumerate(INSIDE.items()):
        made[inside] = os.path.join(_folder().name, str(number))
        _copy(source, Path(made[inside]), inside)
    Path(made[INSIDE[LIBRARY]], MACHINE_CODE).mkdir()  # to be mounted on
    return made


@cache
def _folder() -> Folder:
    return Folder()


def _copy(source: Path, target: Path, inside: Path) -> None:
    imported = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    secrets = [(path.encode(), str(INSIDE[LIBRARY].parents[1]).encode()) for path in paths()]
    for file in _files(source):
        name = file.relative_to(source)
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix != ".py":
            shutil.copyfile(file, copy)
            continue
        text = file.read_bytes()
        if any(path in text for path, _ in secrets):
            for path, neutral in secrets:
                text = text.replace(path, neutral)
        elif str(file) in imported:
            compiled = copy.parent / "__pycache__" / f"{file.stem}.{sys.implementation.cache_tag}.pyc"
            compiled.parent.mkdir(exist_ok=True)
            code = _called(SourceFileLoader(file.stem, str(file)).get_code(file.stem), str(inside / name))
            compiled.write_bytes(MAGIC_NUMBER + _UNCHECKED + marshal.dumps(code))
        copy.write_bytes(text)


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        yield from (Path(folder, name) for name in files if name.endswith((".py", ".so")))


def _called(code: CodeType, name: str) -> CodeType:
    """The code as if it had been compiled from a file of this name."""
    inner = tuple(_called(const, name) if isinstance(const, CodeType) else const for const in code.co_consts)
    return code.replace(co_filename=name, co_consts=inner)
