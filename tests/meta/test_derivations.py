"""The derivations are true: every formula of a solution's docstring, evaluated for all indices, is what torch says."""

from inspect import cleandoc

import pytest

from tests.harness.rows.catalogue import operations
from tests.meta.conventions import implementation
from tests.meta.derivations import cases, complaints, where

ROWS = [
    pytest.param(level, op, id=op.name)
    for level, ops in operations().items()
    for op in ops
    if op.variables and not op.adapter  # graphs are looked at in test_graphs.py
]


@pytest.mark.parametrize(("level", "op"), ROWS)
def test_the_formulas_of_a_solution_are_true(level, op):
    """Every differentiable input has its Jacobian in the docstring, and every formula there holds for all indices."""
    solution = implementation("solutions", level, op.name)
    file, first = where(solution)
    said = [f"{file}, line {first + line}, {op.name}: {what}" for line, what in complaints(op, solution.__doc__)]
    if said:
        pytest.fail("\n".join(said), pytrace=False)


@pytest.mark.parametrize(("level", "op"), ROWS)
def test_every_member_of_every_jacobian_is_looked_at(level, op):
    """Each formula for a Jacobian, off by a factor of 1 + 1e-5 in its first term, is complained of on its line."""
    docstring = cleandoc(implementation("solutions", level, op.name).__doc__)
    number = 0
    while changed := _with_a_factor(docstring, number):
        found = {line for line, _ in complaints(op, changed[0])}
        assert set(changed[1]) <= found, (
            f"lines {set(changed[1]) - found} of the docstring are wrong, and nothing is said"
        )
        number += 1
    assert number


def _with_a_factor(docstring: str, number: int) -> tuple[str, list[int]] | None:
    """The docstring with a factor before member `number` of each Jacobian's chain, and their lines; None where none has it."""
    lines, changed = docstring.splitlines(), []
    for case in cases(docstring):
        for line, claim in case.read.items():
            if line.name.startswith("J_") and number < len(claim.members):
                start = claim.starts[number]
                at = line.number_at(start)
                rest = next(text for n, text in line.parts if n == at)
                rest = rest[start - line.text.index(rest) :]
                assert lines[at].count(rest) == 1
                lines[at] = lines[at].replace(rest, f"1.00001 {rest}")
                changed.append(at)
    return ("\n".join(lines), changed) if changed else None
