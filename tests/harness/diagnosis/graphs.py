"""Says what is wrong with a class of tensors: which operator, in which form, and how.

The graph on the screen fits many explanations. So the class is asked for small graphs of one operator each (probes.py), in all
their forms, and for such that share nodes; what is said is what all of them show. In: a failure. Out: a Diagnosis.
"""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.diagnosis import Diagnosis, described, named
from tests.harness.diagnosis.probes import Probe, of_operators, of_sharing
from tests.harness.judgement import judge
from tests.harness.judgement.judge import UnsuitedExample, Wrong
from tests.harness.judgement.trial import Trial
from tests.harness.rows.graphs import Graph
from tests.harness.rows.listing import expression
from tests.harness.rows.oracle import Truth
from tests.harness.worker.observation import Call, Grad, Observation, Steps

MOST = 3  # things that are said of one failure
_ONCE, _AGAIN = (Call(0), Grad(0)), (Call(0), Grad(0), Grad(0), Grad(0))
_UNBROADCAST = "sum the gradient over the axes along which the tensor was repeated: in front, and where it has length 1"
_KEPT = "a graph's gradients depend on what was computed before it: is something kept in the class or the module?"
_ADD = "a tensor that is used several times gets the sum of what comes back from all uses: += instead of ="


@dataclass(frozen=True)
class Finding:
    """What a probe shows. `what`: forward, gradient, dtype, or the crash. `how`: in which way, for a sentence."""

    probe: Probe
    what: str
    how: str
    leaf: str = ""


def diagnose(prop: str, wrong: Wrong, trial: Trial) -> Diagnosis:
    """How the class fails the property of this name. Raises what `trial.ask` raises."""
    wrong = _in_words(wrong)
    if prop == "pure":
        return _of_passes(wrong, trial)
    dtype = np.float32 if "has dtype" in wrong.why else np.float64
    functions = [pair for kind in trial.op.kinds.values() if isinstance(kind, Graph) for pair in kind.functions]
    steps = _ONCE[:1] if prop == "forward" else _ONCE
    if _remembers(trial):
        return named(_KEPT)
    found = [finding for probe in of_operators(functions, dtype) if (finding := _asked(probe, trial, steps))]
    if found:
        return _of_operators(found, wrong)
    shared = [finding for probe in of_sharing() if (finding := _asked(probe, trial, steps))]
    return _of_sharing(shared, wrong) if shared else described(wrong)


def _in_words(wrong: Wrong) -> Wrong:
    found = copy(wrong)
    found.why = said(wrong.why)
    return found


def said(why: str) -> str:
    """What the judge says, in words for a class: `a.grad` for ga, the root for y."""
    why = re.sub(r"\bg([abc])\b(?!\.)", r"\1.grad", why)
    return re.sub(r"^(for [^:]*: )?y\b", r"\1the root's data", why)


def _asked(probe: Probe, trial: Trial, steps: Steps) -> Finding | None:
    """What is wrong with a probe, if anything is."""
    example = probe.example
    seen = trial.ask([example.inputs], [example.gy], steps)
    asked = Trial(trial.op, (example,), lambda *_: seen)
    changed = [trial.op.inputs[n] for answer in seen.answers for n in answer.changed if n >= 0]
    if changed:
        return Finding(probe, "changed", "is changed in place (rule 3)", changed[0])
    try:
        judge.forward(asked, seen, asked.truth)
        if len(steps) > 1:
            judge.gradient(asked, seen, asked.truth)
    except UnsuitedExample:
        return None
    except Wrong as wrong:
        return _finding(probe, wrong, asked.truth)
    return None


def _remembers(trial: Trial) -> bool:
    """Whether the same graph has other gradients the second time."""
    example = of_sharing()[2].example
    seen = [trial.ask([example.inputs], [example.gy], _ONCE) for _ in range(2)]
    one, two = ([v for a in s.answers for v in a.values if isinstance(v, np.ndarray)] for s in seen)
    return len(one) != len(two) or not all(_close(*pair) for pair in zip(one, two, strict=True))


def _finding(probe: Probe, wrong: Wrong, truth: Truth) -> Finding:
    if wrong.crash or wrong.yours is None:
        return Finding(probe, "crash", said(wrong.why))
    if wrong.yours.dtype != truth.gy.dtype:
        return Finding(probe, "dtype", f"has dtype {wrong.yours.dtype}", wrong.name[1:])
    if wrong.name == "y":
        return Finding(probe, "forward", "is wrong")
    number = truth.op.variables.index(wrong.name[1:])
    return Finding(probe, "gradient", _how(wrong.yours, truth.gradients[number], wrong.name[1:]), wrong.name[1:])


