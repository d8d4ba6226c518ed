"""Every way of spoiling a solution is caught, and every odd way of being right passes; so with changes of single expressions.

The tables are spoilers.py and rules.py. A row that fails names all the operations for which it does.
"""

import ast

import numpy as np
import pytest

from tests.harness.planting.rewriting import mutants, places
from tests.meta.insertions import FATES, SURVIVING, chosen, line_of, tried_out
from tests.meta.rules import INSERTIONS, RULES
from tests.meta.share import share
from tests.meta.spoilers import FUNCTIONS, HARMLESS, SPOILERS, Spoiler, told
from tests.meta.suspects import caught_by_layout, caught_in_public, solution
from tests.meta.wide_examples import is_equal, told_wrong
from tests.specs import LEVELS

EVERY = 40  # of the changes of one expression, one in so many is tried
PARTS = 8  # in which they are tried, so that several processes can share them
_LITTLE = "a relative 1e-12 is less than the tolerance"
_SHIFT = "any number may be subtracted from a row"
_ROUNDS_TO_0 = "beyond 100, exp is less than 1e-43 beside 1, where another right formula says 0"
_SATURATED = "beyond 10, s or 1 - s is less than 1e-37"
REVIEWED = {
    "softplus: return gy * _sigmoid(np.clip(x, -100, 100))": _ROUNDS_TO_0,
    "softplus: return (np.maximum(x, 0) + np.log1p(np.exp(-np.abs(np.clip(x, -100, 100)))), grad)": _ROUNDS_TO_0,
    "gelu: u = _ROOT * np.clip(near, -12, 12) * (1 + 0.044715 * near ** 2)": _SATURATED,
    "gelu: u = np.clip(_ROOT * near, -12, 12) * (1 + 0.044715 * near ** 2)": _SATURATED,
    "gelu: u = _ROOT * near * (1 + 0.044715 * np.clip(near, -12, 12) ** 2)": _SATURATED,
    "gelu: v = _ROOT * (1 + 3 * 0.044715 * np.clip(near, -12, 12) ** 2)": _SATURATED,
    "gelu: return gy * s * (1 + 2 * np.clip(near, -12, 12) * (1 - s) * v)": _SATURATED,
    "gelu: return gy * s * (1 + 2 * near * (1 - s) * np.clip(v, -12, 12))": _SATURATED,
    "clip_grad_norm: norm = largest * math.sqrt(sum((float(((g / largest + 1e-12) ** 2).sum()) for g in grads)))": _LITTLE,
    "softmax: e = np.exp(x - (x.max(axis=-1, keepdims=True) + 1e-08))": _SHIFT,
    "softmax: e = np.exp(x - np.floor(x).max(axis=-1, keepdims=True))": _SHIFT,
    "log_softmax: z = x - (x + 1e-12).max(axis=-1, keepdims=True)": _SHIFT,
    "log_softmax: z = x + 1e-12 - x.max(axis=-1, keepdims=True)": _SHIFT,
    "log_softmax: z = x - np.asarray(x).astype('f4').astype(np.asarray(x).dtype).max(axis=-1, keepdims=True)": _SHIFT,
    "logsumexp: c = x.max(axis=-1, keepdims=True) + 1e-08": _SHIFT,
    "silu: e = np.exp(-(np.abs(x) + 1e-12))": _LITTLE,
    "logsumexp: c = (x + 1e-08).max(axis=-1, keepdims=True)": _SHIFT,
    "softplus: e = np.exp(-np.abs(np.clip(x, -100, 100)))": _ROUNDS_TO_0,
    "huber_loss: clipped = np.clip(difference, -(delta + 1e-12), delta)": _LITTLE,
    "huber_loss: clipped = np.clip(difference, -delta, delta + 1e-12)": _LITTLE,
    "cross_entropy: shifted = logits - logits.max(axis=1, keepdims=True) + 1e-08": _SHIFT,
    "binary_cross_entropy_with_logits: return ((targets * if_one + (1 + 1e-12 - targets) * if_zero).mean(), grad)": "seen only where all of a mean's other entries are next to 0",
    "avg_pool2d: gx, part = (np.zeros_like(x), gy / (size ** 2 + 1e-12))": _LITTLE,
    "batch_norm: gz = (gy + 1e-12) * gamma": "what is added to all of gy comes to nothing, for a channel is centred",
    "batch_norm: ggamma = ((gy + 1e-12) * z).sum(axis=0, keepdims=True)": "what is added to all of gy comes to nothing, for a channel is centred",
    "dpo_loss: z = beta * (chosen - (chosen_ref + 1e-12) - (rejected - rejected_ref))": _LITTLE,
    "ppo_clip_loss: change = log_p - (log_p_old + 1e-12)": _LITTLE,
    "mixture_of_experts: p = np.exp(np.where(chosen, gate - (gate.max(axis=1, keepdims=True) + 1e-12), -np.inf))": _SHIFT,
    "mixture_of_experts: p = np.exp(np.where(chosen, gate - np.round(gate.max(axis=1, keepdims=True), 8), -np.inf))": _SHIFT,
    "truncated_rnn: ga[t] = (gy[t] + sent) * (1 - y[t] ** np.asarray(2).astype('f4').astype(np.asarray(2).dtype))": "2 is 2 in float32 too",
    "gru_cell: gx, gh = (gu @ np.clip(wx, -100, 100).T, gy * z + gv @ wh.T)": "where weights are above 100, its gates are nearly always saturated, and send back nothing",
}
"""Operation and changed statement -> why the answer is right all the same, or within what the tolerance forgives."""


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


@pytest.mark.parametrize("part", range(PARTS))
def test_a_changed_expression_is_caught_or_reviewed(part):
    """Of the changes of single expressions, at most one in forty is tried: it is caught, makes no difference, or has been reviewed."""
    found = [tried_out(change) for change in share(chosen(every=EVERY)[part::PARTS], 64, first=part)]
    new = [f for f in found if f.fate in SURVIVING and f.line not in REVIEWED]
    assert not new, "no run catches these; draw other examples or judge more strictly, or review them: " + "; ".join(
        f"{f.name} ({f.fate}{': ' if f.why else ''}{f.why}), that is {f.line!r}" for f in new
    )


def test_reviewed_changes_exist():
    """What has been reviewed is a change that is tried."""
    tried = {line_of(change) for change in chosen(every=EVERY)}
    assert not REVIEWED.keys() - tried, f"these are not tried any more; delete them: {REVIEWED.keys() - tried}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_changes_something_everywhere_it_should(rule):
    """A rule applies somewhere; an insertion applies at each expression; each change is Python and another expression."""
    made = [mutant for level in LEVELS for mutant in mutants(level, [rule])]
    assert made
    for mutant in made:
        assert ast.unparse(ast.parse(mutant.new)) != mutant.place.text
    if rule in INSERTIONS:
        assert len(made) == sum(len(places(level)) for level in LEVELS)


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
    """The solution equals itself up to rounding and no example of it is refused; what is off by 1e-12 does not equal it."""
    right = solution("tanh")
    assert is_equal("tanh", lambda x: (right(x)[0] * (1 + 1e-16), right(x)[1]))
    assert not is_equal("tanh", lambda x: (right(x)[0] + 1e-12, right(x)[1]))
    assert not told_wrong("tanh", right)
    assert told_wrong("tanh", lambda x: (np.where(abs(x) > 5, np.sign(x), right(x)[0]), right(x)[1]))
    assert FATES[0] == "equal"
