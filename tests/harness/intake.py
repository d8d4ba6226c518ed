"""Read what was handed in: a folder, a .py file, a notebook or an archive, as names and bytes of its modules.

Only modules are taken: regular .py files with plain names, capped in number and size. Everything else (conftest.py, tests,
settings, data) is left where it is. Nothing is parsed as Python or run: a source is text, compiled only by the worker.
"""

import gzip
import io
import json
import os
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

KINDS = "a folder, a .py file, an .ipynb notebook, a .zip or a .tar.gz archive"
MOST_MODULES = 500
MOST_BYTES = 20 * 2**20  # of all modules together, and of an archive or a notebook
LARGEST_MODULE = 2**20
_LARGEST_UNPACKED = 100 * 2**20  # of a .tar.gz, which has to be read from its beginning
_STEEPEST = 100  # how many times as large as it was packed: sources come to about 10
_MOST_ENTRIES = 20_000  # files and folders of all kinds
_LEFT_OUT = {"tests", "test", "venv", "env", "site-packages", "node_modules", "build"}  # folders that hold no answers
_PLAIN = re.compile(r"[\w .,()\[\]+=@&!'-]{1,100}")


class Bad(Exception):
    """What was handed in cannot be taken; says why, to be read after its name."""


def modules(path: Path) -> dict[str, bytes]:
    """The modules in what is at `path`, by their names in it. Raises Bad."""
    reader = _reader(path)
    if reader is None:
        raise Bad(f"is none of these: {KINDS}")
    found: dict[str, bytes] = {}
    total = 0
    try:
        for name, content in reader(path):
            found[name] = content.removeprefix(b"\xef\xbb\xbf")
            total += len(content)
            if len(found) > MOST_MODULES or total > MOST_BYTES:
                raise Bad(f"is larger than {MOST_MODULES} modules and {MOST_BYTES} bytes")
    except OSError as error:
        raise Bad(f"cannot be read ({error.strerror or error})") from None
    return found


def clean(text: str, most: int = 80) -> str:
    """The text on one line, without control characters, cut to `most`."""
    return "".join(c if c.isprintable() else "?" for c in text[:most])


def _reader(path: Path):
    if path.is_dir():
        return _in_folder
    name = path.name.lower()
    endings = {".py": _in_file, ".ipynb": _in_notebook, ".zip": _in_zip, ".tar.gz": _in_tar, ".tgz": _in_tar}
    return next((reader for ending, reader in endings.items() if name.endswith(ending)), None)


def _in_file(path: Path) -> Iterator[tuple[str, bytes]]:
    yield path.name, _content(path, path.name, LARGEST_MODULE)


def _in_folder(root: Path) -> Iterator[tuple[str, bytes]]:
    visited = 0
    for folder, inner, files in os.walk(root):  # which does not follow links
        visited += len(inner) + len(files)
        if visited > _MOST_ENTRIES:
            raise Bad(f"holds more than {_MOST_ENTRIES} files; give the folder that has the answers")
        inner[:] = sorted(name for name in inner if not _is_left_out(name))
        for name in sorted(files):
            shown = Path(folder, name).relative_to(root).as_posix()
            if _is_module(shown):
                if os.path.islink(os.path.join(folder, name)):
                    raise Bad(f"has a link: {clean(shown)}; only regular files are taken")
                yield shown, _content(Path(folder, name), shown, LARGEST_MODULE)


def _in_notebook(path: Path) -> Iterator[tuple[str, bytes]]:
    """The code cells one after another. Lines and cells for IPython (%, !, ?) are left out."""
    try:
        notebook = json.loads(_content(path, path.name, MOST_BYTES))
        cells = [*notebook.get("cells", ()), *(c for sheet in notebook.get("worksheets", ()) for c in sheet["cells"])]
        sources = [c.get("source", c.get("input", "")) for c in cells if c["cell_type"] == "code"]
        texts = ["".join(source) for source in sources]
        code = "\n\n".join(_without_magic(text) for text in texts if not text.lstrip().startswith("%%"))
        content = code.encode()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Bad(f"is not a notebook that can be read ({type(error).__name__}: {clean(str(error))})") from None
    if len(content) > LARGEST_MODULE:
        raise Bad(f"has more than {LARGEST_MODULE} bytes of code")
    yield f"{path.stem}.py", content


def _without_magic(cell: str) -> str:
    # `pass`, so that a block keeps a body.
    return re.sub(r"^([ \t]*)[%!?].*$", r"\1pass", cell, flags=re.MULTILINE)


