"""The submissions as a folder that Dolos reads: a source file each, and `info.csv` with their names. https://dolos.ugent.be"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TextIO

import pytest

from tests.harness.season.job import Handed
from tests.harness.season.table import safe

_COLUMNS = ("filename", "full_name", "id", "label")


def refuse(folder: str) -> None:
    """Raise UsageError where nothing can be exported to this folder."""
    path = Path(folder)
    if not path.parent.is_dir() or (path.exists() and (not path.is_dir() or any(path.iterdir()))):
        raise pytest.UsageError(f"--export={folder}: should be a new or an empty folder, in one that is there")


class Export:
    """Writes each submission as it is read: its modules one below the other, as one file."""

    def __init__(self, folder: str):
        self._folder = Path(folder)
        self._folder.mkdir(exist_ok=True)
        self._number = 0
        self._file: TextIO = open(self._folder / "info.csv", "w", newline="", encoding="utf-8")  # noqa: SIM115 (closed by close)
        self._info = csv.writer(self._file)
        self._info.writerow(_COLUMNS)

    def take(self, handed: Handed) -> None:
        """Write this one; one that could not be read has nothing to compare."""
        if not handed.parcel.modules:
            return
        self._number += 1
        short = re.sub(r"[^A-Za-z0-9-]+", "-", Path(handed.name).stem).strip("-")[:40] or "submission"
        name = f"{self._number:04}-{short}.py"
        parts = [
            f"# {ascii(module)[1:-1]}\n{source.decode(errors='replace')}"
            for module, source in sorted(handed.parcel.modules.items())
        ]
        (self._folder / name).write_text("\n\n".join(parts), encoding="utf-8")
        self._info.writerow([name, safe(Path(handed.name).name), self._number, ""])

    def close(self) -> None:
        self._file.close()
