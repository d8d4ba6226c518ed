"""Random graphs of tensors: all that goes wrong is among them, they get small and can be pasted, and no class gets a pass for nothing."""

from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from solutions.autodiff import Tensor
from tests import test_ops
from tests.harness.display.screen import screen
from tests.harness.examples.examples import ORDINARY, stream
from tests.harness.examples.large_graphs import chain
from tests.harness.examples.smaller_graphs import complexity, is_valid, smaller
from tests.harness.judgement.examiner import Examiner
from tests.harness.rows.catalogue import operations
from tests.harness.rows.listing import code, expression
from tests.harness.rows.names import adapters, names_by_level
from tests.harness.submissions.elsewhere import Elsewhere
from tests.harness.submissions.here import Here
from tests.harness.submissions.packages import package
from tests.harness.submissions.patience import Spent
from tests.harness.worker.graphs import operation
from tests.harness.worker.observation import Call, Grad
from tests.harness.worker.observe import observe
from tests.meta.late import diagnose
from tests.mutants.autodiff import engine, kept

(ROW,) = (op for ops in operations().values() for op in ops if op.adapter)
PUBLIC = [t.property for t in (test_ops.test_forward, test_ops.test_gradient, test_ops.test_pure, test_ops.test_stable)]
SMALL = {"call_seconds": 0.5, "operation": Spent(1.5, 1.5)}


def _drawn(count: int, seed: int = 4) -> list[tuple]:
    return [example.inputs for (example,) in islice(stream(ROW, ORDINARY, seed=seed), count)]


def _forms(graph: dict) -> list[str]:
    """Each node's operator, with what kind each argument is, and which options it has."""
    leaves, found = graph["leaves"], []
    for what, arguments, options in graph["nodes"]:
        kinds = [
            ("scalar" if len(a) > 1 else "number")
            if isinstance(a, list)
            else "tensor"
            if isinstance(a, int) or a in leaves
            else "array"
            for a in arguments
        ]
        axis = options.get("axis", "")
        how = ["tuple" if isinstance(axis, list) else "negative" if axis != "" and axis < 0 else "axis" * (axis != "")]
        how += [key for key in ("keepdims", "tuple", "axes", "shape") if key in options]
        how += ["positional"] * ("positional" in options and not how[0])
        how += map(_part, options.get("index", ()))
        found.append(" ".join([what, *kinds, *filter(None, how)]))
    return found


def _part(part: object) -> str:
    """The kind of a part of an index; those that go backward are a kind of their own."""
    if not isinstance(part, list):
        return f"{'-' * (isinstance(part, int) and part < 0)}{type(part).__name__}"
    backward = part[0] == "slice" and min((n for n in part[1:] if n is not None), default=0) < 0
    return f"{'-' * backward}{part[0]}"


FORMS = [
    *(f"{what} tensor scalar" for what in ("+", "-", "*", "/", "**")),
    *(f"{what} scalar tensor" for what in ("+", "-", "*", "/", "**")),
    *("[] tensor -int", "[] tensor -slice"),
    *(f"{what} {left} {right}" for what in "+-*/" for left, right in (("tensor", "tensor"), ("tensor", "number"))),
    *(f"{what} {left} tensor" for what in ("+", "-", "*", "/", "**") for left in ("number", "array")),
    *(f"{what} tensor array" for what in ("+", "-", "*", "/", "**", "@")),
    *("** tensor tensor", "** tensor number", "@ tensor tensor", "@ array tensor", "neg tensor"),
    *(f".{what} tensor" for what in ("exp", "log", "tanh", "relu")),
    *(
        f".{what} tensor{how}{keeps}"
        for what in ("sum", "mean", "max")
        for how in ("", " axis", " negative", " tuple")
        for keeps in ("", " keepdims")
    ),
    *(".reshape tensor shape", ".reshape tensor tuple shape"),
    *(".transpose tensor", ".transpose tensor axes", ".transpose tensor tuple axes"),
    *("[] tensor int", "[] tensor slice", "[] tensor slice NoneType", "[] tensor ... int", "[] tensor int slice"),
    *("[] tensor array", "[] tensor ... array", "[] tensor array array", "[] tensor mask", "[] tensor NoneType"),
]


