"""`--reset`: operations or whole modules of kata/ back to their stubs; the attempt is kept in a dated copy."""

import codecs
import contextlib
import datetime
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.harness.display.files import write_whole
from tests.harness.practice import stubs
from tests.harness.practice.stubs import RefusedReset
from tests.harness.rows.names import level_of

ALL = "all"
BACKUPS = ".backup"  # in kata/; with a dot in front, so that nothing loads it, hands it in or commits it


@dataclass(frozen=True)
class _File:
    """A module of kata/ and what becomes of it. `content`: as it is, None where it is missing; `new`: as it will be."""

    path: Path
    shown: str
    content: bytes | None
    new: bytes

    @property
    def changes(self) -> bool:
        return self.content != self.new

    def written(self, ops: list[str]) -> list[str]:
        """Those of the operations that are a stub only now."""
        before, after = ((content or b"").decode("utf-8", "replace") for content in (self.content, self.new))
        return [op for op in ops if stubs.is_stub(after, op) and not stubs.is_stub(before, op)]


@dataclass(frozen=True)
class Done:
    """What was done, line by line, the operations that were more than a stub before, and where their files are kept."""

    lines: tuple[str, ...]
    ops: tuple[str, ...]
    kept: tuple[str, ...]


def plain(target: str) -> str:
    """The target's name, also where it was given as a file: kata/LEVEL.py."""
    return target.removeprefix("./").removeprefix("kata/").removesuffix(".py")


def reset(targets: list[str], project: Path, levels: dict[str, list[str]], now: datetime.datetime) -> Done:
    """Put the targets back: operations, modules, or ALL.

    Everything is worked out first, then the old files are copied, then the new ones are written, each whole. Raises
    RefusedReset.
    """
    wanted: dict[str, list[str] | None] = {}  # None: the whole module
    for target in targets:
        if target == ALL or target in levels:
            wanted |= dict.fromkeys(levels if target == ALL else [target])
        else:
            ops = wanted.setdefault(level_of(target, levels), [])
            if ops is not None and target not in ops:
                ops.append(target)
    said: list[str] = []
    files = [_planned(project, level, wanted[level], levels[level], said) for level in levels if level in wanted]
    changed = [file for file in files if file.changes]
    kept = _written(project, changed, now)
    said += [f"your attempt is kept in {copy}" for copy in kept]
    return Done(tuple(said), tuple(op for file in changed for op in file.written(levels[file.path.stem])), tuple(kept))


def replace_modules(contents: Mapping[str, bytes], project: Path, now: datetime.datetime) -> list[str]:
    """Write these modules of kata/, level -> content, and keep what was there; the names of the copies. Raises RefusedReset."""
    files = []
    for level, new in contents.items():
        path, shown = project / "kata" / f"{level}.py", f"kata/{level}.py"
        try:
            content = path.read_bytes() if path.exists() else None
        except OSError as error:
            raise RefusedReset(f"{shown} cannot be read: {error.strerror or error}") from None
        files.append(_File(path, shown, content, new))
    return _written(project, [file for file in files if file.changes], now)


def _written(project: Path, changed: list[_File], now: datetime.datetime) -> list[str]:
    """Copy the files as they are, and write what they will be: all of them, or none. The names of the copies."""
    for file in changed:
        _refuse_unwritable(file)
    copies = _keep(project, changed, now)
    for number, file in enumerate(changed):
        try:
            write_whole(file.path, file.new, _mode(file.path))
        except OSError as error:
            for before in changed[:number]:
                with contextlib.suppress(OSError):
                    _put_back(before)
            raise RefusedReset(f"{file.shown} cannot be written: {error.strerror or error}") from None
    return copies


def _put_back(file: _File) -> None:
    if file.content is None:
        file.path.unlink()
    else:
        write_whole(file.path, file.content, _mode(file.path))


def _planned(project: Path, level: str, ops: list[str] | None, all_ops: list[str], said: list[str]) -> _File:
    """What the module will be; what is done for it comes to `said`."""
    path, shown = project / "kata" / f"{level}.py", f"kata/{level}.py"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content, ops = None, None
    except OSError as error:
        raise RefusedReset(f"{shown} cannot be read: {error.strerror or error}") from None
    if ops is None:
        whole = stubs.stub_of_module(project, level, all_ops)
        if whole is not None:
            return _restored(_File(path, shown, content, whole.encode()), said)
        if content is None:
            raise RefusedReset(f"{shown} is not there, and git has no version of it with its stubs")
        said.append(f"{shown}: no version with all its stubs is known; operation by operation:")
    try:
        mark = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""  # an editor's, which stays
        source = content.removeprefix(mark).decode("utf-8")
    except UnicodeDecodeError:
        raise RefusedReset(f"{shown} is not UTF-8 text; --reset {level} restores the whole module") from None
    for op in all_ops if ops is None else ops:
        source = _without(source, op, project, level, all_ops, said)
    return _File(path, shown, content, mark + source.encode())


def _restored(file: _File, said: list[str]) -> _File:
    if file.content is not None and b"\r\n" in file.content:
        source = file.content.decode("utf-8", "replace")
        file = _File(file.path, file.shown, file.content, stubs.in_newlines_of(file.new.decode(), source).encode())
    said.append(f"{file.shown}: {'the whole module is back' if file.changes else 'is as it was at first'}")
    return file


def _without(source: str, op: str, project: Path, level: str, order: list[str], said: list[str]) -> str:
    """The source with the operation as a stub."""
    shown = f"kata/{level}.py"
    if stubs.is_stub(source, op):
        said.append(f"{op}: is a stub already in {shown}")
        return source
    stub = stubs.stub_of_operation(project, level, op)
    how = "" if stub else "; no earlier version is known, so its signature and docstring are as you left them"
    stub = stub or stubs.bare(source, op)
    if stub is None:
        raise RefusedReset(
            f"{op}: no version of {shown} with its stub is known, and none can be made from the file as it is"
        )
    try:
        new = stubs.put(source, op, stub, order)
    except RefusedReset as problem:
        raise RefusedReset(f"{op}: {shown}: {problem}; --reset {level} restores the whole module") from None
    broken = "; the file still has a syntax error elsewhere" if stubs.definitions(new) is None else ""
    said.append(f"{op}: back to the stub in {shown}{how}{broken}")
    return new


def _refuse_unwritable(file: _File) -> None:
    """Raise RefusedReset for what is no ordinary file of the candidate's own to write."""
    if file.path.is_symlink():
        raise RefusedReset(
            f"{file.shown} is a symbolic link to {file.path.readlink()}; it is left alone, change it there"
        )
    if file.content is not None and not file.path.stat().st_mode & stat.S_IWUSR:
        raise RefusedReset(f"{file.shown} is read-only; it is left alone (chmod u+w {file.shown})")


def _keep(project: Path, changed: list[_File], now: datetime.datetime) -> list[str]:
    """Copy the files as they are into a new folder; return the names of the copies."""
    kept = [file for file in changed if file.content is not None]
    if not kept:
        return []
    try:
        folder = _new_folder(project / "kata" / BACKUPS, f"{now:%Y-%m-%dT%H-%M-%S}")
        for file in kept:
            write_whole(folder / file.path.name, file.content, _mode(file.path))
    except OSError as error:
        raise RefusedReset(
            f"kata/{BACKUPS} cannot be written ({error.strerror or error}), so nothing was changed"
        ) from None
    return [(folder / file.path.name).relative_to(project).as_posix() for file in kept]


def _new_folder(parent: Path, name: str) -> Path:
    """A folder that was not there before, whoever else makes one now."""
    number = 1
    while True:
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            number += 1


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