def _in_zip(path: Path) -> Iterator[tuple[str, bytes]]:
    data = _content(path, path.name, MOST_BYTES)
    # Counted before the directory is read, which takes a while for a million entries.
    if data.count(b"PK\x01\x02") > _MOST_ENTRIES:
        raise Bad(f"has more than {_MOST_ENTRIES} entries")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                mode = entry.external_attr >> 16
                if not _is_taken(entry.filename, is_plain=stat.S_IFMT(mode) in (0, stat.S_IFREG, stat.S_IFDIR)):
                    continue
                if entry.is_dir():
                    continue
                if entry.flag_bits & 1:
                    raise Bad(f"is encrypted: {clean(entry.filename)}")
                _refuse_large(entry.filename, entry.file_size, entry.compress_size)
                with archive.open(entry) as stream:
                    content = stream.read(LARGEST_MODULE + 1)
                _refuse_large(entry.filename, len(content), entry.compress_size)
                yield entry.filename, content
    except Bad:
        raise
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError, RuntimeError) as error:
        raise Bad(f"is not a zip archive that can be read ({clean(str(error))})") from None


def _in_tar(path: Path) -> Iterator[tuple[str, bytes]]:
    data = _content(path, path.name, MOST_BYTES)
    try:
        # As a stream: it cannot be sent backwards, in a circle.
        with (
            gzip.open(io.BytesIO(data)) as plain,
            tarfile.open(fileobj=_Capped(plain, len(data)), mode="r|") as archive,
        ):
            for number, entry in enumerate(archive):
                if number > _MOST_ENTRIES:
                    raise Bad(f"has more than {_MOST_ENTRIES} entries")
                if _is_taken(entry.name, is_plain=entry.isreg() or entry.isdir()) and entry.isreg():
                    _refuse_large(entry.name, entry.size, entry.size)
                    yield entry.name, archive.extractfile(entry).read()
    except Bad:
        raise
    except Exception as error:  # tarfile raises a dozen kinds
        raise Bad(f"is not a .tar.gz archive that can be read ({clean(str(error)) or type(error).__name__})") from None


class _Capped:
    """A stream that refuses to become too large, in itself or for what it is packed in."""

    def __init__(self, stream, packed: int):
        self._stream, self._left = stream, min(_LARGEST_UNPACKED, max(2**20, _STEEPEST * packed))

    def read(self, size: int) -> bytes:
        data = self._stream.read(min(size, self._left + 1))
        self._left -= len(data)
        if self._left < 0:
            raise Bad("unpacks to far more than it should: a bomb?")
        return data


def _content(path: Path, shown: str, most: int) -> bytes:
    """The content of a regular file; the file that the user names may be reached through links."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # or a FIFO would wait for its writer
    with open(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Bad(f"{clean(shown)} is not a regular file")
        content = stream.read(most + 1)
    if len(content) > most:
        raise Bad(f"{clean(shown)} has more than {most} bytes")
    return content


def _refuse_large(name: str, size: int, packed: int) -> None:
    if size > LARGEST_MODULE:
        raise Bad(f"{clean(name)} has more than {LARGEST_MODULE} bytes")
    if size > 2**16 and size > _STEEPEST * packed:
        raise Bad(f"{clean(name)} unpacks to {size} bytes from {packed}: a bomb?")


def _is_taken(name: str, *, is_plain: bool) -> bool:
    """Whether an archive's entry is a module. Raises Bad for one that would land elsewhere, or is no regular file."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or re.match(r"\w:", name) or "\0" in name:
        raise Bad(f"has an entry that points outside: {clean(name)}")
    if not _is_module(name):
        return False
    if not is_plain:
        raise Bad(f"has a link or a device: {clean(name)}; only regular files are taken")
    return True


def _is_module(name: str) -> bool:
    """Whether this is the name of a module that is wanted. Raises Bad for a module of an odd name."""
    path = PurePosixPath(name)
    if path.suffix != ".py" or path.name == "conftest.py" or any(map(_is_left_out, path.parts)):
        return False
    if len(path.parts) > 10 or not all(map(_PLAIN.fullmatch, path.parts)):
        raise Bad(f"has a module with an odd name: {clean(name)}")
    return True


def _is_left_out(name: str) -> bool:
    return name.startswith((".", "__MACOSX", "__pycache__")) or name in _LEFT_OUT
