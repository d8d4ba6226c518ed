"""A file that is written whole or not at all, and of which it is known beforehand that it can be written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest


def refuse_unless_writable(file: str, endings: tuple[str, ...], option: str) -> None:
    """Raise UsageError where the file could not be written at the end of the run."""
    path = Path(file)
    if path.suffix not in endings:
        raise pytest.UsageError(f"{option}={file}: the name should end in {' or '.join(endings)}")
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise pytest.UsageError(f"{option}={file}: {path.parent} is not a folder that can be written to")
    if path.suffix == ".html":
        from tests.harness.display.markup import refuse_without_jinja2

        refuse_without_jinja2()


def write_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write the file, or leave it as it was."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "wb") as stream:
            stream.write(content)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
