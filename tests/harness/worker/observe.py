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
) -> Observation:
    """Carry out the steps on fresh copies of the inputs and upstream gradients.

    Exceptions of the types in `through` are let through; every other one is reported as a crash.
    """
    answers: list[Answer] = []
    closures: dict[int, tuple[Callable, tuple, tuple]] = {}
    upstream: dict[int, NDArray] = {}
    returned: list[_Returned] = []
    room = Room.beside(inputs, gys)
    warnings: list[tuple[str, str, int]] = []
    crash = None
    with np.errstate(all="call", under="ignore", call=lambda kind, _: warnings.append((kind, *_line()))):
        for number, step in enumerate(steps):
            warnings.clear()
            try:
                if isinstance(step, Call):
                    pristine = inputs[step.inputs]
                    if step.layout in (ALIKE, ONE_ARRAY):
                        pristine = _alike(pristine)
                    given = _copies(pristine, step.layout)
                    if step.again in closures:
                        given = tuple(map(_refilled, closures[step.again][1], given))
                    result = function(*given)
                    values, container = _output(result, room), ""
                    if not isinstance(values, Odd):
                        closures[number] = (result[1], given, pristine)
                else:
                    if step.call not in closures:
                        break  # the call's answer was odd: there is no closure, and that answer says so
                    closure, given, pristine = closures[step.call]
                    (gy,) = _copies((gys[step.gy],), step.layout)
                    if step.again in upstream:
                        gy = _refilled(upstream[step.again], gy)
                    upstream[number] = gy
                    due = np.array(gy) if step.layout == BROADCAST else gys[step.gy]
                    result = closure(gy)
                    values, container = _gradients(result, room)
                    given, pristine = (*given, gy), (*pristine, due)
            except through:
                raise
            except BaseException as error:  # whatever it is, it comes from the candidate's code
                crash = _crash(error)
                break
            changed = _changed(given, pristine)
            if isinstance(step, Grad):
                changed = tuple(-1 if i == len(given) - 1 else i for i in changed)
            answers.append(Answer(values, container, tuple(map(_sourced, dict.fromkeys(warnings))), changed))
            returned.append(_Returned(result, isinstance(step, Grad), given, room))
    restless = tuple(n for n, results in enumerate(returned) if results.changed())
    shared = tuple(n for n, results in enumerate(returned) if any(map(results.shares_with, returned[:n])))
    return Observation(tuple(answers), crash, restless, shared)


class _Returned:
    """What a step returned, to be looked at again later: the arrays, of whatever subclass, and the list that held them."""

    def __init__(self, result, is_gradient: bool, given: tuple, room: Room):
        self._list, held = None, (result,)
        if isinstance(result, list):
            self._list, held = result, list.__getitem__(result, slice(MOST_VALUES))
        elif isinstance(result, tuple):
            held = tuple.__getitem__(result, slice(MOST_VALUES))
        plain = [np.ndarray.view(value, np.ndarray) for value in held if issubclass(type(value), np.ndarray)]
        self._arrays = [a for a in plain if room.holds(a.shape) and not a.dtype.hasobject]
        self._is_gradient = is_gradient
        given = [a for a in given if isinstance(a, np.ndarray)]
        self._own = [a for a in self._arrays if not any(np.may_share_memory(a, b) for b in given)]
        self._seen = self._look()

    def changed(self) -> bool:
        return self._look() != self._seen

    def shares_with(self, other: "_Returned") -> bool:
        """Whether it has memory in common with another of its kind, that was given to neither: what is given may be returned."""
        if self._is_gradient is not other._is_gradient:
            return False
        return any(np.may_share_memory(a, b) for a in self._own for b in other._own)

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
                y, grad = functions[op](*_copies(tuple(leaves[at] if at >= 0 else outputs[-1 - at] for at in inputs)))
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


LAYOUTS = ("Fortran-ordered", "strided", "reversed", "read-only")
"""How an array may lie in memory, besides the usual way."""
BROADCAST = "broadcast"
"""Likewise, of gy: its first number, in no more memory than that takes."""
ALIKE, ONE_ARRAY = "alike", "one array"
"""Of arrays of floats of one shape, all have the first one's contents; or they are all one object."""


def _copies(values: tuple, layout: str = "") -> tuple:
    copies = tuple(_laid_out(v, layout) if isinstance(v, np.ndarray) else v for v in values)
    if layout == ONE_ARRAY:
        copies = tuple(next(c for v, c in zip(values, copies, strict=True) if v is value) for value in values)
    return copies


def _alike(values: tuple) -> tuple:
    """Of arrays of floats of one shape and dtype, the first one in the place of all."""
    firsts: dict = {}
    kinds = [(v.shape, v.dtype) if _is_floats(v) else n for n, v in enumerate(values)]
    return tuple(firsts.setdefault(kind, v) for kind, v in zip(kinds, values, strict=True))


def _is_floats(value) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def _refilled(before, value):
    """The array of before, with these contents; the new one where they do not fit."""
    if not isinstance(before, np.ndarray) or before.shape != value.shape or before.dtype != value.dtype:
        return value
    before.flags.writeable = True
    before[...] = value
    return before


def _laid_out(array: NDArray, layout: str) -> NDArray:
    if not array.ndim and layout != "read-only":
        return np.array(array)
    if layout == BROADCAST:
        return np.broadcast_to(np.array(array.flat[0]), array.shape)
    if layout == "Fortran-ordered":
        return np.array(array, order="F")
    if layout == "strided":
        wide = np.zeros([2 * n for n in array.shape], array.dtype)
        view = wide[tuple(slice(None, None, 2) for _ in array.shape)]
        view[...] = array
        return view
    if layout == "reversed":
        every = tuple(slice(None, None, -1) for _ in array.shape)
        return np.array(array[every])[every]
    copy = np.array(array)
    copy.flags.writeable = layout != "read-only"
    return copy


def _changed(given: tuple, pristine: tuple) -> tuple[int, ...]:
    return tuple(
        i
        for i, (a, b) in enumerate(zip(given, pristine, strict=True))
        if isinstance(b, np.ndarray) and (a.shape != b.shape or a.tobytes() != b.tobytes())
    )


def _output(result, room: Room) -> tuple[NDArray | Odd] | Odd:
    if not isinstance(result, tuple | list) or len(result) != 2:
        return Odd(_words(result))
    if not callable(result[1]):
        return Odd(f"(y, grad) where grad is {_words(result[1])}")
    return (_array(result[0], room),)


def _gradients(result, room: Room) -> tuple[tuple[NDArray | Odd, ...] | Odd, str]:
    if not isinstance(result, tuple | list):
        return (_array(result, room),), ""
    container = "list" if isinstance(result, list) else "tuple"
    if len(result) > MOST_VALUES:
        return Odd(_words(result)), container
    return tuple(_array(value, room) for value in result), container


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
