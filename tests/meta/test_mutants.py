"""The harness tells wrong from right, and says how wrong: every mutant is caught by its property and named."""

import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from tests import test_ops
from tests.harness.judgement.examiner import Examiner
from tests.harness.judgement.verdict import Verdict
from tests.harness.rows.catalogue import operations
from tests.harness.rows.memory import Memory
from tests.harness.rows.names import names_by_level
from tests.harness.submissions.here import Here
from tests.harness.submissions.submissions import resolve
from tests.hidden import test_hidden
from tests.meta.claims import contradiction
from tests.meta.late import diagnose
from tests.meta.share import NAMED, SEEDS, share
from tests.mutants import Alternative, Mutant
from tests.specs import LEVELS

MEMORY = Memory()  # what torch says of the examples of an operation is the same for all that is tried of it
FURTHER = 100 if len(SEEDS) >= 10 else 20  # examples that a claim is tried on
UNSEEN = 1  # their seed: the diagnosis asks those of seed 0
PUBLIC = [test_ops.test_forward, test_ops.test_gradient, test_ops.test_pure, test_ops.test_stable]
PROPERTIES = [test.property for test in (*PUBLIC, test_hidden.test_layout)]
ALONE = replace(test_hidden.test_fast.property, after=())  # `fast`, without what it comes after
OPERATIONS = {op.name: op for ops in operations().values() for op in ops}
TABLES = {level: import_module(f"tests.mutants.{level}") for level in LEVELS}
WRONG = [row for table in TABLES.values() for row in table.WRONG]
RIGHT = [row for table in TABLES.values() for row in table.RIGHT]
SLOW = [row for table in TABLES.values() for row in table.SLOW]
EXPLAINED = frozenset(f"{row.op}: {row.name}" for row in share(WRONG, 90, 45))  # the others are only caught


def _id(row: Mutant | Alternative) -> str:
    return f"{row.op}: {row.name}"


def _solutions() -> Here:
    return resolve("solutions", Path(__file__).parents[2], names_by_level)


def _first_failure(row: Mutant | Alternative, seed: int, **how: object) -> Verdict | None:
    """The verdict on the first property that does not hold, in the order of scoring."""
    examiner = Examiner(Here(row.name, row.lookup), seed, reference=_solutions, memory=MEMORY, **how)
    verdicts = (examiner.verdict(prop, OPERATIONS[row.op]) for prop in PROPERTIES)
    return next((verdict for verdict in verdicts if not verdict.holds), None)


@pytest.fixture(scope="module", params=WRONG, ids=_id)
def caught(request) -> tuple[Mutant, list[Verdict | None]]:
    """A mutant and its first failure for each seed, made once for all tests of it."""
    row = request.param
    # Only a border is looked for from the smallest counterexample; other diagnoses take examples of their own.
    smaller = row.caught_by == "stable"
    explained = NAMED if _id(row) in EXPLAINED else ()
    named = [_first_failure(row, seed, shrink=smaller, explain=diagnose) for seed in explained]
    return row, [*named, *(_first_failure(row, seed, shrink=False) for seed in SEEDS[len(explained) :])]


def test_a_wrong_implementation_is_caught_and_named(caught):
    """A mutant fails the property that its row names, within the public number of examples, and gets the row's diagnosis.

    Where the row has none, nothing is claimed. It is caught for every seed, and named for those of NAMED, if it is among EXPLAINED.
    """
    row, failures = caught
    for seed, found in zip(SEEDS, failures, strict=True):
        assert found, f"{_id(row)} earns full score, but should fail {row.caught_by} [seed={seed}]"
        seen = f"{found.property}: {found.status}, {found.why}"
        assert found.property == row.caught_by, (
            f"{_id(row)} is caught by {seen}; not by {row.caught_by} [seed={seed}]; "
            "let caught_by be what catches it for every seed"
        )
        assert found.status in ("fail", "error"), f"{_id(row)}: {seen} [seed={seed}]"
        if seed not in NAMED or _id(row) not in EXPLAINED:
            continue
        assert any(words in found.why for words in row.diagnosis.split(" | ")), (
            f"{_id(row)}: {seen}; should say {row.diagnosis!r} [seed={seed}]"
        )
        assert row.diagnosis or not found.diagnosis.found, (
            f"{_id(row)}: {seen}; its row has no diagnosis, so nothing should be claimed [seed={seed}]; "
            "where the words are true for every seed, give the row these as its diagnosis"
        )


def test_no_further_example_contradicts_what_is_claimed(caught):
    """What is claimed of a mutant is what it answers on graded examples that the diagnosis has not asked for."""
    row, (found, *_) = caught
    if _id(row) not in EXPLAINED:
        pytest.skip("it is not among those that are explained without KATA_SEEDS=1")
    if found and found.property in ("forward", "gradient"):
        told = contradiction(found, FURTHER, UNSEEN)
        assert not told, f"{_id(row)}: {told}"


@pytest.mark.parametrize("row", share(RIGHT, 24), ids=_id)
def test_a_right_implementation_earns_full_score(row):
    """An alternative passes every property, whatever it looks like, for every seed."""
    for seed in SEEDS:
        found = _first_failure(row, seed, shrink=False)
        assert not found, f"{_id(row)} is right, but {found.property}: {found.status}, {found.why} [seed={seed}]"


@pytest.mark.parametrize(
    "row",
    [row for row in (*share(RIGHT, 80), *share(SLOW, 40)) if ALONE.name not in OPERATIONS[row.op].unasked],
    ids=_id,
)
def test_only_what_loops_over_elements_is_slow(row):
    """Every vectorised way of writing an operation passes `fast`; loops, Jacobians and numeric differences fail it for what they cost."""
    for seed in SEEDS[:2]:  # counts hardly depend on the values
        # Some of SLOW are too inexact for what comes before.
        found = Examiner(Here(row.name, row.lookup), seed, reference=_solutions, memory=MEMORY).verdict(
            ALONE, OPERATIONS[row.op]
        )
        seen = f"{_id(row)}: {found.status}, {found.why} [seed={seed}]"
        assert found.status == ("fail" if row.slow else "pass"), seen
        assert not row.slow or re.search("^Python|memory", found.why), seen
