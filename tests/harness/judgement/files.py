"""Files in the user's cache directory: found whole or not at all, and never too many. What goes wrong costs only time.

It knows nothing of what is in them, and imports no NumPy.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

MOST = 1 << 27  # bytes of all files together; those that were read last stay
ENDING = ".answers"
_DIGEST = 32  # bytes


def folder() -> Path:
    """Where the files are: in KATA_DATA, or in the user's cache directory."""
    if os.environ.get("KATA_DATA"):
        return Path(os.environ["KATA_DATA"]) / "answers"
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("backprop-kata", appauthor=False)) / "answers"


def forget() -> int:
    """Delete them; how many there were."""
    gone = 0
    for file in _files():
        with contextlib.suppress(OSError):
            file.unlink()
            gone += 1
    with contextlib.suppress(OSError):
        folder().rmdir()
    return gone


def read(file: Path) -> bytes:
    """What was written to it. Raises OSError where there is none, ValueError where it is anything else."""
    content = file.read_bytes()
    digest, content = content[:_DIGEST], content[_DIGEST:]
    if digest != _digest(content, file.name):
        raise ValueError(f"{file}: is not what was written")
    with contextlib.suppress(OSError):  # where nothing can be written, nothing is deleted either
        os.utime(file)
    return content


def write(file: Path, content: bytes) -> bool:
    """Write it whole, or not at all; whether it was."""
    temporary = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.")
        with open(handle, "wb") as stream:
            stream.write(_digest(content, file.name) + content)
        os.replace(temporary, file)
    except OSError:
        with contextlib.suppress(OSError, TypeError):
            os.unlink(temporary)
        return False
    return True


def sweep() -> None:
    """Delete what was read least lately, where there is too much."""
    with contextlib.suppress(OSError):
        left = MOST
        for file in sorted(_files(), key=moment, reverse=True):
            left -= file.stat().st_size
            if left < 0:
                file.unlink()


def moment(file: Path) -> int:
    """When it was written or read last; 0 where there is none."""
    with contextlib.suppress(OSError):
        return file.stat().st_mtime_ns
    return 0


def _files() -> list[Path]:
    """All of them, also what was not written to its end."""
    return list(folder().glob(f"*{ENDING}*"))


def _digest(content: bytes, name: str) -> bytes:
    return hashlib.blake2b(name.encode() + b"\0" + content, digest_size=_DIGEST).digest()
