"""Call the candidate's code and report what happened, as data. It judges nothing.

Runs beside the candidate's code, in this process or in a worker: NumPy and the standard library only.
"""

import builtins
import linecache
import os
import sys
import traceback
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from .forms import call_in, form_of, grad_in, values_in
from .layouts import ALIKE, BROADCAST, ONE_ARRAY, alike, copies_of, laid_out, refilled
from .observation import MOST_VALUES, Answer, Call, Crash, Grad, Observation, Odd, Room
from .printable import printable

_HERE = os.path.dirname(os.path.abspath(__file__))
_LIBRARY, _NUMPY = (os.path.dirname(os.path.abspath(module.__file__)) for module in (os, np))


def observe(
    function: Callable,
    inputs: Sequence[tuple],
    gys: Sequence[NDArray],
    steps: Sequence[Call | Grad],
    through: tuple[type[BaseException], ...] = (),
    room: Room | None = None,
) -> Observation:
    """Carry out the steps on fresh copies of the inputs and upstream gradients.

    Exceptions of the types in `through` are let through; every other one is reported as a crash. `room`: that of these
    inputs and upstream gradients, where it is known.
    """
    answers: list[Answer] = []
    closures: dict[int, tuple[Callable, _Given]] = {}
    upstream: dict[int, NDArray] = {}
    returned: list[_Returned] = []
    room = room or Room.beside(inputs, gys)
    warnings: list[tuple[str, str, int]] = []
    crash = None
    with np.errstate(all="call", under="ignore", call=lambda kind, _: warnings.append((kind, *_line()))):
        for number, step in enumerate(steps):
            warnings.clear()
            try:
                if isinstance(step, Call):
                    pristine = inputs[step.inputs]
                    if step.layout in (ALIKE, ONE_ARRAY):
                        pristine = alike(pristine)
                    given = copies_of(pristine, step.layout)
                    if step.again in closures:
                        given = tuple(map(refilled, closures[step.again][1].values, given))
                    given = _Given(given, pristine)
                    result, moved = call_in(step.form, function, given.values)
                    values, container = _output(result, step.form, room)
                    if not isinstance(values, Odd):
                        closures[number] = (grad_in(step.form, result), given)
                    changed, arrays = tuple(sorted({*given.changed(), *moved})), given.arrays
                else:
                    if step.call not in closures:
                        break  # the call's answer was odd: there is no closure, and that answer says so
                    closure, given = closures[step.call]
                    gy = laid_out(gys[step.gy], step.layout)
                    if step.again in upstream:
                        gy = refilled(upstream[step.again], gy)
                    upstream[number] = gy
                    above = _Given((gy,), (gy if step.layout == BROADCAST else gys[step.gy],))
                    result = closure(gy)
                    values, container = _gradients(result, room)
                    changed = given.changed() + ((-1,) if above.changed() else ())
                    arrays = given.arrays + above.arrays
            except through:
                raise
            except BaseException as error:  # whatever it is, it comes from the candidate's code
                crash = _crash(error)
                break
            answers.append(Answer(values, container, tuple(map(_sourced, dict.fromkeys(warnings))), changed))
            returned.append(_Returned(result, isinstance(step, Grad), arrays, room))
    restless = tuple([n for n, results in enumerate(returned) if results.changed()])
    shared = tuple([n for n, results in enumerate(returned) if results.shares_with_any(returned[:n])])
    return Observation(tuple(answers), crash, restless, shared)


class _Given:
    """The values that are given to a call, `arrays` those of them that are, and how these were."""

    def __init__(self, values: tuple, pristine: tuple):
        self.values = values
        kept = [(n, a, b) for n, (a, b) in enumerate(zip(values, pristine, strict=True)) if isinstance(b, np.ndarray)]
        self.arrays = [a for _, a, _ in kept]
        self._kept = [(n, a, b.shape, b.tobytes()) for n, a, b in kept]

    def changed(self) -> tuple[int, ...]:
        """The numbers of those that are not as they were."""
        return tuple([n for n, a, shape, content in self._kept if a.shape != shape or a.tobytes() != content])


class _Returned:
    """What a step returned, to be looked at again later: the arrays, of whatever subclass, and the list that held them."""

    def __init__(self, result, is_gradient: bool, given: list[NDArray], room: Room):
        self._list, held = None, (result,)
        if isinstance(result, list):
            self._list, held = result, list.__getitem__(result, slice(MOST_VALUES))
        elif isinstance(result, tuple):
            held = tuple.__getitem__(result, slice(MOST_VALUES))
        plain = [np.ndarray.view(value, np.ndarray) for value in held if issubclass(type(value), np.ndarray)]
        self._arrays = [a for a in plain if room.holds(a.shape) and not a.dtype.hasobject]
        self._is_gradient = is_gradient
        self._own = [a for a in self._arrays if not any([np.may_share_memory(a, b) for b in given])]
        self._seen = self._look()

    def changed(self) -> bool:
        return self._look() != self._seen

    def shares_with_any(self, others: "list[_Returned]") -> bool:
        """Whether it has memory in common with another of its kind, that was given to neither: what is given may be returned."""
        theirs = [b for other in others if other._is_gradient is self._is_gradient for b in other._own]
        return any([np.may_share_memory(a, b) for a in self._own for b in theirs])

    def _look(self) -> list:
        held = [] if self._list is None else [id(v) for v in list.__getitem__(self._list, slice(MOST_VALUES))]
        return [*held, *(a.tobytes() for a in self._arrays)]


