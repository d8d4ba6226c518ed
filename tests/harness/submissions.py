"""What `--impl` names: where its operations are, and how they are called. Its code runs only through `observe`."""

import re
import stat
import sys
import tempfile
import zipfile
from bdb import BdbQuit
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

from tests.harness import loading
from tests.harness.deadline import Expired, deadline
from tests.harness.observe import Call, Grad, Observation, observe
from tests.harness.remote import Worker, WorkerDied, WorkerStuck, observation, plain_steps

CALL_SECONDS = 5.0  # a call on a handful of numbers takes microseconds
IMPORT_SECONDS = 20.0
MOST_FILES, MOST_BYTES = 500, 20 * 2**20
_THROUGH = (KeyboardInterrupt, Expired, BdbQuit, pytest.exit.Exception)


class Unusable(Exception):
    """What `--impl` names cannot be graded at all; the line says what was seen, expected, and to do."""


class Refused(BaseException):
    """An operation that cannot be judged any further: `status` is todo, error or timeout, `line` says why.

    Not an Exception: it is about the operation, not about one example, so nothing is to be tried again or shrunk.
    """

    def __init__(self, status: str, line: str):
        super().__init__(line)
        self.status, self.line = status, line


class Here:
    """An implementation that runs in this process, so that print, breakpoint() and --pdb work."""

    def __init__(self, name: str, lookup: Callable[[str], Callable | None]):
        self.name, self._lookup = name, cache(lookup)
        self._refused: dict[str, tuple[str, str]] = {}

    def observe(self, op: str, inputs: Iterable[tuple], gys: Iterable, steps: tuple[Call | Grad, ...]) -> Observation:
        """Carry out the steps (see observe.py). Raises Refused."""
        if op in self._refused:
            raise Refused(*self._refused[op])
        seconds = IMPORT_SECONDS
        try:
            with deadline(IMPORT_SECONDS):
                function = self._lookup(op)
            if function is None:
                raise Refused("todo", "not there yet")
            seconds = CALL_SECONDS
            with deadline(CALL_SECONDS):
                seen = observe(function, inputs, gys, steps, _THROUGH)
        except loading.Unloadable as problem:
            self._refused[op] = ("error", str(problem))
            raise Refused(*self._refused[op]) from None
        except Expired:
            self._refused[op] = ("timeout", f"stopped: no answer after {seconds:g} s (an endless loop?)")
            raise Refused(*self._refused[op]) from None
        return _unless_todo(seen)

    def close(self) -> None:
        """Nothing to end."""


class Elsewhere:
    """Somebody else's code: it runs in a worker process, which is started anew for the next operation when it dies."""

    def __init__(
        self, name: str, root: Path, files: dict[str, Path], unpacked: tempfile.TemporaryDirectory | None = None
    ):
        self.name, self._root, self._files, self._unpacked = name, root, files, unpacked
        self._worker: Worker | None = None
        self._refused: dict[str, tuple[str, str]] = {}

    def observe(self, op: str, inputs: Iterable[tuple], gys: Iterable, steps: tuple[Call | Grad, ...]) -> Observation:
        """Carry out the steps (see observe.py). Raises Refused."""
        if op not in self._files:
            raise Refused("todo", "not there yet")
        if op in self._refused:
            raise Refused(*self._refused[op])
        self._worker = self._worker or Worker()
        file = self._files[op]
        shown = file.relative_to(self._root).as_posix()
        request = {"op": op, "file": str(file), "root": str(self._root), "shown": shown}
        request |= {"inputs": list(inputs), "gys": list(gys), "steps": plain_steps(steps)}
        try:
            reply = self._worker.ask(CALL_SECONDS, **request)
            if reply.get("missing") is True:
                raise Refused("todo", "not there yet")
            if "problem" in reply:
                self._refused[op] = ("error", str(reply["problem"])[:1000])
                raise Refused(*self._refused[op])
            seen = observation(reply)
        except WorkerStuck:
            self._lost(op, "timeout", f"stopped: no answer after {CALL_SECONDS:g} s (an endless loop?)")
        except WorkerDied as death:
            self._lost(op, "error", str(death))
        return _unless_todo(seen)

    def close(self) -> None:
        """End the worker and remove what was unpacked."""
        if self._worker:
            self._worker.close()
        if self._unpacked:
            self._unpacked.cleanup()

    def _lost(self, op: str, status: str, line: str):
        self._worker.close()
        self._worker = None
        self._refused[op] = (status, line)
        raise Refused(status, line) from None


Levels = dict[str, list[str]]
"""Level -> the names of its operations."""


