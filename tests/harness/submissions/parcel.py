"""What is taken of what was handed in: how much of it, under which names. It opens nothing.

Standard library only: the process that reads (unpacking.py) keeps to it, and the grader (intake.py) holds that process to it.
"""

import errno
import re
import struct

from tests.harness.worker.printable import printable

KINDS = "a folder, a .py file, an .ipynb notebook, a .zip or a .tar.gz archive"
MOST_MODULES = 500
MOST_BYTES = 20 * 2**20  # of all modules together, and of an archive or a notebook
MOST_IN_NOTEBOOKS = 60 * 2**20  # bytes, of all notebooks together; most of them are pictures
MOST_ENTRIES = 20_000  # files and folders of all kinds
LARGEST_MODULE = 2**20
STEEPEST = 100  # how many times as large as it was packed: sources come to about 10
LONGEST_NAME = 4096  # characters with all folders, as file systems have it
LONGEST_PART = 255  # characters of a folder's or a file's name, likewise
DEEPEST = 50  # folders and the module in them

PREFIX = struct.Struct("!cHI")
"""Of what the reading process says: its kind, and how many bytes of name and of content follow."""
MODULE, NOTE, REFUSAL, END = b"m", b"n", b"r", b"e"
LONGEST_LINE = 1000  # bytes, of a refusal or a note
MOST_NOTES = 50
SHOWN = 80  # characters of a name, or of what an exception says, in a message

_LEFT_OUT = {"tests", "test", "venv", "env", "site-packages", "node_modules", "build"}  # folders that hold no answers
ENVIRONMENT = "pyvenv.cfg"
"""The file that makes a folder a virtual environment."""
_IN_ENVIRONMENT = {"bin", "include", "lib", "lib64", "scripts", "share"}  # folders beside it that hold no answers
# Controls, what ends lines or reorders text, and bytes that are no text. Written out, for Pythons know different characters.
_ODD = re.compile(
    "[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_DISGUISED = re.compile(r"(.+\.(?:py|ipynb))\.(?:txt|json)", re.IGNORECASE)


class UnusableSubmission(Exception):
    """What was handed in cannot be graded at all; the line says what was seen, expected, and to do. It can be shown.

    Where it is raised here, and by what reads, the line is to be read after the submission's name.
    """

    def __init__(self, line: str):
        super().__init__(printable(line, 2000))


class CannotTake(UnusableSubmission):
    """It cannot be graded for a reason of this machine's: a full disk, no more processes."""


def is_full(error: Exception) -> bool:
    """Whether an error is this machine's, whatever is handed in: of its disk, memory, processes or open files."""
    return isinstance(error, OSError) and error.errno in _FULL


_FULL = (
    errno.EAGAIN,
    errno.EDQUOT,
    errno.EIO,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
    errno.ENOSPC,
    errno.EROFS,
)


def inside(name: str) -> str:
    """An entry's name, its folders parted by `/` also where it was packed on Windows.

    Raises UnusableSubmission for one that points outside.
    """
    if len(name) > LONGEST_NAME:
        raise UnusableSubmission(f"has an entry with an odd name, of {len(name)} characters: {printable(name, SHOWN)}")
    parts: list[str] = []
    is_outside = re.match(r"[/\\]|[A-Za-z]:", name)
    for part in re.split(r"[/\\]", name):
        if part == ".." and not parts:
            is_outside = True
        elif part == "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    if is_outside:
        raise UnusableSubmission(f"has an entry that points outside: {printable(name, SHOWN)}")
    return "/".join(parts)


def is_taken(name: str, *, is_plain: bool) -> bool:
    """Whether an archive's entry is a module. Raises UnusableSubmission for one of an odd name, or that is no regular file."""
    if not is_module(name):
        return False
    if not is_plain:
        raise UnusableSubmission(f"has a link or a device: {printable(name, SHOWN)}; only regular files are taken")
    return True


def is_module(name: str) -> bool:
    """Whether this is the name of a module, or a notebook, that is wanted. Raises UnusableSubmission for an odd one."""
    parts = name.split("/")
    if not is_source(name) or parts[-1].lower() == "conftest.py" or any(map(is_left_out, parts)):
        return False
    longest = max(map(len, parts))
    odd = _ODD.search(name)
    why = (
        f"{len(parts)} folders deep; hand in the folder that has the answers"
        if len(parts) > DEEPEST
        else f"{longest} characters; shorten it"
        if longest > LONGEST_PART
        else f"a character that has no place in a name, {odd[0].encode('unicode_escape').decode()}; rename it"
        if odd
        else ""
    )
    if why:
        raise UnusableSubmission(f"has a module with an odd name: {printable(name, SHOWN)} ({why})")
    return True


def is_source(name: str) -> bool:
    """Whether this name is a module's or a notebook's."""
    return name.lower().endswith((".py", ".ipynb"))


def is_notebook(name: str) -> bool:
    """Whether this name is a notebook's."""
    return name.lower().endswith(".ipynb")


def is_left_out(name: str) -> bool:
    """Whether a file or folder of this name, and all in it, is left where it is."""
    return name.startswith((".", "__MACOSX", "__pycache__")) or name in _LEFT_OUT


def is_installed(name: str, environments: set[str]) -> bool:
    """Whether a module was installed into one of the virtual environments in these folders."""
    *folders, _ = name.split("/")
    return any(
        folder.lower() in _IN_ENVIRONMENT and "/".join(folders[:at]) in environments
        for at, folder in enumerate(folders)
    )


def overlooked(name: str) -> str:
    """A note about a file that is not taken, though the answers may be in it; else nothing."""
    file = name.rpartition("/")[2]
    if any(map(is_left_out, name.split("/"))):
        return ""
    if file.lower().endswith((".zip", ".tar", ".tar.gz", ".tgz", ".rar", ".7z")):
        return f"{printable(name, SHOWN)}: not read, it is an archive in what was handed in; unpack it there"
    if disguised := _DISGUISED.fullmatch(file):
        return f"{printable(name, SHOWN)}: not read, for its ending; rename it to {printable(disguised[1], SHOWN)}"
    return ""


def refuse_large(name: str, size: int, packed: int) -> None:
    """Raises UnusableSubmission for a module that is too large, in itself or for what it is packed in."""
    if size > largest(name):
        raise UnusableSubmission(f"{printable(name, SHOWN)} has more than {largest(name)} bytes")
    if size > 2**16 and size > STEEPEST * packed and not is_notebook(name):
        raise UnusableSubmission(f"{printable(name, SHOWN)} unpacks to {size} bytes from {packed}: a bomb?")


def largest(name: str) -> int:
    """How many bytes a file of this name may have: a module, or a notebook with its pictures."""
    return MOST_BYTES if is_notebook(name) else LARGEST_MODULE


def refuse_many(modules: int, size: int) -> None:
    """Raises UnusableSubmission for too many modules, or too much in them."""
    if modules > MOST_MODULES or size > MOST_BYTES:
        raise UnusableSubmission(f"is larger than {MOST_MODULES} modules and {MOST_BYTES} bytes")
