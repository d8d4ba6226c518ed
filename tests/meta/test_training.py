"""What the rows of the level training write out is what torch.optim does, and what forms say is how operations are called."""

from itertools import islice

import numpy as np
import pytest

from tests import test_ops
from tests.harness.examples.examples import ORDINARY, stream
from tests.harness.judgement.examiner import Examiner
from tests.harness.rows.catalogue import by_name
from tests.harness.rows.forms import STEPS
from tests.harness.rows.late import torch
from tests.harness.rows.spec import Operation
from tests.harness.submissions.here import Here
from tests.harness.worker.forms import call_in
from tests.harness.worker.given import FUNCTIONS
from tests.harness.worker.observation import Call, formed, from_data, to_data
from tests.harness.worker.observe import observe
from tests.meta.flat import flat
from tests.meta.late import tensor
from tests.specs import training

ROWS = by_name()
OPTIMISERS = {
    "sgd": (torch.optim.SGD, {"lr": "lr", "weight_decay": "weight_decay"}, {}),
    "momentum": (torch.optim.SGD, {"lr": "lr", "momentum": "beta", "nesterov": "nesterov"}, {"v": "momentum_buffer"}),
    "rmsprop": (torch.optim.RMSprop, {"lr": "lr", "alpha": "alpha", "eps": "eps"}, {"s": "square_avg"}),
    "adam": (
        torch.optim.Adam,
        {"lr": "lr", "betas": ("beta1", "beta2"), "eps": "eps"},
        {"m": "exp_avg", "v": "exp_avg_sq"},
    ),
    "adamw": (
        torch.optim.AdamW,
        {"lr": "lr", "betas": ("beta1", "beta2"), "eps": "eps", "weight_decay": "weight_decay"},
        {"m": "exp_avg", "v": "exp_avg_sq"},
    ),
}
"""Operation -> torch's optimiser, its options by our arguments, and its state by ours."""


def _by_torch(name: str, inputs: dict, steps: int) -> list:
    """The new w, and the states, as torch.optim has them after so many steps."""
    made, options, states = OPTIMISERS[name]
    given = {
        o: tuple(inputs[a] for a in ours) if isinstance(ours, tuple) else inputs[ours] for o, ours in options.items()
    }
    if name == "momentum" and not inputs["beta"]:
        given["nesterov"] = False  # torch refuses it there, where it changes nothing
    w = torch.nn.Parameter(inputs["w"].clone())
    optimiser = made([w], **given)
    state = {theirs: inputs[ours].clone() for ours, theirs in states.items()}
    if state:
        optimiser.state[w] = state | {"step": torch.tensor(float(inputs.get("t", 1) - 1))}
    for step in range(steps):
        w.grad = (inputs["gw"][step] if steps > 1 else inputs["gw"]).clone()
        optimiser.step()
    kept = [optimiser.state[w].get(theirs, inputs[ours]) for ours, theirs in states.items()]
    return [w.detach(), *kept]


@pytest.mark.parametrize("steps", [1, STEPS])
@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_row_says_what_torch_s_optimiser_does(name, steps):
    """From any state, after one step and after ten, w and all states are those of torch.optim."""
    row = ROWS[name].of(steps > 1)
    for (example,) in islice(stream(row, ORDINARY, seed=3), 40):
        inputs = dict(zip(row.inputs, map(tensor, example.inputs), strict=True))
        ours = row.torch(*inputs.values())
        if inputs.get("beta") == 0 and name == "momentum":
            continue  # torch keeps no velocity there
        for one, due in zip(ours if isinstance(ours, tuple) else (ours,), _by_torch(name, inputs, steps), strict=True):
            torch.testing.assert_close(one, due, rtol=1e-11, atol=1e-13)


def test_ten_steps_from_zero_are_those_of_torch():
    """Adam that begins with m = v = 0 and t = 1 is torch.optim.Adam that has made no step yet."""
    row, rng = ROWS["adam"].of(1), np.random.default_rng(0)
    w, gw, zero = rng.normal(size=3), rng.normal(size=(STEPS, 3)), np.zeros(3)
    ours = row.torch(*map(tensor, (w, gw, zero, zero, 1, 0.1, 0.9, 0.999, 1e-8)))
    parameter = torch.nn.Parameter(torch.tensor(w))
    optimiser = torch.optim.Adam([parameter], lr=0.1)
    for step in gw:
        parameter.grad = torch.tensor(step)
        optimiser.step()
    torch.testing.assert_close(ours[0], parameter.detach(), rtol=1e-12, atol=1e-14)


def test_a_row_clips_as_torch_does():
    """Lists of one array, of two and of three are those of torch.nn.utils.clip_grad_norm_."""
    for number in range(3):
        row = ROWS["clip_grad_norm"].of(number)
        for (example,) in islice(stream(row, ORDINARY, seed=3), 30):
            *grads, most = map(tensor, example.inputs)
            parameters = [torch.nn.Parameter(torch.zeros_like(g)) for g in grads]
            for parameter, g in zip(parameters, grads, strict=True):
                parameter.grad = g.clone()
            torch.nn.utils.clip_grad_norm_(parameters, most)
            for one, parameter in zip(row.torch(*grads, most), parameters, strict=True):
                torch.testing.assert_close(one, parameter.grad, rtol=1e-12, atol=0)


