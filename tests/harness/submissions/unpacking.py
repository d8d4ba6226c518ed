"""The process that reads what was handed in (folder, .py, notebook, archive), and hands back names and bytes of its modules.

Started as `python -I -S -B unpacking.py PATH`, with limits on memory and time, and none but the standard library. It says
on stdout what parcel.py lays down. Only modules are taken: regular .py files with plain names, capped in number and size.
Everything else (conftest.py, tests, settings, data) is left where it is. Nothing is parsed as Python or run.
"""

import contextlib
import itertools
import json
import os
import re
import resource
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[3]))  # after the standard library

from tests.harness.submissions import parcel
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
    end = (parcel.END, b"", b"")
    try:
        for name, content in modules(Path(sys.argv[1])):
            _say(parcel.MODULE, name.encode(errors="surrogateescape"), content)
    except UnusableSubmission as unusable:
        end = (parcel.REFUSAL, b"", printable(str(unusable), parcel.LONGEST_REFUSAL).encode()[: parcel.LONGEST_REFUSAL])
    _say(*end)
    sys.stdout.buffer.flush()


def modules(path: Path) -> Modules:
    """The modules in what is at `path`: names in it, and contents. Raises UnusableSubmission, whatever happens."""
    total = 0
    try:
        for number, (name, content) in enumerate(_reader(path)(path), 1):
            total += len(content)
            parcel.refuse_many(number, total)
            yield name, content.removeprefix(b"\xef\xbb\xbf")
    except UnusableSubmission:
        raise
    except MemoryError:
        raise UnusableSubmission(
            f"takes more than {LIMITS[resource.RLIMIT_AS] // 2**20} MiB of memory to read"
        ) from None
    except Exception as error:
        raise UnusableSubmission(f"cannot be read ({_named(error)})") from None


def _say(kind: bytes, name: bytes, content: bytes) -> None:
    sys.stdout.buffer.write(parcel.PREFIX.pack(kind, len(name), len(content)))
    sys.stdout.buffer.write(name)
    sys.stdout.buffer.write(content)


def _reader(path: Path) -> Callable[[Path], Modules]:
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            return _in_folder
    except (FileNotFoundError, NotADirectoryError):
        raise UnusableSubmission(f"no such file or folder; give kata, solutions, or {parcel.KINDS}") from None
    name = path.name.lower()
    endings = {".py": _in_file, ".ipynb": _in_notebook, ".zip": _in_zip, ".tar.gz": _in_tar, ".tgz": _in_tar}
    reader = next((reader for ending, reader in endings.items() if name.endswith(ending)), None)
    if reader is None:
        raise UnusableSubmission(f"is none of these: {parcel.KINDS}")
    return reader


def _in_file(path: Path) -> Modules:
    yield path.name, _content(path, path.name, parcel.LARGEST_MODULE)


def _in_folder(root: Path) -> Modules:
    """Folders one by one, sorted, and not through links. What cannot be listed is passed over, but for the first."""
    visited, waiting = 0, [("", 0)]
    while waiting:
        inside, depth = waiting.pop()
        try:
            with os.scandir(root / inside) as entries:
                found = sorted(itertools.islice(entries, parcel.MOST_ENTRIES + 1 - visited), key=lambda e: e.name)
        except OSError:
            if not inside:
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
        deeper = []
        for entry in found:
            name = f"{inside}/{entry.name}" if inside else entry.name
            if entry.is_dir(follow_symlinks=False):
                deeper += [] if parcel.is_left_out(entry.name) else [(name, depth + 1)]
            elif parcel.is_module(name) and not os.path.isdir(entry.path):
                if entry.is_symlink():
                    raise UnusableSubmission(f"has a link: {printable(name, SHOWN)}; only regular files are taken")
                yield name, _content(Path(entry.path), name, parcel.LARGEST_MODULE, os.O_NOFOLLOW)
        waiting += reversed(deeper)


def _in_notebook(path: Path) -> Modules:
    """The code cells one after another. Lines and cells for IPython (%, !, ?) are left out."""
    try:
        notebook = json.loads(_content(path, path.name, parcel.MOST_BYTES))
        cells = [*notebook.get("cells", ()), *(c for sheet in notebook.get("worksheets", ()) for c in sheet["cells"])]
        sources = [c.get("source", c.get("input", "")) for c in cells if c["cell_type"] == "code"]
        texts = ["".join(source) for source in sources]
        code = "\n\n".join(_without_magic(text) for text in texts if not text.lstrip().startswith("%%"))
        content = code.encode()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UnusableSubmission(f"is not a notebook that can be read ({_named(error)})") from None
    if len(content) > parcel.LARGEST_MODULE:
        raise UnusableSubmission(f"has more than {parcel.LARGEST_MODULE} bytes of code")
    yield f"{path.stem}.py", content


def _without_magic(cell: str) -> str:
    # `pass`, so that a block keeps a body.
    return re.sub(r"^([ \t]*)[%!?].*$", r"\1pass", cell, flags=re.MULTILINE)


def _in_zip(path: Path) -> Modules:
    return _in_archive(path, "zip")


def _in_tar(path: Path) -> Modules:
    return _in_archive(path, ".tar.gz")


def _in_archive(path: Path, kind: str) -> Modules:
    from tests.harness.submissions import archives

    data = _content(path, path.name, parcel.MOST_BYTES)
    try:
        yield from archives.in_zip(data) if kind == "zip" else archives.in_tar(data)
    except (UnusableSubmission, MemoryError):
        raise
    except Exception as error:  # zipfile raises a dozen kinds
        why = printable(str(error), SHOWN) or type(error).__name__
        raise UnusableSubmission(f"is not a {kind} archive that can be read ({why})") from None


def _content(path: Path, shown: str, most: int, flags: int = 0) -> bytes:
    """The content of a regular file; the file that the user names may be reached through links."""
    shown = printable(shown, SHOWN)
    try:
        # Or a FIFO would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | flags)
        with open(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UnusableSubmission(f"{shown} is not a regular file")
            content = stream.read(most + 1)
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