def resolve(impl: str, project: Path, catalogue: Callable[[], Levels]) -> Here | Elsewhere:
    """What `--impl` names. `catalogue` is asked only when it is needed: it costs the import of torch. Raises Unusable."""
    if impl in ("kata", "solutions"):
        if not (project / impl).is_dir():
            raise Unusable(f"--impl={impl}: there is no folder {impl}/ here")
        return Here(impl, _modules_of(impl, project, catalogue))
    path = Path(impl)
    if not path.exists():
        raise Unusable(
            f"--impl={impl}: no such file or folder; give kata, solutions, a folder, a .py file or a .zip file"
        )
    if not path.is_dir() and path.suffix not in (".py", ".zip"):
        raise Unusable(f"--impl={impl}: is neither a folder nor a .py or .zip file")
    levels = catalogue()
    if path.is_dir():
        return _elsewhere(impl, path, levels)
    if path.suffix == ".py":
        files = {op: path.resolve() for ops in levels.values() for op in ops if op in _defined(path)}
        if not files:
            raise Unusable(f"--impl={impl}: defines none of the kata's operations ({_some(levels)})")
        return Elsewhere(impl, path.resolve().parent, files)
    unpacked = tempfile.TemporaryDirectory(prefix="submission-")
    try:
        _unpack(path, Path(unpacked.name), impl)
        return _elsewhere(impl, Path(unpacked.name), levels, unpacked)
    except BaseException:
        unpacked.cleanup()
        raise


def _modules_of(package: str, project: Path, catalogue: Callable[[], Levels]) -> Callable[[str], Callable | None]:
    """A lookup of operations in the project's own package, each in its level's module."""

    def lookup(op: str) -> Callable | None:
        level = next(level for level, ops in catalogue().items() if op in ops)
        file = project / package / f"{level}.py"
        if not file.exists():
            return None
        if package not in sys.modules:
            loading.load(str(file.with_name("__init__.py")), package, f"{package}/__init__.py", _THROUGH)
        return loading.operation(loading.load(str(file), f"{package}.{level}", f"{package}/{level}.py", _THROUGH), op)

    return lookup


def _elsewhere(impl: str, root: Path, levels: Levels, unpacked: tempfile.TemporaryDirectory | None = None) -> Elsewhere:
    """The submission in a folder: laid out like kata/, or holding a kata/, or holding one folder that is one of these."""
    inner = [d for d in sorted(root.iterdir()) if d.is_dir() and not d.name.startswith((".", "_"))][:1]
    for folder in (root, root / "kata", *inner, *(d / "kata" for d in inner)):
        files = _operations_in(folder, levels) if folder.is_dir() else {}
        if files:
            return Elsewhere(impl, folder.resolve(), files, unpacked)
    expected = f"expected modules like kata/{next(iter(levels))}.py"
    raise Unusable(f"--impl={impl}: holds none of the kata's operations; {expected}")


def _operations_in(folder: Path, levels: Levels) -> dict[str, Path]:
    """Operation -> its file: the level's own module, or any module that defines it."""
    modules = {f.stem: f.resolve() for f in sorted(folder.glob("*.py")) if stat.S_ISREG(f.lstat().st_mode)}
    defined = {stem: _defined(file) for stem, file in modules.items()}
    files = {}
    for level, ops in levels.items():
        for op in ops:
            stem = next((s for s in (level, *modules) if op in defined.get(s, ())), level)
            if stem in modules:
                files[op] = modules[stem]
    return files if any(op in defined[file.stem] for op, file in files.items()) else {}


_NAME = re.compile(
    r"^[ \t]*(?:async[ \t]+)?def[ \t]+(\w+)|^(\w+)[ \t]*[:=]|^[ \t]*(?:from[ \t].*)?import[ \t]+(.+)$", re.MULTILINE
)


def _defined(file: Path) -> set[str]:
    """Names that the source seems to define. It is read as text: nothing of a submission is parsed or run here."""
    if file.stat().st_size > MOST_BYTES:
        raise Unusable(f"{file.name} has {file.stat().st_size} bytes; a module may have {MOST_BYTES}")
    names: set[str] = set()
    for function, variable, imported in _NAME.findall(file.read_bytes().decode(errors="replace")):
        names.update(filter(None, (function, variable)), re.findall(r"\w+", imported))
    return names


def _unpack(archive: Path, target: Path, impl: str) -> None:
    """Unpack the archive's modules: regular .py files with plain relative names, capped in number and size."""
    try:
        with zipfile.ZipFile(archive) as source:
            entries = [
                e
                for e in source.infolist()
                if e.filename.endswith(".py") and stat.S_IFMT(e.external_attr >> 16) in (0, stat.S_IFREG)
            ]
            if len(source.infolist()) > MOST_FILES or sum(e.file_size for e in entries) > MOST_BYTES:
                raise Unusable(f"--impl={impl}: is larger than {MOST_FILES} files and {MOST_BYTES} bytes")
            for entry in entries:
                name = PurePosixPath(entry.filename)
                if name.is_absolute() or ".." in name.parts or "\\" in entry.filename or ":" in entry.filename:
                    raise Unusable(f"--impl={impl}: has an entry that points outside: {entry.filename[:80]!r}")
                file = target / name
                file.parent.mkdir(parents=True, exist_ok=True)
                with source.open(entry) as stream:
                    content = stream.read(entry.file_size + 1)
                if len(content) > entry.file_size:
                    raise Unusable(f"--impl={impl}: has an entry longer than it says: {entry.filename[:80]!r}")
                file.write_bytes(content)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise Unusable(f"--impl={impl}: is not a zip archive that can be read ({error})") from None


def _some(levels: Levels) -> str:
    names = [op for ops in levels.values() for op in ops]
    return ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")


def _unless_todo(seen: Observation) -> Observation:
    if seen.crash and seen.crash.kind == "NotImplementedError":
        raise Refused("todo", f"{'grad' if seen.answers else 'the operation'} is not written yet")
    return seen