def test_a_network_has_the_loss_and_the_gradients_of_torch_s_layers():
    """Of one, two and three layers."""
    for number in range(3):
        row = ROWS["mlp"].of(number)
        for (example,) in islice(stream(row, ORDINARY, seed=3), 15):
            x, labels, *params = map(tensor, example.inputs)
            h = x
            for at in range(0, len(params), 2):
                h = torch.nn.functional.linear(torch.relu(h) if at else h, params[at].T, params[at + 1][0])
            due = torch.nn.functional.cross_entropy(h, labels)
            torch.testing.assert_close(row.torch(x, labels, *params), due, rtol=1e-11, atol=1e-13)


def test_each_function_that_is_given_is_torch_s():
    """Those of the row and those of the worker have the same names and values, also of a stack of arrays and of integers."""
    assert FUNCTIONS.keys() == training.FUNCTIONS.keys()
    used = {name for row in ROWS["numeric_gradient"].variants for name in row.kinds["f"].options}
    assert used == FUNCTIONS.keys()
    x = np.random.default_rng(1).normal(size=(4, 2, 3)) * 10
    for name, function in FUNCTIONS.items():
        for wide in (x, np.rint(x)):
            due = [function(one.astype(int) if wide is not x else one) for one in wide]
            np.testing.assert_allclose(training.FUNCTIONS[name](torch.tensor(wide)).numpy(), np.array(due), rtol=1e-13)


def _seen(row: Operation, function, *inputs):
    """What is observed of one call, as the grader gets it from a worker."""
    steps = formed((Call(),), row.form)
    data = to_data(observe(function, [inputs], [], steps))
    data["answers"] = [
        a | {"values": list(a["values"]), "warnings": [], "changed": list(a["changed"])} for a in data["answers"]
    ]
    data |= {"restless": list(data["restless"]), "shared": list(data["shared"])}
    return from_data(data, steps, [inputs], [])


def test_ten_steps_go_on_from_what_was_returned():
    """Each step gets its own gradient, its number, and the values of the step before."""
    row, calls = ROWS["adam"].of(1), []

    def step(w, gw, m, v, t, lr, beta1, beta2, eps):
        calls.append((float(w), float(gw), float(m), float(v), t, lr))
        return w + 1, m + 2, v + 3

    w, gw = np.array(0.0), np.arange(10.0)
    seen = _seen(row, step, w, gw, np.array(0.0), np.array(0.0), 5, 0.1, 0.9, 0.9, 0.1)
    assert calls == [(n, n, 2.0 * n, 3.0 * n, 5 + n, 0.1) for n in range(10)]
    assert [float(value) for value in seen.answers[0].values] == [10, 20, 30]


@pytest.mark.parametrize(
    "change",
    [
        lambda grads: grads.pop(),
        lambda grads: grads.append(grads[0]),
        lambda grads: grads.reverse(),
        lambda grads: grads.__setitem__(0, grads[0].copy()),
        lambda grads: grads[0].__imul__(2),
    ],
    ids=["shorter", "longer", "another order", "another array", "another value"],
)
def test_a_list_that_is_changed_is_seen(change):
    """A list that was given counts as changed where it has other arrays than before, or these have other values."""
    row = ROWS["clip_grad_norm"].of(0)

    def clip(grads, max_norm):
        kept = [g.copy() for g in grads]
        change(grads)
        return kept

    inputs = (np.ones(2), np.ones(3), 1.0)
    assert _seen(row, clip, *inputs).answers[0].changed
    assert not _seen(row, lambda grads, max_norm: list(grads), *inputs).answers[0].changed


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "returns None, but should return 2 values: the new w, the new v"),
        (np.ones(2), "returns one array, but should return 2 values: the new w, the new v"),
        ((1.0, 2.0, 3.0), "returns a tuple of 3, but should return 2 values: the new w, the new v"),
        ((np.ones(2), "v"), "the new v is a str, but should be an array of floats"),
        (lambda gy: gy, "returns a function, but should return 2 values: the new w, the new v"),
    ],
    ids=["nothing", "one", "three", "a text", "a function"],
)
def test_what_are_no_values_is_said(answer, said):
    """Whoever returns something else reads what it was, and what is due by its names."""
    examiner = Examiner(Here("odd", {"momentum": lambda *_: answer}.get), 1, shrink=False)
    verdict = examiner.verdict(test_ops.test_forward.property, ROWS["momentum"])
    assert (verdict.status, verdict.why) == ("fail", said)


def test_gradients_of_a_list_come_as_a_list_a_tuple_or_a_list_in_one():
    """`grad(gL) -> gparams` may be written in each of these ways."""
    row = ROWS["mlp"].of(1)
    gradients = [np.ones((2, 2)), np.ones((1, 2))]
    for found in (gradients, tuple(gradients), (gradients,), [tuple(gradients)]):
        _, grad = flat(row, lambda x, labels, params, found=found: (1.0, lambda gL: found))(
            np.ones((1, 2)), np.zeros(1, int), np.ones((2, 2)), np.ones((1, 2))
        )
        assert [g.shape for g in grad(1.0)] == [(2, 2), (1, 2)]


def test_an_operation_without_a_form_is_called_with_its_inputs():
    """Nothing is made of its arguments or of its result."""
    assert call_in("", lambda *given: given, (1, [2])) == ((1, [2]), ())
