"""A submission's private copy: where in it the operations are, and the modules they need, in a folder of their own."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath

from tests.harness.submissions import intake
from tests.harness.submissions.leftovers import Folder
from tests.harness.submissions.parcel import UnusableSubmission
from tests.harness.worker.printable import printable

Levels = dict[str, list[str]]
"""Level -> the names of its operations."""


@dataclass(frozen=True)
class Package:
    """A copy in `folder`. `files`: operation -> its module there; `shown`: module -> what it is called in messages."""

    folder: Path
    files: dict[str, str]
    shown: dict[str, str]
    temporary: Folder

    def close(self) -> None:
        """Remove the copy."""
        self.temporary.cleanup()


def package(impl: str, catalogue: Callable[[], Levels]) -> Package:
    """Copy the submission that `impl` names. The catalogue is asked only about what can be read.

    Raises UnusableSubmission.
    """
    path = Path(impl)
    with _in_a_line(impl):
        modules = intake.modules(path).modules
    levels = catalogue()
    with _in_a_line(impl):
        layouts = (_Layout(_inside(modules, root), levels) for root in _roots(modules))
        best = max(layouts, key=lambda layout: layout.defined)
        if not best.defined:
            raise UnusableSubmission(_nothing_in(path, levels))
        return _copy(best)


@contextmanager
def _in_a_line(impl: str) -> Iterator[None]:
    """Whatever goes wrong makes this an UnusableSubmission, with its name; the others are graded."""
    try:
        yield
    except UnusableSubmission as unusable:
        why = str(unusable)
    except OSError as error:
        why = f"the grader cannot copy it ({error.strerror or error})"
    except Exception as error:
        why = f"the grader cannot take it ({type(error).__name__}: {error})"
    else:
        return
    raise UnusableSubmission(f"--impl={printable(impl, 500)}: {printable(why, 1500)}")


class _Layout:
    """What a submission's modules (name -> content) would be if these were all of them."""

    def __init__(self, modules: dict[str, bytes], levels: Levels):
        self.modules = modules
        wanted = {op for ops in levels.values() for op in ops}
        names = {name: _defined(content, wanted) for name, content in modules.items() if "/" not in name}
        stems = {PurePosixPath(name).stem: name for name in names}
        self.files: dict[str, str] = {}
        for level, ops in levels.items():
            for op in ops:
                stem = next((s for s in (level, *stems) if op in names.get(stems.get(s), ())), level)
                if stem in stems:
                    self.files[op] = stems[stem]
        self.defined = sum(op in names[name] for op, name in self.files.items())


def _roots(modules: dict[str, bytes]) -> list[str]:
    """The folders that may be laid out like kata/, the likeliest first: kata/, one deeper, the top, any folder in it."""
    folders = sorted({str(PurePosixPath(name).parent) for name in modules})
    kata = [f for f in folders if f.count("/") <= 1 and PurePosixPath(f).name == "kata"]
    return [*kata, ".", *(f for f in folders if "/" not in f and f not in (".", "kata"))]


def _inside(modules: dict[str, bytes], root: str) -> dict[str, bytes]:
    base = PurePosixPath(root)
    paths = ((PurePosixPath(name), content) for name, content in modules.items())
    return {str(path.relative_to(base)): content for path, content in paths if path.is_relative_to(base)}


_NAME = re.compile(
    r"^[ \t]*(?:async[ \t]+)?def[ \t]+(\w+)|^(\w+)[ \t]*[:=]|^[ \t]*(?:from[ \t].*)?import[ \t]+(.{1,2000})",
    re.MULTILINE,
)


def _defined(source: bytes, wanted: set[str]) -> set[str]:
    """Which of the wanted names the source seems to define. It is read as text: nothing of a submission is parsed or run here."""
    names: set[str] = set()
    for found in _NAME.finditer(source.decode(errors="replace")):
        function, variable, imported = found.groups(default="")
        words = (word[0] for word in re.finditer(r"\w+", imported))
        names |= wanted.intersection(chain((function, variable), words))
    return names


def _copy(layout: _Layout) -> Package:
    temporary = Folder()
    folder = Path(temporary.name, "submission")
    copied = dict(_importable(layout.modules))
    try:
        folder.mkdir()
        for name, inside in copied.items():
            target = folder / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(layout.modules[name])
    except BaseException:
        temporary.cleanup()
        raise
    files = {op: copied[name] for op, name in layout.files.items()}
    return Package(folder, files, {inside: name for name, inside in copied.items()}, temporary)


def _importable(modules: dict[str, bytes]) -> Iterator[tuple[str, str]]:
    """Each module's name, and one under which it can be imported; one in a folder that cannot be imported is left out."""
    taken = set(modules)
    for name in modules:
        *folders, file = PurePosixPath(name).parts
        stem = PurePosixPath(file).stem
        if stem.isidentifier():
            inside = f"{stem}.py"
        else:
            inside = re.sub(r"\W", "_", f"_{stem}") + ".py"
            while inside in taken:
                inside = f"_{inside}"
            taken.add(inside)
        if all(map(str.isidentifier, folders)):
            yield name, os.path.join(*folders, inside)


def _nothing_in(path: Path, levels: Levels) -> str:
    names = [op for ops in levels.values() for op in ops]
    if path.is_dir() or path.suffix not in (".py", ".ipynb"):
        return f"holds none of the kata's operations; expected modules like kata/{next(iter(levels))}.py"
    return f"defines none of the kata's operations ({', '.join(names[:6])}{', ...' if len(names) > 6 else ''})"
