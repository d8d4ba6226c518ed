"""The process that reads what was handed in (folder, .py, notebook, archive), and hands back names and bytes of its modules.

Started as `python -I -S -B unpacking.py PATH`, with limits on memory and time, and none but the standard library. It says
on stdout what parcel.py lays down. Only modules are taken: regular .py files and notebooks, capped in number and size.
Everything else (conftest.py, tests, settings, data) is left where it is. Nothing is parsed as Python or run. Its records are
named tuples, because the import of dataclasses would take a third of its start.
"""

import contextlib
import itertools
import os
import resource
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[3]))  # after the standard library

from tests.harness.submissions import formats, parcel
from tests.harness.submissions.parcel import SHOWN, UnusableSubmission
from tests.harness.worker.printable import printable

LIMITS = {
    resource.RLIMIT_AS: 512 * 2**20,  # bytes
    resource.RLIMIT_CPU: 10,  # seconds; the largest that is taken needs one
    resource.RLIMIT_FSIZE: 0,  # of any file: it has nothing to write
    resource.RLIMIT_NOFILE: 16,
    resource.RLIMIT_NPROC: 0,
    resource.RLIMIT_CORE: 1,  # no core file, and at 1, unlike 0, no program that the system pipes it to
}
"""Resource -> the most of it that this process can have."""

Modules = Iterator[tuple[str, bytes]]
_DEEPEST = 100  # folders in one another; projects have 20


def main() -> None:
    """Say what is in the parcel, or why it cannot be taken."""
    for kind, most in LIMITS.items():
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ValueError, OSError):  # some systems lack one
            # At a hard limit of time comes SIGKILL, at a soft one a signal that says what happened.
            resource.setrlimit(kind, (most, hard if kind == resource.RLIMIT_CPU else most))
    notes: list[str] = []
    try:
        for name, content in modules(Path(sys.argv[1]), notes):
            _say(parcel.MODULE, name.encode(errors="surrogateescape"), content)
        more = len(notes) - parcel.MOST_NOTES + 1
        for note in notes if more <= 1 else [*notes[:-more], f"{more} more such lines"]:
            _say(parcel.NOTE, b"", _line(note))
        _say(parcel.END)
    except UnusableSubmission as unusable:
        _say(parcel.REFUSAL, b"", _line(str(unusable)))
    sys.stdout.buffer.flush()


def modules(path: Path, notes: list[str]) -> Modules:
    """The modules in what is at `path`: names in it, and contents. Raises UnusableSubmission, whatever happens.

    Lines about what is left out are added to the notes.
    """
    total, number = 0, 0
    try:
        for name, content in _named_once(_read(path, notes), notes):
            number, total = number + 1, total + len(content)
            parcel.refuse_many(number, total)
            yield name, content
        if not number and notes:
            raise UnusableSubmission(f"has nothing that can be graded; {notes[0]}")
    except UnusableSubmission:
        raise
    except MemoryError:
        raise UnusableSubmission(
            f"takes more than {LIMITS[resource.RLIMIT_AS] // 2**20} MiB of memory to read"
        ) from None
    except Exception as error:
        raise UnusableSubmission(f"cannot be read ({_named(error)})") from None


def _say(kind: bytes, name: bytes = b"", content: bytes = b"") -> None:
    sys.stdout.buffer.write(parcel.PREFIX.pack(kind, len(name), len(content)))
    sys.stdout.buffer.write(name)
    sys.stdout.buffer.write(content)


def _line(text: str) -> bytes:
    return printable(text, parcel.LONGEST_LINE).encode()[: parcel.LONGEST_LINE]


def _named_once(found: Iterator[tuple[str, bytes, bool]], notes: list[str]) -> Modules:
    """Of several modules of one name the last one counts, and each handed in before all that a notebook writes."""
    named: set[str] = set()
    written: dict[str, bytes] = {}
    for name, content, is_written in found:
        if name in (written if is_written else named):
            notes.append(f"{printable(name, SHOWN)}: is there more than once; the last one counts")
        if is_written:
            written[name] = content
        else:
            named.add(name)
            yield name, content
    for name, content in written.items():
        if name in named:
            notes.append(f"{printable(name, SHOWN)}: is there, and a notebook writes it too; the file counts")
        else:
            yield name, content


