"""What people hand in is read the same in practice, as PATH and through `check`, and what is due is said of it."""

import re

import pytest

from tests.harness.submissions import limits
from tests.meta.handed_in import (
    CHECK,
    HandedIn,
    archives,
    calling,
    defining,
    encodings,
    foreign,
    importing,
    layouts,
    nearly,
    notebooks,
)
from tests.meta.handed_in.ways import said

KINDS = (encodings, defining, nearly, foreign, importing, calling, layouts, archives, notebooks)
ROWS = [pytest.param(row, id=row.name) for kind in KINDS for row in kind.ROWS]
SECONDS = 1.0  # for a call and for an import: what never ends takes no longer


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    for limit in ("CALL_SECONDS", "IMPORT_SECONDS"):
        monkeypatch.setattr(limits, limit, SECONDS)


@pytest.mark.parametrize("row", ROWS)
def test_what_is_handed_in_is_read_the_same_everywhere(row, tmp_path):
    """Every way of grading a row has the same statuses, and says the row's lines and notes."""
    heard = {way: said(row, way, tmp_path / way) for way in row.ways}
    wrong = []
    for way, told in heard.items():
        for op in row.says:
            _, line = told.ops.get(op, ("", f"nothing; {told.notes}"))
            if line != due(row, op, way):
                wrong.append(f"{way}, {op}: {line or 'pass'}")
                wrong.append(f"    but should be: {due(row, op, way) or 'pass'}")
        if way != CHECK and told.notes != row.notes:
            wrong.append(f"{way}: notes {told.notes}, but should be {row.notes}")
    statuses = {op: {way: told.ops.get(op, ("",))[0] for way, told in heard.items()} for op in row.says}
    wrong += [f"{op}: {ways}" for op, ways in statuses.items() if len(set(ways.values())) > 1]
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


def due(row: HandedIn, op: str, way: str) -> str:
    """The status and the line; a function that was given to `check` has no file to be named."""
    line = row.says[op]
    return re.sub(r"^(\w+) [^:]*\.py, line \d+: ", r"\1 ", line) if way == CHECK else line


def test_the_table_is_long_and_names_are_unique():
    """There are at least 120 rows, and a row can be run by its name."""
    names = [row.name for kind in KINDS for row in kind.ROWS]
    assert len(names) >= 120
    assert len(set(names)) == len(names)
