"""The verdict as a file for other tools or for people: JSON or HTML, written whole or not at all."""

from __future__ import annotations

import datetime
import json
import os
import platform
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.harness.display.scoreboard import Result, by_operation, in_order, score
from tests.harness.judgement.points import PUBLIC

if TYPE_CHECKING:
    from tests.harness.plugin.session import Run


UNEXPLAINED = {"example": {}, "yours": None, "torch": None, "picture": None}
NAMED = 8  # verdicts that are missing, in one line; the number of the others


@dataclass(frozen=True)
class Graded:
    """What came of one submission. `trouble`: the grader's own, which may leave the verdict incomplete."""

    submission: str
    results: list[Result]
    trouble: str = ""

    @property
    def missing(self) -> list[Result]:
        """In the places of what should have been judged, and was not."""
        return [r for r in self.results if not r.judged]

    @property
    def incomplete(self) -> str:
        """Which verdicts are missing, in a line; nothing where none is."""
        missing = [f"{r.op} {r.property}" for r in self.missing]
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        return f"no verdict on {', '.join(missing[:NAMED])}{more}" if missing else ""

    @property
    def score(self) -> float:
        return score(self.results)

    @property
    def seconds(self) -> float:
        return round(sum(r.seconds for r in self.results), 3)


def verdicts(submissions: Sequence[str], results: Sequence[Result], trouble: dict[str, str]) -> list[Graded]:
    """One for each submission, in the order given."""
    return [
        Graded(name, in_order(r for r in results if r.submission == name), trouble.get(name, ""))
        for name in submissions
    ]


def refuse_unless_writable(file: str, endings: tuple[str, ...], option: str) -> None:
    """Raise UsageError where the file could not be written at the end of the run."""
    path = Path(file)
    if path.suffix not in endings:
        raise pytest.UsageError(f"{option}={file}: the name should end in {' or '.join(endings)}")
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise pytest.UsageError(f"{option}={file}: {path.parent} is not a folder that can be written to")
    if path.suffix == ".html":
        from tests.harness.display.page import refuse_without_jinja2

        refuse_without_jinja2()


def write(file: str, run: Run, graded: Sequence[Graded]) -> None:
    """Write the report. Raises OSError, and then leaves what was there before."""
    text = _page(run, graded) if Path(file).suffix == ".html" else _json(run, graded)
    write_whole(Path(file), text.encode())


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


def _json(run: Run, graded: Sequence[Graded]) -> str:
    submissions = [
        {
            "submission": verdict.submission,
            "score": verdict.score,
            "seconds": verdict.seconds,
            "ops": _statuses(verdict.results),
            "failures": [_failure(r) for r in verdict.results if r.failed],
            **({"trouble": told} if (told := _trouble(verdict)) else {}),
        }
        for verdict in graded
    ]
    report = {"schema": 1, "seed": run.seed, "hidden": run.hidden, "submissions": submissions}
    if run.sandbox == "process":
        report["sandbox"] = "process"  # not confined: who reads the score should know
    return json.dumps(report, indent=1, allow_nan=False) + "\n"


def _trouble(verdict: Graded) -> str:
    return "; ".join(filter(None, (verdict.trouble, verdict.incomplete)))


def _statuses(results: Sequence[Result]) -> dict[str, dict[str, str]]:
    """Operation -> property -> status, of the properties that a run of this kind has."""
    names = {r.property for r in results}
    table = by_operation(results)
    return {
        op: {p: s for p, s in statuses.items() if (p == "gradient" if op == "compose" else p in names or p in PUBLIC)}
        for op, statuses in table.items()
    }


def _failure(result: Result) -> dict:
    return {
        "op": result.op,
        "property": result.property,
        "diagnosis": f"{result.why}; hint: {result.hint}" if result.hint else result.why,
        "example": result.example,
        "yours": result.yours,
        "torch": result.torch,
    }


def _page(run: Run, graded: Sequence[Graded]) -> str:
    from tests.harness.display.page import render

    about = {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "seed": run.seed,
        "hidden": run.hidden,
        "sandbox": run.sandbox,
        "versions": _versions(),
        "examples": _examples(run),
        "command": run.command,
        "notes": [],
    }
    submissions = [
        {
            "submission": verdict.submission,
            "score": verdict.score,
            "seconds": verdict.seconds,
            "results": [asdict(r) for r in verdict.results],
            "trouble": _trouble(verdict),
        }
        for verdict in graded
    ]
    try:
        return render(about, submissions)
    except Exception as error:  # the table and the reasons at least
        about["notes"] = [f"The examples cannot be shown ({error!r}); please report this."]
        for submission in submissions:
            submission["results"] = [r | UNEXPLAINED for r in submission["results"]]
        return render(about, submissions)


def _examples(run: Run) -> dict[str, int]:
    """Property -> how many examples were drawn for it."""
    from tests import test_ops

    tests = dict(vars(test_ops))
    if run.hidden:
        from tests.hidden import test_hidden

        tests |= vars(test_hidden)
    properties = [
        test.property for name, test in tests.items() if name.startswith("test_") and hasattr(test, "property")
    ]
    examples = {p.name: p.examples * run.times for p in properties if not p.once}
    for test in tests.values():
        if hasattr(test, "chained"):
            examples["compose"] = test.chained.examples
    return examples


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in ("numpy", "torch", "hypothesis", "pytest"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found
