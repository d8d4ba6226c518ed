"""A submission's private copy: the modules that may have the operations, and those they need, in a folder of their own."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tests.harness.submissions import intake, limits
from tests.harness.submissions.directory import Levels, defined, stubs, text_of
from tests.harness.submissions.leftovers import Folder
from tests.harness.submissions.parcel import CannotTake, UnusableSubmission, is_full
from tests.harness.worker.printable import printable
from tests.harness.worker.worker import CONTENTS


@dataclass(frozen=True)
class Package:
    """A copy in `folder`. `shown`: module there -> what it is called in messages.

    `mentions`: module that may have operations -> those that its text seems to define. `nothing`: what is said where none
    has any.
    """

    folder: Path
    levels: Levels
    shown: dict[str, str]
    mentions: dict[str, set[str]]
    nothing: str
    temporary: Folder
    notes: list[str] = field(default_factory=list)

    def close(self) -> None:
        """Remove the copy."""
        self.temporary.cleanup()


def package(impl: str, catalogue: Callable[[], Levels]) -> Package:
    """Copy the submission that `impl` names. The catalogue is asked only about what can be read.

    Raises UnusableSubmission.
    """
    return packed(impl, read(impl), catalogue, in_folder=Path(impl).is_dir())


def read(impl: str) -> intake.Parcel:
    """What `impl` names, as names and bytes of its modules. Raises UnusableSubmission."""
    with _in_a_line(impl):
        return intake.modules(Path(impl))


def packed(impl: str, found: intake.Parcel, catalogue: Callable[[], Levels], *, in_folder: bool) -> Package:
    """Copy what was read before, perhaps on another machine. `in_folder`: whether it was a folder. Raises UnusableSubmission."""
    levels = catalogue()
    with _in_a_line(impl):
        nothing = _nothing_in(Path(impl), in_folder, levels)
        if not found.modules:
            raise UnusableSubmission(nothing)
        wanted = {op for ops in levels.values() for op in ops}
        root = _root(found.modules, wanted)
        notes = [*found.notes, *_left_out(found.modules, root, wanted)]
        return _copy(_inside(found.modules, root), levels, f"--impl={printable(impl, 500)}: {nothing}", notes)


@contextmanager
def _in_a_line(impl: str) -> Iterator[None]:
    """Whatever goes wrong makes this an UnusableSubmission, with its name; the others are graded."""
    kind = UnusableSubmission
    try:
        yield
    except UnusableSubmission as unusable:
        why = str(unusable)
        kind = CannotTake if isinstance(unusable, CannotTake) else kind
    except OSError as error:
        kind = CannotTake if is_full(error) else kind
        why = f"the grader cannot copy it ({error.strerror or error})"
    except Exception as error:
        why = f"the grader cannot take it ({type(error).__name__}: {error})"
    else:
        return
    raise kind(f"--impl={printable(impl, 500)}: {printable(why, 1500)}")


_OLD = re.compile(r"(?:^|[/_ .-])(?:old|backup|bak|copy|archive|draft)s?(?:$|[/_ .-])", re.IGNORECASE)
"""A folder of what somebody has put aside."""


def _root(modules: dict[str, bytes], wanted: set[str]) -> str:
    """The folder that is laid out like kata/: that whose modules seem to define the most operations, or else name the most.

    Of equals the likeliest: one called kata, the less deep, the first by name.
    """
    folders: dict[str, list[bytes]] = {}
    for name, content in modules.items():
        folders.setdefault(str(PurePosixPath(name).parent), []).append(content)
    if any(not _OLD.search(folder) for folder in folders):
        folders = {folder: contents for folder, contents in folders.items() if not _OLD.search(folder)}

    def best(found: Callable[[bytes], set[str]]) -> tuple[int, str]:
        counts = {folder: len(set().union(*map(found, texts))) for folder, texts in folders.items()}
        most = max(counts.values())
        likely = [folder for folder, count in counts.items() if count == most]
        return most, min(likely, key=lambda f: (PurePosixPath(f).name != "kata", f != ".", f.count("/"), f))

    most, root = best(lambda content: defined(content, wanted) - stubs(content))
    if not most:
        most, root = best(lambda content: defined(content, wanted))
    return root if most else best(lambda content: _named(content, wanted))[1]


def _left_out(modules: dict[str, bytes], root: str, wanted: set[str]) -> Iterator[str]:
    """What seems to define operations in other folders, and is not looked into: each folder, or the module that is alone there."""
    where = "the top folder" if root == "." else f"{printable(root, 255)}/"
    graded = [content for name, content in modules.items() if str(PurePosixPath(name).parent) == root]
    imported = {op for content in graded for op in defined(content, wanted) - defined(content, wanted, imported=False)}
    beside: dict[str, list[str]] = {}
    for name, content in sorted(modules.items()):
        folder, found = PurePosixPath(name).parent, defined(content, wanted, imported=False) - stubs(content)
        if str(folder) == root or not found or (folder.is_relative_to(root) and found <= imported):
            continue
        beside.setdefault(str(folder), []).append(name)
    for folder, names in beside.items():
        shown = names[0] if len(names) == 1 or folder == "." else f"{folder}/"
        yield f"{printable(shown, 255)} is not graded: operations were looked for in {where}"


def _inside(modules: dict[str, bytes], root: str) -> dict[str, bytes]:
    base = PurePosixPath(root)
    paths = ((PurePosixPath(name), content) for name, content in modules.items())
    return {str(path.relative_to(base)): content for path, content in paths if path.is_relative_to(base)}


def _named(content: bytes, wanted: set[str]) -> set[str]:
    """Which of the wanted names are anywhere in it, however they are spelt."""
    text = text_of(content).replace("_", "").lower()
    return {name for name in wanted if name.replace("_", "") in text}


def _copy(modules: dict[str, bytes], levels: Levels, nothing: str, notes: list[str]) -> Package:
    temporary = Folder()
    folder = Path(temporary.name, "submission")
    wanted = {op for ops in levels.values() for op in ops}
    copied = dict(_importable(modules))
    shown = {inside: printable(name, 255) for name, inside in copied.items()}
    try:
        folder.mkdir()
        for name, inside in copied.items():
            target = folder / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(modules[name])
        (folder / CONTENTS).write_text(json.dumps({"shown": shown, "seconds": limits.IMPORT_SECONDS}), encoding="utf-8")
    except BaseException:
        temporary.cleanup()
        raise
    mentions = {inside: defined(modules[name], wanted) for name, inside in copied.items() if "/" not in inside}
    return Package(folder, levels, shown, mentions, nothing, temporary, notes)


def _importable(modules: dict[str, bytes]) -> Iterator[tuple[str, str]]:
    """Each module's name, and one under which it can be imported; one in a folder that cannot be imported is left out."""
    taken = set(modules)
    for name in modules:
        *folders, file = PurePosixPath(name).parts
        stem = PurePosixPath(file).stem
        inside = f"{stem}.py"
        if not stem.isidentifier():
            inside = re.sub(r"\W", "_", f"_{stem}") + ".py"
        while inside != file and "/".join((*folders, inside)) in taken:
            inside = f"_{inside}"
        taken.add("/".join((*folders, inside)))
        if all(map(str.isidentifier, folders)):
            yield name, "/".join((*folders, inside))


def _nothing_in(path: Path, in_folder: bool, levels: Levels) -> str:
    names = [op for ops in levels.values() for op in ops]
    if in_folder or path.suffix not in (".py", ".ipynb"):
        return f"holds none of the kata's operations; expected modules like kata/{next(iter(levels))}.py"
    return f"defines none of the kata's operations ({', '.join(names[:6])}{', ...' if len(names) > 6 else ''})"