def _read(path: Path, notes: list[str]) -> Iterator[tuple[str, bytes, bool]]:
    """Names and contents of modules, of those in notebooks too, and whether a notebook's cell writes it."""
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        raise UnusableSubmission(f"no such file or folder; give kata, solutions, or {parcel.KINDS}") from None
    if not is_folder:
        head = _content(path, path.name, formats.HEAD, is_head=True)
        formats.refuse_disguised(path.name, head)
        if parcel.is_source(path.name):
            yield from _translated(path.name, _content(path, path.name, parcel.largest(path.name)), notes)
            return
    in_notebooks = 0
    for name, content in _in_folder(path, notes) if is_folder else _in_archive(path, notes):
        in_notebooks += len(content) if parcel.is_notebook(name) else 0
        if in_notebooks > parcel.MOST_IN_NOTEBOOKS:
            raise UnusableSubmission(
                f"has notebooks of more than {parcel.MOST_IN_NOTEBOOKS} bytes; clear their outputs"
            )
        try:
            yield from _translated(name, content, notes)
        except UnusableSubmission as unusable:
            notes.append(f"{printable(name, SHOWN)}: {unusable}")


def _translated(name: str, content: bytes, notes: list[str]) -> Iterator[tuple[str, bytes, bool]]:
    """A module as it is, or those of a notebook."""
    formats.refuse_disguised(name, content[: formats.HEAD])
    if not parcel.is_notebook(name):
        yield name, content, False
        return
    from tests.harness.submissions import notebooks

    notebook = notebooks.read(name, content)
    notes += notebook.notes
    for module, text in notebook.modules.items():
        yield module, text, module != name


def _in_folder(root: Path, notes: list[str]) -> Modules:
    """Folders one by one, sorted, and not through links. What cannot be listed is passed over, but for the first."""
    visited, waiting = 0, [("", 0)]
    environments: set[str] = set()
    while waiting:
        folder, depth = waiting.pop()
        try:
            with os.scandir(root / folder) as entries:
                found = sorted(itertools.islice(entries, parcel.MOST_ENTRIES + 1 - visited), key=lambda e: e.name)
        except OSError:
            if not folder:
                raise
            continue
        visited += len(found)
        if visited > parcel.MOST_ENTRIES:
            raise UnusableSubmission(
                f"holds more than {parcel.MOST_ENTRIES} files; give the folder that has the answers"
            )
        if depth > _DEEPEST:
            raise UnusableSubmission(
                f"has more than {_DEEPEST} folders in one another; give the folder that has the answers"
            )
        if any(entry.name == parcel.ENVIRONMENT for entry in found):
            environments = {folder}
        deeper = []
        for entry in found:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                is_left_out = parcel.is_left_out(entry.name) or parcel.is_installed(f"{name}/", environments)
                deeper += [] if is_left_out else [(name, depth + 1)]
            elif not parcel.is_source(name):
                notes += filter(None, [parcel.overlooked(name)])
            # Some programs that unpack on other systems leave `kata\\x.py` as the name of a file.
            elif parcel.is_module(inside := parcel.inside(name)) and not os.path.isdir(entry.path):
                if entry.is_symlink():
                    raise UnusableSubmission(f"has a link: {printable(name, SHOWN)}; only regular files are taken")
                yield inside, _content(Path(entry.path), name, parcel.largest(name), os.O_NOFOLLOW)
        waiting += reversed(deeper)


def _in_archive(path: Path, notes: list[str]) -> Modules:
    from tests.harness.submissions import archives

    is_zip = path.name.lower().endswith(".zip")
    data = _content(path, path.name, parcel.MOST_BYTES)
    if not data:
        raise UnusableSubmission("is an empty file; pack it again")
    try:
        yield from archives.in_zip(data, notes) if is_zip else archives.in_tar(data, notes)
    except (UnusableSubmission, MemoryError):
        raise
    except Exception as error:  # zipfile raises a dozen kinds
        why = printable(str(error), SHOWN) or type(error).__name__
        raise UnusableSubmission(
            f"is not a {'zip' if is_zip else 'tar'} archive that can be read ({why}); pack it again"
        ) from None


def _content(path: Path, shown: str, most: int, flags: int = 0, *, is_head: bool = False) -> bytes:
    """The content of a regular file, or its head; the file that the user names may be reached through links."""
    shown = printable(shown, SHOWN)
    try:
        # Or a FIFO would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | flags)
        with open(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UnusableSubmission(f"{shown} is not a regular file")
            content = stream.read(most if is_head else most + 1)
    except OSError as error:
        raise UnusableSubmission(f"{shown} cannot be read ({error.strerror or printable(str(error), SHOWN)})") from None
    if len(content) > most:
        raise UnusableSubmission(f"{shown} has more than {most} bytes")
    return content


def _named(error: Exception) -> str:
    """An exception in a few words."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}: {printable(str(error), SHOWN)}" if str(error) else type(error).__name__


if __name__ == "__main__":
    main()
