"""Every way of spoiling a solution is caught, and every odd way of being right passes; so with changes of single expressions.

The tables are spoilers.py and rules.py. A row that fails names all the operations for which it does.
"""

import ast

import numpy as np
import pytest

from tests.harness.planting.rewriting import mutants, places
from tests.meta import wide_examples
from tests.meta.fates import SURVIVING, chosen, tried_out
from tests.meta.reviewed import REVIEWED
from tests.meta.rules import EMPTY, INSERTIONS, RULES
from tests.meta.share import share
from tests.meta.spoilers import FUNCTIONS, HARMLESS, SPOILERS, Spoiler, told
from tests.meta.suspects import caught_by_layout, caught_in_public, solution
from tests.meta.wide_examples import is_equal, standing
from tests.specs import LEVELS

EVERY = 80  # of the changes of one expression, one in so many is tried
PARTS = 8  # in which they are tried, so that several processes can share them


def _name(row: Spoiler) -> str:
    return row.name


@pytest.mark.parametrize("row", SPOILERS, ids=_name)
def test_what_is_spoilt_is_caught(row):
    """Each solution, spoilt in this way, fails the public run, or the hidden property that the row names."""
    ops = share(row.ops, 64, first=SPOILERS.index(row))
    unseen = [op for op in ops if not told(row, op)]
    assert not unseen, (
        f"{row.name}: {row.by} does not see it, nor any public property, in {len(unseen)} of {len(ops)} operations: "
        f"{', '.join(unseen)}; draw other examples or ask more, or give the row the reason why it cannot be told"
    )


@pytest.mark.parametrize("row", share([row for row in SPOILERS if row.but], 4), ids=_name)
def test_an_exception_is_one(row):
    """Where a row says that it cannot be told, it is not."""
    seen = {op: how for op in row.but if (how := told(row, op))}
    assert not seen, f"{row.name}: it is told all the same; delete the exception: {seen}"


@pytest.mark.parametrize("row", HARMLESS, ids=_name)
def test_what_is_odd_but_right_passes(row):
    """Each solution with odd but right answers passes the public properties and `layout`."""
    refused = {}
    for op in share(FUNCTIONS, 64, first=HARMLESS.index(row)):
        how = caught_in_public(op, row.spoil(solution(op))) or caught_by_layout(op, row.spoil(solution(op)), times=1)
        if how:
            refused[op] = how
    assert not refused, f"{row.name}: it is right, but refused for {len(refused)} operations: {refused}"


@pytest.fixture
def fewer_examples(monkeypatch):
    """Whether a change is one is looked at on a tenth of the wide examples."""
    monkeypatch.setattr(wide_examples, "MANY", wide_examples.MANY // 10)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_changed_expression_is_caught_or_reviewed(part, fewer_examples):
    """Of the changes of single expressions, at most one in eighty is tried: it is caught, makes no difference, is well within the tolerance, or has been reviewed.

    `python -m tests.meta.mutation` tries all.
    """
    found = [tried_out(change) for change in share(chosen(every=EVERY)[part::PARTS], 64, first=part)]
    new = [f for f in found if f.fate in SURVIVING and f.line not in REVIEWED]
    assert not new, "no run catches these; draw other examples or judge more strictly, or review them: " + "; ".join(
        f"{f.name} ({f.fate}: {f.why}), that is {f.line!r}" for f in new
    )


def test_reviewed_changes_exist():
    """What has been reviewed is a change that there is."""
    ops = {row.partition(":")[0] for row in REVIEWED}
    there = {change.line for op in ops for change in chosen(op=op)}
    assert not REVIEWED.keys() - there, f"there are no such changes; delete them: {REVIEWED.keys() - there}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_changes_something_everywhere_it_should(rule):
    """A rule applies somewhere; an insertion applies at each expression; each change is Python and another expression."""
    made = [mutant for level in LEVELS for mutant in mutants(level, [rule])]
    assert made
    for mutant in made:
        assert ast.unparse(ast.parse(mutant.new)) != mutant.place.text
    if rule in INSERTIONS:
        assert len(made) == sum(not place.text.startswith(EMPTY) for level in LEVELS for place in places(level))


def test_a_change_is_one_and_leaves_no_trace():
    """A changed module answers differently, its name says where, and the next one is made from the source as it was."""
    change = next(
        m for m in mutants("feedforward", RULES) if "relu" in m.ops and (m.rule.name, m.place.text) == ("np.abs", "gy")
    )
    assert change.named("relu").startswith("relu: line ")
    x = np.array([1.0, -1.0])
    assert (change.function("relu")(x)[1](-x) == [1, 0]).all()
    assert (change.function("affine")(np.eye(2), np.eye(2), np.zeros((1, 2)))[0] == np.eye(2)).all()
    unchanged = next(m for m in mutants("feedforward", RULES) if m.place.within == "affine")
    assert (unchanged.function("relu")(x)[1](-x) == [-1, 0]).all()


def test_what_makes_no_difference_is_told_from_what_does():
    """The solution equals itself up to rounding; what is off by 1e-12 does not, and is within a tenth of the tolerance; by 1e-10, it is not."""

    def off(by):
        return lambda x: (right(x)[0] * (1 + by), right(x)[1])

    right = solution("tanh")
    assert is_equal("tanh", off(1e-16))
    assert not is_equal("tanh", off(1e-12))
    assert standing("tanh", off(1e-12)) == ("within", "")
    assert standing("tanh", off(5e-10))[0] == "accepted"
    assert standing("tanh", lambda x: (np.where(abs(x) > 5, np.sign(x), right(x)[0]), right(x)[1]))[0] == "unseen"