def _how(yours: NDArray, due: NDArray, leaf: str) -> str:
    if yours.shape != due.shape:
        return f"has shape {yours.shape}, but {leaf} has {due.shape}"
    if not np.any(yours):
        return "is 0"
    if np.allclose(yours, -due):
        return "is negated"
    with np.errstate(all="ignore"):
        ratio = yours / due
    if np.all(np.isfinite(ratio)) and np.allclose(ratio, ratio.flat[0]):
        times = ratio.flat[0]
        return (
            f"is {times:.3g} times too large"
            if times > 1
            else f"is {1 / times:.3g} times too small"
            if times > 0
            else "is wrong"
        )
    return "is wrong"


def _of_operators(found: list[Finding], wrong: Wrong) -> Diagnosis:
    """What the probes of single operators show together."""
    for theme in (_nothing_works, _not_summed_back, _promoted):
        if told := theme(found):
            return named(*told)
    parts, hints, crashes = [], [], set()
    for operator in dict.fromkeys(f.probe.operator for f in found):
        first = next(f for f in found if f.probe.operator == operator)
        if _covered(operator, found) or (first.what == "crash" and first.how.rpartition(": ")[2] in crashes):
            continue
        crashes.add(first.how.rpartition(": ")[2])
        parts.append(_sentence(first))
        hint = _hint(first, [f for f in found if f.probe.operator == operator])
        hints += [hint] if hint and hint not in hints else []
    return Diagnosis(tuple(parts[:MOST]), tuple(hints[:MOST]))


def _covered(operator: str, found: list[Finding]) -> bool:
    """Whether it is the plain form of an operator that is wrong, and this one is made of it."""
    plain = re.sub(r"number|array", "", operator).strip()
    about = {f.probe.about for f in found if f.probe.operator == operator}
    return plain != operator and any(f.probe.operator == plain and f.probe.about in ("", *about) for f in found)


def _sentence(finding: Finding) -> str:
    form, about = finding.probe.form, finding.probe.about
    where = {
        "broadcast": " where shapes are broadcast",
        "ties": " where entries tie",
        "repeated": " where an index is repeated",
        "negative": " for a negative base",
        "stacks": " of stacks",
        "vectors": " of vectors",
        "scalar": ", of a number of NumPy's",
    }.get(about, "")
    if finding.what == "crash":
        return f"in {form}{where}: {finding.how}"
    if finding.what == "forward":
        return f"in {form}{where}, the value is wrong"
    if finding.what == "changed":
        return f"in {form}, {finding.leaf} {finding.how}"
    if finding.what == "dtype":
        return f"in {form}{where}, {f'{finding.leaf}.grad' if finding.leaf else 'the value'} {finding.how}, though all is float32"
    return f"in {form}{where}, {finding.leaf}.grad {finding.how}"


def _hint(finding: Finding, all_of_it: list[Finding]) -> str:
    about = {f.probe.about for f in all_of_it}
    if about == {"repeated"}:
        return "g[index] += gy adds only one of several that go to the same entry: np.add.at(g, index, gy) adds all"
    if about == {"ties"}:
        return "tied entries share the gradient: divide the mask by the number of winners"
    if about == {"broadcast"}:
        return _UNBROADCAST
    if about <= {"axis", "keepdims"} and finding.what != "forward":
        return "put the axes that were reduced back, with length 1, before the gradient is repeated along them"
    if finding.probe.operator.startswith(("array", "number")) and finding.what == "crash":
        return "numbers and arrays on the left come to __radd__, __rsub__, ...; __array_ufunc__ = None keeps NumPy from computing them"
    return ""


def _nothing_works(found: list[Finding]) -> tuple[str, ...] | None:
    """The sum of a leaf is wrong already, or a product with an array, by which all others are told: then nothing else can be told."""
    first = found[0]
    if first.what == "dtype" or first.probe.operator not in (".sum", "* array") or first.probe.about:
        return None
    plain = [f for f in found if f.probe.operator == "*" and not f.probe.about]
    return (_sentence(plain[0] if plain and first.probe.operator != ".sum" else first),)