def observe_network(
    functions: dict[str, Callable],
    leaves: Sequence[NDArray],
    nodes: Sequence[tuple[str, Sequence[int], Sequence[int]]],
    gy: NDArray,
    through: tuple[type[BaseException], ...] = (),
) -> Observation:
    """Chain operations, and backpropagate through them: `(y,)`, then a gradient for each leaf that is differentiated.

    A node is an operation, where its inputs come from (leaf 0, 1, ..., or node -1, -2, ...), and which of them are
    differentiated.
    """
    outputs: list[NDArray] = []
    closures: list[Callable] = []
    try:
        with np.errstate(all="ignore"):
            for op, inputs, _ in nodes:
                y, grad = functions[op](*copies_of(tuple(leaves[at] if at >= 0 else outputs[-1 - at] for at in inputs)))
                outputs.append(np.asarray(y))
                closures.append(grad)
            gradients: dict[int, NDArray] = {-len(nodes): gy}
            for number in range(len(nodes), 0, -1):
                _, inputs, variables = nodes[number - 1]
                if -number not in gradients:
                    continue
                result = closures[number - 1](np.array(gradients[-number]))
                parts = result if isinstance(result, tuple | list) else (result,)
                for i, part in zip(variables, parts, strict=True):
                    gradients[inputs[i]] = gradients.get(inputs[i], 0) + np.asarray(part)
    except through:
        raise
    except BaseException as error:  # whatever it is, it comes from the candidate's code
        return Observation((), _crash(error))
    room = Room.beside([tuple(leaves)], [gy])
    differentiated = sorted({inputs[i] for _, inputs, variables in nodes for i in variables if inputs[i] >= 0})
    found = tuple(_array(gradients.get(at, np.zeros(leaves[at].shape)), room) for at in differentiated)
    answers = (Answer((_array(outputs[-1], room),)), Answer(found, "" if len(found) == 1 else "tuple"))
    return Observation(answers)


def _output(result, form: str, room: Room) -> tuple[tuple[NDArray | Odd, ...] | Odd, str]:
    if form and form_of(form).values:
        parts = values_in(form, result)
        return (Odd(_words(result)), "") if parts is None else (tuple([_array(part, room) for part in parts]), "tuple")
    if not isinstance(result, tuple | list) or len(result) != 2:
        return Odd(_words(result)), ""
    if not callable(result[1]):
        return Odd(f"(y, grad) where grad is {_words(result[1])}"), ""
    return (_array(result[0], room),), ""


def _gradients(result, room: Room) -> tuple[tuple[NDArray | Odd, ...] | Odd, str]:
    if not isinstance(result, tuple | list):
        return (_array(result, room),), ""
    container = "list" if isinstance(result, list) else "tuple"
    if len(result) > MOST_VALUES:
        return Odd(_words(result)), container
    return tuple([_array(value, room) for value in result]), container


def _array(value, room: Room) -> NDArray | Odd:
    """A plain copy of the array, or of the number, that the candidate returned."""
    if not isinstance(value, np.ndarray | np.generic | float | int):
        return Odd(_words(value))
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        return Odd(f"an array of dtype {array.dtype}" if array.ndim else f"a number of dtype {array.dtype}")
    if not room.holds(array.shape):
        return Odd(f"an array of shape {array.shape}", array.shape)
    return np.array(array, dtype=array.dtype.newbyteorder("="), order="C")


def _words(value) -> str:
    """What kind of thing this is, for a sentence: `None`, `one array`, `a tuple of 3`, `a str`."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray | np.generic):
        return "one array" if isinstance(value, np.ndarray) else "one number"
    kind = type(value)
    if kind in (tuple, list, dict, set):
        return f"a {kind.__name__} of {len(value)}"
    if callable(value) and not isinstance(value, type):
        return "a function"
    name = _name(kind, 40)
    return f"{'an' if name[:1] in 'aeiouAEIOU' else 'a'} {name}"


def _name(kind: type, most: int) -> str:
    """The name of a type, whatever its own type says of it."""
    return printable(type.__dict__["__name__"].__get__(kind), most)


def _line() -> tuple[str, int]:
    """The candidate's line that is running now: the innermost frame that is neither NumPy's nor ours."""
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not (file.startswith((_NUMPY, _HERE)) or file.startswith("<__array_function__")):
            return file, frame.f_lineno
        frame = frame.f_back
    return "", 0


def _sourced(warning: tuple[str, str, int]) -> tuple[str, str, int, str]:
    """A warning with the text of the candidate's line."""
    return (*warning, printable(linecache.getline(*warning[1:]).strip(), 200))


def _crash(error: BaseException) -> Crash:
    frames = [f for f in _traced(error) if not f.filename.startswith((_NUMPY, _HERE, "<__array"))]
    own = [f for f in frames if not f.filename.startswith((_LIBRARY, "<frozen"))] or frames
    frames = tuple(
        (printable(f.filename), f.lineno or 0, printable(f.name), printable(f.line or "", 200)) for f in own[-5:]
    )
    try:
        message = builtins.str(error)
    except BaseException:  # a __str__ of the candidate's
        message = ""
    return Crash(_name(type(error), 100), printable(message), frames, error)


def _traced(error: BaseException) -> traceback.StackSummary:
    """The calls that led to it. Apart, so that guard.py knows who looks at their frames."""
    return traceback.extract_tb(error.__traceback__)


LOOKS_AT_FRAMES, LOOKS_BY_TRACEBACK = (_line,), (_traced,)
"""Which functions here do what guard.py listens to: at first hand, or three calls further in."""