@pytest.mark.parametrize("seed", range(3))
def test_every_form_of_every_operator_comes_up_again_and_again(seed):
    """Among the graphs of `gradient`, each form is in three at least, whatever the seed."""
    count = PUBLIC[1].examples * ROW.variety
    seen = Counter(form for inputs in _drawn(count, seed) for form in set(_forms(inputs[0])))
    assert {form: seen[form] for form in FORMS if seen[form] < 3} == {}


def test_graphs_can_be_computed_and_share_nodes():
    """Torch computes each of them, and what stands in a logarithm is positive; many use a tensor several times, or not at all."""
    drawn = _drawn(300)
    assert all(map(is_valid, drawn))
    uses = [
        Counter(a for _, arguments, _ in g["nodes"] for a in arguments if not isinstance(a, list)) for g, *_ in drawn
    ]
    assert sum(max(used.values()) > 1 for used in uses) > 100
    assert sum(any(used[leaf] == 0 for leaf in ROW.variables) for used in uses) > 30


def test_a_smaller_graph_is_one_of_the_row_and_smaller():
    """What is offered in the place of a graph can be computed, and shrinking by the order of `complexity` comes to an end."""
    for inputs in _drawn(20):
        offered = list(islice(smaller(inputs), 60))
        assert offered
        assert all(map(is_valid, offered))
        assert any(complexity(one) < complexity(inputs) for one in offered)


def test_the_code_of_a_graph_computes_it():
    """Pasted, it gives the same root and the same gradients."""
    for inputs in _drawn(60):
        scope = {"np": np, "Tensor": Tensor}
        exec("\n".join(code(inputs, "Tensor")), scope)
        y, grad = operation(Tensor)(*inputs)
        assert np.array_equal(scope["y"].data, y)
        for name, gradient in zip(ROW.variables, grad(np.ones(())), strict=True):
            leaf = scope.get(name)
            found = leaf.grad if leaf is not None and leaf.grad is not None else np.zeros_like(gradient)
            assert np.array_equal(found, gradient)


def test_a_failure_is_shown_as_a_smallest_graph():
    """The screen has the graph as code, no node more than it takes, and both answers."""
    wrong = engine(sub=(np.subtract, lambda gy, x, z, y: gy, lambda gy, x, z, y: gy))
    verdict = Examiner(Here("s", {ROW.name: wrong}.get), 0, explain=diagnose).verdict(PUBLIC[1], ROW)
    shown = str(screen(verdict))
    assert verdict.why.startswith("in a - b, b.grad is negated")
    for part in ("y.backward()", ".grad:", "yours = ", "torch = "):
        assert part in shown
    assert len(verdict.trial.example.inputs[0]["nodes"]) == 1


def test_the_formulas_of_the_solution_are_the_slopes_of_its_forward_pass():
    """Without torch: each gradient is the central difference of the root along a random direction, away from kinks."""
    good, run = 0, operation(Tensor)
    for number, inputs in enumerate(_drawn(80)):
        graph, rng = inputs[0], np.random.default_rng(number)
        if any(what in (".max", ".relu") for what, *_ in graph["nodes"]):
            continue
        along = {name: rng.normal(size=value.shape) for name, value in zip(ROW.inputs[1:4], inputs[1:4], strict=True)}
        ys = []
        for step in (1e-6, -1e-6):
            moved = [v + step * along[n] if n in along else v for n, v in zip(ROW.inputs, inputs, strict=True)]
            ys.append(float(run(*moved)[0]))
        gradients = run(*inputs)[1](np.ones(()))
        terms = np.concatenate([np.ravel(g * d) for g, d in zip(gradients, along.values(), strict=True)])
        slope = (ys[0] - ys[1]) / 2e-6
        assert abs(terms.sum() - slope) <= 1e-6 * (1 + abs(terms).sum() + abs(ys[0]))
        good += 1
    assert good > 40


def _seen(tensor: type, example, times: int = 3):
    steps = (Call(), *(Grad(0) for _ in range(times)))
    return observe(operation(tensor), [example.inputs], [example.gy], steps)


def test_a_second_pass_adds_and_leaves_have_arrays_of_their_own():
    """What the adapter asks the second and the third time is answered as the first, by a right class and by no other."""
    example = chain(4)
    for tensor, right in (
        (Tensor, True),
        (engine(), True),
        (engine(keep=lambda leaf, g: setattr(leaf, "grad", g)), False),
    ):
        first, *others = [answer.values for answer in _seen(tensor, example).answers[1:]]
        same = all(np.array_equal(one, two) for other in others for one, two in zip(first, other, strict=True))
        assert same == right


