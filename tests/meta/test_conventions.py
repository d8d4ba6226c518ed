"""The four places of an operation agree: its stub, its solution, its row and its mutants."""

import ast
import inspect
import re
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings

from tests import test_ops
from tests.harness.catalogue import operations
from tests.harness.examples import ORDINARY, examples
from tests.harness.properties import Examiner
from tests.harness.spec import Operation
from tests.harness.submissions import Here
from tests.specs import LEVELS

PROJECT = Path(__file__).parents[2]
HARNESS = sorted((PROJECT / "tests" / "harness").glob("*.py"))
BESIDE_THE_CANDIDATE = ("counting", "guard", "observe", "loading", "wire", "worker")
ROWS = [pytest.param(level, op, id=op.name) for level, ops in operations().items() for op in ops]
PROPERTIES = [
    test.property for test in (test_ops.test_forward, test_ops.test_gradient, test_ops.test_pure, test_ops.test_stable)
]


@pytest.mark.parametrize("folder", ["kata", "solutions", "tests/specs", "tests/mutants"])
def test_a_folder_has_the_levels_and_nothing_else(folder):
    """The four folders have the same modules, one a level."""
    assert {file.stem for file in (PROJECT / folder).glob("*.py")} - {"__init__"} == set(LEVELS)


@pytest.mark.parametrize("package", ["kata", "solutions"])
@pytest.mark.parametrize("level", LEVELS)
def test_a_module_defines_the_operations_of_its_level(package, level):
    """A module of kata/ or solutions/ defines the operations of its spec rows, in their order."""
    module = import_module(f"{package}.{level}")
    defined = [
        name
        for name, function in vars(module).items()
        if inspect.isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_")
    ]
    assert defined == [op.name for op in operations()[level]]


@pytest.mark.parametrize(("level", "op"), ROWS)
def test_stub_and_solution_have_the_signature_of_the_row(level, op):
    """Stub and solution have one signature, annotations included, and the row names its inputs likewise."""
    stub, solution = (inspect.signature(_function(package, level, op)) for package in ("kata", "solutions"))
    assert str(stub) == str(solution)
    assert list(stub.parameters) == list(op.inputs)
    untyped = [p.name for p in stub.parameters.values() if p.annotation is inspect.Parameter.empty]
    assert not untyped
    assert stub.return_annotation is not inspect.Signature.empty


@pytest.mark.parametrize(("level", "op"), ROWS)
def test_an_operation_has_mutants_and_alternatives(level, op):
    """Every operation has rows of both kinds, and its level has no rows of operations that it does not have."""
    table = import_module(f"tests.mutants.{level}")
    assert op.name in {row.op for row in table.WRONG}
    assert op.name in {row.op for row in table.RIGHT}
    assert {row.op for row in (*table.WRONG, *table.RIGHT)} <= {row.name for row in operations()[level]}


@pytest.mark.parametrize(("level", "op"), ROWS)
def test_a_stub_is_explained_and_unfinished(level, op):
    """A stub has a docstring that says what grad returns, and raises NotImplementedError for a valid example."""
    stub = _function("kata", level, op)
    assert stub.__doc__
    due = ", ".join(f"g{variable}" for variable in op.variables)
    assert re.search(rf"grad\(\w+\) -> {due}\.", stub.__doc__)
    with pytest.raises(NotImplementedError, match=f"^{op.name}$"):
        stub(*_example(op).inputs)


@pytest.mark.parametrize(("level", "op"), ROWS)
def test_a_solution_is_derived_and_right(level, op):
    """A solution derives its gradient in its docstring and passes every property."""
    solution = _function("solutions", level, op)
    assert re.search(r"\bJ_\w|chain rule", solution.__doc__ or "")
    examiner = Examiner(Here("solutions", {op.name: solution}.get), seed=1, shrink=False)
    verdicts = [examiner.verdict(prop, op) for prop in PROPERTIES]
    assert [(v.property, v.status, v.why) for v in verdicts] == [(p.name, "pass", "") for p in PROPERTIES]


def test_the_network_of_the_task_has_its_known_loss_and_autograd_s_gradients():
    """On the kata's toy network the solution gives the loss everybody knows, and torch's six gradients."""
    x, y = [[1, 2, 3], [4, 5, 6]], [[1, 0], [0, 1]]
    weights = [
        *([[1, 1], [-1, 1], [-2, 2]], [[0, 1]]),
        *([[0.2, 0.5], [0.5, -0.5]], [[-1, 0.5]]),
        *([[0.7, -0.5], [-0.2, 0.3]], [[0.3, -0.2]]),
    ]
    feed_forward = import_module("solutions.feedforward").feed_forward
    loss, grad = feed_forward(*(np.array(a, float) for a in (x, y, *weights)))
    assert loss == pytest.approx(2.060075596202683, rel=1e-15)

    parameters = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in weights]
    w1, b1, w2, b2, w3, b3 = parameters
    hidden = torch.addmm(b1, torch.tensor(x, dtype=torch.float64), w1).sigmoid()
    predicted = torch.addmm(b3, torch.addmm(b2, hidden, w2).relu(), w3)
    expected = torch.nn.functional.mse_loss(predicted, torch.tensor(y, dtype=torch.float64), reduction="sum")
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-15)
    for ours, parameter in zip(grad(np.array(1.0)), parameters, strict=True):
        np.testing.assert_allclose(ours, parameter.grad.numpy(), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("file", HARNESS, ids=lambda file: file.name)
def test_the_machinery_names_no_operation(file):
    """No name and no string in tests/harness/ is an operation's; docstrings may tell of one.

    Those that are NumPy's words too (where, take, add) may be said, but not be a whole string: that would be a key.
    """
    names = {op.name for ops in operations().values() for op in ops}
    words = {name for name in names if hasattr(np, name)}
    named = [
        (line, text)
        for line, text, is_string in _words_of_code(file)
        if (names - words) & set(re.findall(r"\w+", text)) or (is_string and text in words)
    ]
    assert not named, f"{file.name} names operations: {named}"


@pytest.mark.parametrize("stem", BESIDE_THE_CANDIDATE)
def test_what_runs_beside_the_candidate_needs_numpy_alone(stem):
    """Modules that run in the candidate's process import the standard library, NumPy and each other only."""
    tree = ast.parse((PROJECT / "tests" / "harness" / f"{stem}.py").read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {"." * n.level + (n.module or "") for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    foreign = {name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names | {"numpy"}}
    assert foreign <= set(BESIDE_THE_CANDIDATE) - {stem}


def _function(package: str, level: str, op: Operation):
    return getattr(import_module(f"{package}.{level}"), op.name)


@cache
def _example(op: Operation):
    found = []

    @settings(max_examples=1, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(examples(op, ORDINARY))
    def draw(drawn):
        found.extend(drawn)

    draw()
    return found[0]


def _words_of_code(file: Path) -> list[tuple[int, str, bool]]:
    """Names and strings of a module, with their lines and whether it is a string.

    Not its docstrings, nor names that belong to other modules.
    """
    nodes = list(ast.walk(ast.parse(file.read_text())))
    prose = {node.value for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    words = []
    for node in nodes:
        match node:
            case ast.Constant(value=str() as text) if node not in prose:
                words.append((node.lineno, text, True))
            case ast.Name(id=text) | ast.arg(arg=text):
                words.append((node.lineno, text, False))
            case ast.FunctionDef(name=text) | ast.AsyncFunctionDef(name=text) | ast.ClassDef(name=text):
                words.append((node.lineno, text, False))
    return words
