"""Call the candidate's code and report what happened, as data. It judges nothing.

Runs beside the candidate's code, in this process or in a worker: NumPy and the standard library only.
"""

import builtins
import linecache
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from .forms import call_in, form_of, grad_in, values_in
from .layouts import ALIKE, BROADCAST, ONE_ARRAY, alike, copies_of, laid_out, refilled
from .observation import MOST_VALUES, Answer, Call, Crash, Grad, Observation, Odd, Room
from .printable import printable

_SEVERAL, _NUMBERS = (tuple, list), (np.ndarray, np.generic, float, int)
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
                    changed, to = given.changed(), (given,)
                    if moved:
                        changed = tuple(sorted({*changed, *moved}))
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
                    to = (given, above)
            except through:
                raise
            except BaseException as error:  # whatever it is, it comes from the candidate's code
                crash = _crash(error)
                break
            heard = tuple(map(_sourced, dict.fromkeys(warnings))) if warnings else ()
            answers.append(Answer(values, container, heard, changed))
            returned.append(_Returned(result, type(step), to, room))
            if number + 1 < len(steps):  # after the last step nothing runs that could change what it returned
                returned[-1].look()
    restless = tuple([n for n, results in enumerate(returned) if results.changed()])
    return Observation(tuple(answers), crash, restless, tuple(_sharing(returned)))


class _Given:
    """The values that are given to a call, and how the arrays among them were."""

    def __init__(self, values: tuple, pristine: tuple):
        self.values = values
        both = enumerate(zip(values, pristine, strict=True))
        self._kept = [(n, a, b.shape, b.tobytes()) for n, (a, b) in both if isinstance(b, np.ndarray)]

    def arrays(self) -> list[NDArray]:
        return [a for _, a, _, _ in self._kept]

    def changed(self) -> tuple[int, ...]:
        """The numbers of those that are not as they were."""
        return tuple([n for n, a, shape, content in self._kept if a.shape != shape or a.tobytes() != content])


class _Returned:
    """What a step of this kind returned when it was given something, to be looked at again later."""

    def __init__(self, result, kind: type, given: tuple[_Given, ...], room: Room):
        self.kind, self._given, self._room, self._result = kind, given, room, result
        self._arrays: list[NDArray] | None = None
        self._seen: list = []

    def look(self) -> None:
        """Remember how it is now: the arrays, of whatever subclass, and the list that held them."""
        self._arrays = self._held()
        self._seen = self._now()

    def changed(self) -> bool:
        """Whether it is not as it was when it was looked at."""
        return self._arrays is not None and self._now() != self._seen

    def own(self) -> list[NDArray]:
        """The arrays whose memory was not given: what is given may be returned."""
        given = [array for each in self._given for array in each.arrays()]
        arrays = self._held() if self._arrays is None else self._arrays
        return [a for a in arrays if not any([np.may_share_memory(a, b) for b in given])]

    def _held(self) -> list[NDArray]:
        held = (self._result,)
        for kind in _SEVERAL:
            if isinstance(self._result, kind):
                held = kind.__getitem__(self._result, slice(MOST_VALUES))
        plain = [np.ndarray.view(value, np.ndarray) for value in held if issubclass(type(value), np.ndarray)]
        return [a for a in plain if self._room.holds(a) and not a.dtype.hasobject]

    def _now(self) -> list:
        contents = [a.tobytes() for a in self._arrays]
        if isinstance(self._result, list):
            contents += [id(value) for value in list.__getitem__(self._result, slice(MOST_VALUES))]
        return contents


def _sharing(returned: list[_Returned]) -> Iterator[int]:
    """The steps whose results have memory in common with an earlier step's of the same kind, that was given to neither."""
    if len({results.kind for results in returned}) == len(returned):  # most often: a call, a grad
        return
    earlier: dict[type, list[NDArray]] = {}
    for number, results in enumerate(returned):
        own, others = results.own(), earlier.setdefault(results.kind, [])
        if any([np.may_share_memory(a, b) for a in own for b in others]):
            yield number
        others += own


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
    if not isinstance(result, _SEVERAL) or len(result) != 2:
        return Odd(_words(result)), ""
    if not callable(result[1]):
        return Odd(f"(y, grad) where grad is {_words(result[1])}"), ""
    return (_array(result[0], room),), ""


def _gradients(result, room: Room) -> tuple[tuple[NDArray | Odd, ...] | Odd, str]:
    if not isinstance(result, _SEVERAL):
        return (_array(result, room),), ""
    container = "list" if isinstance(result, list) else "tuple"
    if len(result) > MOST_VALUES:
        return Odd(_words(result)), container
    return tuple([_array(value, room) for value in result]), container


def _array(value, room: Room) -> NDArray | Odd:
    """A plain copy of the array, or of the number, that the candidate returned."""
    if not isinstance(value, _NUMBERS):
        return Odd(_words(value))
    array = np.asarray(value)
    dtype = array.dtype
    if dtype.kind not in "fiub" or dtype.itemsize > 8:
        return Odd(f"an array of dtype {dtype}" if array.ndim else f"a number of dtype {dtype}")
    if not room.holds(array):
        return Odd(f"an array of shape {array.shape}", array.shape)
    return np.array(array, dtype=dtype if dtype.isnative else dtype.newbyteorder("="), order="C")


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
