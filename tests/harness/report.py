"""The verdict as a file for other tools: JSON, written whole or not at all."""

import json
import os
import tempfile
from pathlib import Path

import pytest

from tests.harness.scoreboard import Result, by_operation, score


def refuse_unless_writable(file: str) -> None:
    """Raise UsageError where the report could not be written at the end of the run."""
    path = Path(file)
    if path.suffix != ".json":
        raise pytest.UsageError(f"--report={file}: the name should end in .json")
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise pytest.UsageError(f"--report={file}: {path.parent} is not a folder that can be written to")


def write(file: str, submission: str, seed: int, results: list[Result], seconds: float) -> None:
    """Write the report of one submission. Floats that JSON cannot say are the strings nan, inf and -inf."""
    verdict = {
        "submission": submission,
        "score": score(results),
        "seconds": round(seconds, 3),
        "ops": by_operation(results),
        "failures": [_failure(r) for r in results if r.status in ("fail", "error", "timeout")],
    }
    text = json.dumps({"schema": 1, "seed": seed, "hidden": False, "submissions": [verdict]}, indent=1, allow_nan=False)
    _write_whole(Path(file), text + "\n")


def _failure(result: Result) -> dict:
    return {
        "op": result.op,
        "property": result.property,
        "diagnosis": f"{result.why}; hint: {result.hint}" if result.hint else result.why,
        "example": result.example,
        "yours": result.yours,
        "torch": result.torch,
    }


def _write_whole(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
