"""What people hand in is read the same in practice, as PATH and through `check`, and what is due is said of it."""

import re

import pytest

from tests.harness.submissions import limits
from tests.meta import terminals
from tests.meta.handed_in import (
    CHECK,
    RELU,
    HandedIn,
    archives,
    calling,
    cells,
    defining,
    encoded,
    foreign,
    importing,
    layouts,
    nearly,
    notebooks,
)
from tests.meta.handed_in.ways import said
from tests.meta.runs import grade
from tests.meta.share import share

KINDS = (encoded, defining, nearly, foreign, importing, calling, layouts, archives, notebooks, cells)
ROWS = [pytest.param(row, id=row.name) for kind in KINDS for row in kind.ROWS]
SECONDS = 0.3  # for a call and for an import that never ends


@pytest.mark.parametrize("row", share(ROWS, 20))
def test_what_is_handed_in_is_read_the_same_everywhere(row, tmp_path, monkeypatch):
    """Every way of grading a row has the same statuses, and says the row's lines and notes."""
    if "endless" in f"{row.says} {row.notes}" or "asleep" in f"{row.says}":
        for limit in ("CALL_SECONDS", "IMPORT_SECONDS"):
            monkeypatch.setattr(limits, limit, SECONDS)
    heard = {way: said(row, way, tmp_path / way) for way in row.ways}
    wrong = []
    for way, told in heard.items():
        for op in row.says:
            _, line = told.ops.get(op, ("", f"nothing; {told.notes}"))
            if line != due(row, op, way):
                wrong.append(f"{way}, {row.shares.get(op, op)}: {line or 'pass'}")
                wrong.append(f"    but should be: {due(row, op, way) or 'pass'}")
        if way != CHECK and told.notes != row.notes:
            wrong.append(f"{way}: notes {told.notes}, but should be {row.notes}")
    statuses = {op: {way: told.ops.get(op, ("",))[0] for way, told in heard.items()} for op in row.says}
    wrong += [f"{op}: {ways}" for op, ways in statuses.items() if len(set(ways.values())) > 1]
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


def test_a_run_goes_on_whatever_its_modules_do_at_import(tmp_path):
    """A run of pytest's on kata/ grades what is right, and has a line for each module that ends, stops or cannot be read."""
    folder = tmp_path
    terminals.copy(folder)
    (folder / "kata/feedforward.py").write_text(RELU)
    (folder / "kata/activations.py").write_text("import os\nos._exit(0)\n")
    (folder / "kata/losses.py").write_bytes(RELU.encode("utf-16"))
    (folder / "kata/tensors.py").write_text("exit()\n")
    (folder / "kata/normalization.py").write_text("name = input()\n")
    run = grade("--impl=kata", "-k", "relu or tanh or hinge_loss or reduce_max or dropout", cwd=folder, COLUMNS="200")
    assert run.returncode == 1, run.stdout + run.stderr
    for line in (
        "kata/activations.py, line 2: stops the interpreter at import",
        "kata/losses.py: is UTF-16 text, not UTF-8; save it as UTF-8",
        "kata/tensors.py, line 1: stops the interpreter at import",
        "kata/normalization.py, line 1: EOFError: asks for input; nobody answers while it is graded",
    ):
        assert line in " ".join(run.stdout.split())
    assert re.search(r"relu +pass +pass +pass +pass", run.stdout)


def due(row: HandedIn, op: str, way: str) -> str:
    """The status and the line; a function that was given to `check` has no file to be named."""
    line = row.says[op]
    return re.sub(r"^(\w+) [^:]*\.py, line \d+: ", r"\1 ", line) if way == CHECK else line


def test_the_table_is_long_and_names_are_unique():
    """At least 300 inputs are tried, and each is found by its name."""
    rows = [row for kind in KINDS for row in kind.ROWS]
    names = [name for row in rows for name in (row.shares.values() or [row.name])]
    assert len(names) >= 300
    assert len(set(names)) == len(names)