def test_a_leaf_that_is_changed_is_seen_whether_it_is_a_copy_or_not():
    """A step of descent within backward() changes what was given, also where the class works on a copy."""

    def stepped(leaf, g):
        kept(leaf, g)
        leaf.data -= g

    for data in (np.asarray, np.array):
        seen = _seen(engine(keep=stepped, data=data), chain(4), 1)
        assert seen.answers[1].changed


LIES = {
    "agrees with everything": "class Tensor:\n"
    "    def __init__(self, data=None): self.grad = self.data = self\n"
    "    def __getattr__(self, name): return lambda *a, **k: self\n"
    + "".join(
        f"    def __{n}__(self, *a): return self\n" for n in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv")
    )
    + "    def __eq__(self, other): return True\n    def __abs__(self): return self\n",
    "data that is another at every look": "import numpy as np\nclass Tensor:\n"
    "    looks = 0\n    def __init__(self, data): self._data = data\n"
    "    @property\n    def data(self):\n        Tensor.looks += 1\n        return np.full((), Tensor.looks, float)\n"
    "    def __getattr__(self, name): return lambda *a, **k: self\n    grad = None\n"
    + "".join(
        f"    def __{n}__(self, *a): return self\n" for n in ("add", "radd", "sub", "rsub", "mul", "rmul", "getitem")
    ),
    "an array of its own kind": "import numpy as np\nclass Tensor(np.ndarray):\n"
    "    def __new__(cls, data): return np.asarray(data).view(cls)\n"
    "    def backward(self): pass\n    grad = None\n    exp = tanh = log = relu = lambda self: self\n",
    "objects in an array": "import numpy as np\nclass Tensor:\n    def __init__(self, data): self.data = np.array(self, object); self.grad = self.data\n"
    "    def __getattr__(self, name): return lambda *a, **k: self\n    def __mul__(self, o): return self\n    __rmul__ = __add__ = __mul__\n",
    "a metaclass": "class Meta(type):\n    def __getattribute__(cls, name): raise SystemExit(0)\n    def __call__(cls, *a): raise SystemExit(0)\n"
    "class Tensor(metaclass=Meta):\n    def __init__(self, data): pass\n",
    "a metaclass that makes arrays": "class Meta(type):\n    def __call__(cls, data): return data\n    def __instancecheck__(cls, other): return True\n"
    "class Tensor(metaclass=Meta):\n    def __init__(self, data): pass\n",
    "a class that never ends": "class Tensor:\n    def __init__(self, data):\n        while True: pass\n",
    "backward that never ends": "from solutions_here import *\n",
    "more and more memory": "kept = []\nclass Tensor:\n    def __init__(self, data):\n        while True: kept.append(bytearray(10**8))\n",
    "a data that is huge": "import numpy as np\nclass Tensor:\n    def __init__(self, data): self.data = np.zeros(10**7); self.grad = self.data\n"
    "    def __getattr__(self, name): return lambda *a, **k: self\n    def __mul__(self, o): return self\n    __rmul__ = __add__ = __mul__\n",
    "it ends the process": "import os, sys\nclass Tensor:\n    def __init__(self, data): sys.exit(0)\n",
}
LIES["backward that never ends"] = (Path(__file__).parents[2] / "solutions/autodiff.py").read_text(
    encoding="utf-8"
) + "\n\ndef endless(self):\n    while True:\n        pass\n\n\nTensor.backward = endless\n"


@pytest.mark.parametrize("name", LIES)
def test_a_class_that_lies_gets_nothing_for_it(name, tmp_path):
    """No hostile class holds in `gradient`, breaks the grader, or takes more than its time."""
    file = tmp_path / "autodiff.py"
    file.write_text(LIES[name], encoding="utf-8")
    implementation = Elsewhere("s", package(str(file), names_by_level), "process", **SMALL)
    try:
        verdict = Examiner(implementation, 1, explain=diagnose).verdict(PUBLIC[1], ROW)
    finally:
        implementation.close()
    assert verdict.status in ("fail", "error", "timeout"), verdict.why
    assert "please report this" not in verdict.why
    assert verdict.why.replace("\n", "").isprintable()
    assert "please report this" not in str(screen(verdict))


def test_a_kind_of_candidate_s_class_is_named_in_the_row_alone():
    """Which operations are classes is read from the rows without running them."""
    assert adapters() == {ROW.name: ROW.adapter}
    assert expression(chain(2).inputs) == "(-(a + b)).sum()"
