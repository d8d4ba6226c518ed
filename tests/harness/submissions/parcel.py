"""What is taken of what was handed in: how much of it, under which names. It opens nothing.

Standard library only: the process that reads (unpacking.py) keeps to it, and the grader (intake.py) holds that process to it.
"""

import re
import struct

from tests.harness.worker.printable import printable

KINDS = "a folder, a .py file, an .ipynb notebook, a .zip or a .tar.gz archive"
MOST_MODULES = 500
MOST_BYTES = 20 * 2**20  # of all modules together, and of an archive or a notebook
MOST_ENTRIES = 20_000  # files and folders of all kinds
LARGEST_MODULE = 2**20
STEEPEST = 100  # how many times as large as it was packed: sources come to about 10
LONGEST_NAME = 4096  # characters with all folders, as file systems have it
DEEPEST = 10  # folders and the module in them

PREFIX = struct.Struct("!cHI")
"""Of what the reading process says: its kind, and how many bytes of name and of content follow."""
MODULE, REFUSAL, END = b"m", b"r", b"e"
LONGEST_REFUSAL = 1000  # bytes
SHOWN = 80  # characters of a name, or of what an exception says, in a message

_LEFT_OUT = {"tests", "test", "venv", "env", "site-packages", "node_modules", "build"}  # folders that hold no answers
_PLAIN = re.compile(r"[\w .,()\[\]+=@&!'-]{1,100}")


class UnusableSubmission(Exception):
    """What was handed in cannot be graded at all; the line says what was seen, expected, and to do. It can be shown.

    Where it is raised here, and by what reads, the line is to be read after the submission's name.
    """

    def __init__(self, line: str):
        super().__init__(printable(line, 2000))


def is_taken(name: str, *, is_plain: bool) -> bool:
    """Whether an archive's entry is a module.

    Raises UnusableSubmission for one that would land elsewhere, or is no regular file.
    """
    if len(name) > LONGEST_NAME:
        raise UnusableSubmission(f"has an entry with an odd name, of {len(name)} characters: {printable(name, SHOWN)}")
    if name.startswith("/") or ".." in name.split("/") or "\\" in name or re.match(r"\w:", name) or "\0" in name:
        raise UnusableSubmission(f"has an entry that points outside: {printable(name, SHOWN)}")
    if not is_module(name):
        return False
    if not is_plain:
        raise UnusableSubmission(f"has a link or a device: {printable(name, SHOWN)}; only regular files are taken")
    return True


def is_module(name: str) -> bool:
    """Whether this is the name of a module that is wanted. Raises UnusableSubmission for a module of an odd name."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not parts or not parts[-1].endswith(".py") or parts[-1] == "conftest.py" or any(map(is_left_out, parts)):
        return False
    if len(parts) > DEEPEST or not all(map(_PLAIN.fullmatch, parts)):
        raise UnusableSubmission(f"has a module with an odd name: {printable(name, SHOWN)}")
    return True


def is_left_out(name: str) -> bool:
    """Whether a file or folder of this name, and all in it, is left where it is."""
    return name.startswith((".", "__MACOSX", "__pycache__")) or name in _LEFT_OUT


def refuse_large(name: str, size: int, packed: int) -> None:
    """Raises UnusableSubmission for a module that is too large, in itself or for what it is packed in."""
    if size > LARGEST_MODULE:
        raise UnusableSubmission(f"{printable(name, SHOWN)} has more than {LARGEST_MODULE} bytes")
    if size > 2**16 and size > STEEPEST * packed:
        raise UnusableSubmission(f"{printable(name, SHOWN)} unpacks to {size} bytes from {packed}: a bomb?")


def refuse_many(modules: int, size: int) -> None:
    """Raises UnusableSubmission for too many modules, or too much in them."""
    if modules > MOST_MODULES or size > MOST_BYTES:
        raise UnusableSubmission(f"is larger than {MOST_MODULES} modules and {MOST_BYTES} bytes")