def _not_summed_back(found: list[Finding]) -> tuple[str, str] | None:
    """All that is wrong is broadcast, and more than one operator."""
    operators = {re.sub("number|array", "", f.probe.operator).strip() for f in found if f.probe.about == "broadcast"}
    if len(operators) < 2 or any(f.probe.about not in ("broadcast", "stacks", "ties") for f in found):
        return None
    first = next(f for f in found if f.probe.about == "broadcast")
    return f"a gradient is not summed back to the shape of what was broadcast: {_sentence(first)}", _UNBROADCAST


def _promoted(found: list[Finding]) -> tuple[str, str] | None:
    """float32 does not stay float32."""
    dtypes = [f for f in found if f.what == "dtype"]
    if not dtypes:
        return None
    numbers = all("number" in f.probe.operator for f in dtypes)
    hint = (
        "np.asarray(2.0) is float64, and makes float64 of all: leave a number a number, or give it the tensor's dtype"
    )
    return "; ".join(
        dict.fromkeys(_sentence(f) for f in dtypes[:2])
    ), hint if numbers else "name no dtype, or that of the data"


def _of_sharing(found: list[Finding], wrong: Wrong) -> Diagnosis:
    """All operators are right by themselves: what is wrong is how gradients come together."""
    about, first = {f.probe.about for f in found}, found[0]
    seen = _sentence(first)
    if first.what == "crash":
        return named(seen)
    if about == {"order"}:
        return named(
            f"a node sends its gradient on before all that uses it has sent back its own: {seen}",
            "go through the nodes in topological order, turned round: a node comes after all that was computed from it",
        )
    if "leaf" in about or "node" in about:
        what = "a tensor" if "leaf" in about else "an inner node"
        return named(f"{what} that is used several times does not get the sum of all gradients: {seen}", _ADD)
    return named(seen)


def _of_passes(wrong: Wrong, trial: Trial) -> Diagnosis:
    """What goes wrong between passes: one that comes after another, from another root, and what leaves have in common."""
    example = trial.example
    graph, *arrays = example.inputs
    same = (graph | {"roots": graph["roots"][:1] * 2}, *arrays)
    seen = trial.ask([same], [example.gy], _AGAIN)
    if not _differ(seen):
        seen = trial.ask([example.inputs], [example.gy], _AGAIN)
    form = expression(example.inputs)
    if any(answer.changed for answer in seen.answers):
        names = [trial.op.inputs[n] for answer in seen.answers for n in answer.changed if n >= 0]
        what = f"{names[0]}.data" if names[0] in trial.op.variables else f"the array {names[0]}"
        return named(f"{what} is changed in place, but should be left as it was (rule 3)")
    if seen.crash:
        which = ("the forward pass", "the first backward()", "a second backward() of the same graph", "a new graph")[
            len(seen.answers)
        ]
        return named(f"{which} fails: {judge.crash_line(seen.crash)}")
    first, second, third = ([np.asarray(v) for v in a.values] for a in seen.answers[1:])
    for name, one, two in zip(trial.op.variables, first, second, strict=False):
        if not _close(one, two):
            return named(*_not_added(name, one, two, form))
    for name, one, three in zip(trial.op.variables, first, third, strict=False):
        if not _close(one, three):
            said_ = f"{name}.grad is the same array as another leaf's: what is done to one is done to both (y = {form})"
            return named(said_, "give each leaf an array of its own: g.copy() where it is taken over as it is")
    return named(_KEPT)


def _differ(seen: Observation) -> bool:
    """Whether something went wrong, or any pass gave another answer than the first."""
    passes = [a.values for a in seen.answers[1:]]
    if seen.crash or any(a.changed for a in seen.answers):
        return True
    return not all(
        _close(np.asarray(one), np.asarray(two)) for p in passes for one, two in zip(p, passes[0], strict=True)
    )


def _not_added(name: str, one: NDArray, two: NDArray, form: str) -> tuple[str, str]:
    """What a second pass did, which should have added as much as the first."""
    if _close(two, -one) or not np.any(two + one):
        line = f"a second backward() replaces {name}.grad, but should add to it (y = {form})"
        return line, "only the leaves' gradients stay from pass to pass, and are added to"
    line = f"a second backward() adds something else to {name}.grad than the first (y = {form})"
    return line, "do inner nodes still hold the gradients of the pass before? Begin each pass with none"


def _close(one: NDArray, two: NDArray) -> bool:
    return one.shape == two.shape and np.allclose(one, two, rtol=1e-6, atol=1e-9, equal_nan=True)
