"""A file that is written whole or not at all, and of which it is known beforehand that it can be written."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

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
    with written_whole(path, mode) as stream:
        stream.write(content)


@contextlib.contextmanager
def written_whole(path: Path, mode: int = 0o644) -> Iterator[BinaryIO]:
    """What is written to the stream is the file at the end of the block; it stays as it was where the block raises."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "wb") as stream:
            yield stream
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
