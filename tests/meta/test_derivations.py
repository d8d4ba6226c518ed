"""The derivations are true: every formula of a solution's docstring, evaluated for all indices, is what torch says."""

from importlib import import_module

import pytest

from tests.harness.catalogue import operations
from tests.meta.derivations import complaints, where

ROWS = [pytest.param(level, op, id=op.name) for level, ops in operations().items() for op in ops]


@pytest.mark.parametrize(("level", "op"), ROWS)
def test_the_formulas_of_a_solution_are_true(level, op):
    """Every differentiable input has its Jacobian in the docstring, and every formula there holds for all indices."""
    solution = getattr(import_module(f"solutions.{level}"), op.name)
    file, first = where(solution)
    said = [f"{file}, line {first + line}, {op.name}: {what}" for line, what in complaints(op, solution.__doc__)]
    assert not said, "\n".join(said)
