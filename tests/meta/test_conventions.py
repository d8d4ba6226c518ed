"""The project keeps its conventions, each of which says what is wrong and what to do; and what they cannot see holds."""

import re
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests import test_ops
from tests.harness.examples.examples import ORDINARY, stream
from tests.harness.judgement.examiner import Examiner
from tests.harness.rows.catalogue import operations
from tests.harness.rows.spec import Operation
from tests.harness.submissions.here import Here
from tests.meta import conventions, machinery
from tests.meta.breaches import BREACHES, FILES
from tests.meta.conventions import implementation
from tests.meta.flat import flat
from tests.meta.late import diagnose
from tests.meta.project import Project, here

CONVENTIONS = {convention.__name__: convention for convention in (*conventions.CONVENTIONS, *machinery.CONVENTIONS)}
ROWS = [pytest.param(level, op, id=op.name) for level, ops in operations().items() for op in ops]
PROPERTIES = [  # on a few examples: what `--impl=solutions` says is said on all
    replace(test.property, examples=5)
    for test in (test_ops.test_forward, test_ops.test_gradient, test_ops.test_pure, test_ops.test_stable)
]


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_the_project_keeps_a_convention(convention):
    """Each convention finds nothing in this project; what it finds is said in lines that tell what to do."""
    found = list(CONVENTIONS[convention](here()))
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def test_a_project_that_keeps_all_conventions_has_no_complaint(tmp_path):
    """The project that the breaches spoil is accepted as it stands."""
    assert _complaints(_project(tmp_path, FILES)) == []


@pytest.mark.parametrize(("convention", "file", "right", "wrong", "said"), BREACHES)
def test_a_breach_is_said_with_its_file_and_what_to_do(convention, file, right, wrong, said, tmp_path):
    """A breach is seen by its convention, and all that is said of it are the lines that name it."""
    project = _project(tmp_path, _spoilt(file, right, wrong))
    assert _complaints(project) == said
    assert list(CONVENTIONS[convention](project))


def test_no_convention_is_left_out():
    """Every convention has a breach."""
    assert {convention for convention, *_ in BREACHES} == CONVENTIONS.keys()


def test_a_test_that_asks_for_what_is_not_there_says_so(monkeypatch):
    """Whoever asks for a stub or a solution that is missing gets the convention's line, and no AttributeError."""
    monkeypatch.delattr(import_module("solutions.activations"), "silu")
    assert implementation("kata", "activations", "silu")
    line = "solutions/activations.py: silu is missing after softplus; give it the "
    with pytest.raises(pytest.fail.Exception, match=f"^{re.escape(line)}"):
        implementation("solutions", "activations", "silu")


@pytest.mark.parametrize(("level", "op"), ROWS)
def test_a_stub_is_unfinished(level, op):
    """A stub that is called with a valid example raises NotImplementedError with its name."""
    stub, said = flat(op, implementation("kata", level, op.name)), "nothing"
    try:
        stub(*_example(op).inputs[slice(1, 2) if op.adapter else slice(None)])
    except Exception as error:
        said = repr(error)
    due = f"NotImplementedError({op.name!r})"
    if said != due:
        pytest.fail(f"kata/{level}.py: {op.name} raises {said}; let it raise {due} and do nothing else", pytrace=False)


@pytest.mark.parametrize(("level", "op"), ROWS)
def test_a_solution_is_right(level, op):
    """A solution passes every property, on a few examples."""
    solution = implementation("solutions", level, op.name)
    examiner = Examiner(Here("solutions", {op.name: solution}.get), seed=1, shrink=False, explain=diagnose)
    verdicts = (examiner.verdict(prop, op) for prop in PROPERTIES)
    wrong = next((v for v in verdicts if not v.holds), None)
    if wrong:
        said = f"{op.name}, {wrong.property}: {wrong.status}, {wrong.why}"
        pytest.fail(f"solutions/{level}.py: {said}; see pytest --impl=solutions --op={op.name} --seed=1", pytrace=False)


def test_the_network_of_the_task_has_its_known_loss_and_autograd_s_gradients():
    """On the kata's toy network the solution gives the loss everybody knows, and torch's six gradients."""
    import torch

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


def _spoilt(file: str, right: str | None, wrong: str | None) -> dict[str, str | None]:
    """The files of the small project with one text exchanged in one of them, or in stub and solution; or one file."""
    changed = [name for name in ("kata/products.py", "solutions/products.py") if file == "both"] or [file]
    if right is None:
        return FILES | {file: wrong}
    assert {FILES[name].count(right) for name in changed} == {1}
    return FILES | {name: FILES[name].replace(right, wrong) for name in changed}


def _complaints(project: Project) -> list[str]:
    return [line for convention in CONVENTIONS.values() for line in convention(project)]


def _project(folder: Path, files: dict[str, str | None]) -> Project:
    """These files in a folder, without those of no text, as a project of two levels."""
    for name, text in files.items():
        if text is not None:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
    levels = ("products", "more")
    rows = {level: tuple(_run(files[f"tests/specs/{level}.py"])["OPS"]) for level in levels}
    return Project(
        folder, rows, {level: SimpleNamespace(**_run(files[f"tests/mutants/{level}.py"])) for level in levels}
    )


def _run(source: str) -> dict[str, object]:
    namespace: dict[str, object] = {}
    exec(source, namespace)
    return namespace


@cache
def _example(op: Operation):
    return next(stream(op, ORDINARY, seed=0))[0]


def test_the_solutions_can_be_handed_in():
    """No solution calls its package by name, so that a copy of the folder is a right submission, whatever it is called."""
    named = re.compile(r"^\s*(from|import) solutions\b", re.MULTILINE)
    assert not [
        file.name for file in (Path(__file__).parents[2] / "solutions").glob("*.py") if named.search(file.read_text())
    ]
