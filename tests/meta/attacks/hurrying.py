"""Being fast for nothing: a loop over the entries, and ways to hide what it costs.

`sigmoid` is right and loops, in its forward pass or in its grad; `tensor_sum`, beside it, is right and does not.
"""

from tests.meta.attacks import HONEST, Attack

_LOOP = """
import math

import numpy as np


def loop(x):
    y = np.empty(x.shape, x.dtype)
    for i, v in enumerate(x.ravel().tolist()):
        y.flat[i] = 1 / (1 + math.exp(-v)) if v > -700 else 0.0
    return y

"""
_SIGMOID = """

def sigmoid(x):
{before}
    y = loop(x)
{after}
    return y, lambda gy: gy * y * (1 - y)

"""


def _in_call(
    name: str,
    before: str = "",
    after: str = "",
    says: str = "cannot be counted",
    at_import: str = "",
    *,
    honest: bool = True,
) -> Attack:
    """A loop in the forward pass, and what is done before it, after it, and at import.

    What disturbs the counting at import costs the whole module `fast`: then not `honest`.
    """
    before, after = ("\n".join(f"    {line}" for line in part.strip().splitlines()) for part in (before, after))
    return Attack(name, _LOOP + at_import + _SIGMOID.format(before=before, after=after) + HONEST, says, honest)


def _whole(name: str, source: str, says: str = "", *, honest: bool = True) -> Attack:
    return Attack(name, _LOOP + source + "\n" + HONEST, says, honest)


_SLOW = "Python"  # what is said of a loop that was counted
_OFF = "sys.settrace(None)"

ATTACKS = [
    _in_call("nothing hidden", says=_SLOW),
    _in_call("tracing off at import", says="tracing", at_import="import sys\nsys.settrace(None)\n", honest=False),
    _in_call("tracing off in a call", "import sys\n" + _OFF),
    _in_call("tracing off and on again", "import sys\nt = sys.gettrace()\n" + _OFF, "sys.settrace(t)"),
    _whole(
        "tracing off in grad",
        """
import sys

def sigmoid(x):
    def grad(gy):
        sys.settrace(None)
        y = loop(x)
        return gy * y * (1 - y)
    return 1 / (1 + np.exp(-x)), grad
""",
        "tracing",
    ),
    _in_call("tracing off in __del__", "D()", at_import="import sys\nclass D:\n    def __del__(self): " + _OFF + "\n"),
    _in_call(
        "tracing off in a signal handler",
        "signal.raise_signal(signal.SIGURG)",
        at_import="import signal, sys\nsignal.signal(signal.SIGURG, lambda *_: " + _OFF + ")\n",
        honest=False,
    ),
    _in_call(
        "frames of its own making",
        "import sys\nclass Frame: pass\nf = Frame()\nf.f_code = __import__('collections').namedtuple.__code__\n"
        "real, sys._getframe = sys._getframe, lambda *_: f\n" + _OFF,
        "sys._getframe = real",
    ),
    _in_call(
        "a type of its own",
        "import builtins, sys\nreal, builtins.type = type, lambda *_: None\n" + _OFF,
        "builtins.type = real",
    ),
    _in_call("a profiler", "import sys\nsys.setprofile(lambda *_: None)"),
    _in_call("an audit hook", "import sys\nsys.addaudithook(lambda *_: None)"),
    _in_call(
        "a frame that is not traced",
        "f = sys._getframe()\nf.f_trace_opcodes = False",
        "f.f_trace_opcodes = True",
        "frames",
        at_import="import sys\n",
    ),
    _in_call(
        "a frame of a traceback",
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    f = error.__traceback__.tb_frame\nf.f_trace_opcodes = False",
        "f.f_trace_opcodes = True",
        "frames",
    ),
    _whole(
        "the frame of a generator",
        """
def steps():
    x = yield
    while True:
        frame.f_trace_opcodes = False
        y = np.empty(x.shape)
        for i, v in enumerate(x.ravel().tolist()):
            y.flat[i] = 1 / (1 + math.exp(-v))
        frame.f_trace_opcodes = True
        x = yield y

generator = steps()
next(generator)
frame = generator.gi_frame

def sigmoid(x):
    y = generator.send(x)
    return y, lambda gy: gy * y * (1 - y)
""",
        "frames",
        honest=False,
    ),
    _whole(
        "a generator that began at import",
        """
def steps():
    x = yield
    while True:
        y = np.empty(x.shape)
        for i, v in enumerate(x.ravel().tolist()):
            y.flat[i] = 1 / (1 + math.exp(-v))
        x = yield y

generator = steps()
next(generator)

def sigmoid(x):
    y = generator.send(x)
    return y, lambda gy: gy * y * (1 - y)
""",
        _SLOW,
    ),
    _in_call(
        "the count itself",
        "import gc\nfor o in gc.get_objects():\n    if type(o).__name__ == 'cell': pass",
        says="objects",
    ),
    _in_call(
        "the count by what traces",
        "import sys\nt = sys.gettrace()\n",
        "if t: [c for c in t.__closure__ if type(c.cell_contents) is int][0].cell_contents = -10**6",
        _SLOW,
    ),
    _in_call("memory by ctypes", "import ctypes\nctypes.c_long.from_address(id(x)).value", says="ctypes"),
    _in_call("tracing off by ctypes", "import ctypes\nctypes.pythonapi.PyEval_SetTrace(None, None)", says="ctypes"),
    _in_call("the garbage collector", "import gc\ngc.enable()\ngc.set_threshold(1)", says="gc.enable"),
    _whole(
        "a finalizer",
        """
class Late:
    def __init__(self, x): self.x, self.y = x, np.empty(x.shape)
    def __del__(self): self.y[...] = loop(self.x)

def sigmoid(x):
    late = Late(x)
    y = late.y
    del late
    return y, lambda gy: gy * y * (1 - y)
""",
        _SLOW,
    ),
    _whole(
        "filled in by a signal, afterwards",
        """
import signal

todo = []
def fill(*_):
    while todo:
        x, y = todo.pop()
        y[...] = loop(x)

signal.signal(signal.SIGALRM, fill)

def sigmoid(x):
    if x.size < 100:
        y = loop(x)
    else:
        y = np.zeros(x.shape)
        todo.append((x, y))
        signal.setitimer(signal.ITIMER_REAL, 0.001)
    return y, lambda gy: gy * y * (1 - y)
""",
        "SIGALRM",  # there are no handlers any more
        honest=False,
    ),
    _whole(
        "only the values that repeat",
        """
def sigmoid(x):
    values, places = np.unique(x, return_inverse=True)
    y = loop(values)[places].reshape(x.shape)
    return y, lambda gy: gy * y * (1 - y)
""",
        _SLOW,
    ),
    _whole(
        "computed before it is asked",
        """
known = {}

def sigmoid(x):
    if x.shape not in known:
        known[x.shape] = loop(x)
    y = known[x.shape] if x.size > 100 else loop(x)
    return y, lambda gy: gy * y * (1 - y)
""",
    ),
    _whole(
        "an array that computes when it is read",
        """
class Lazy(np.ndarray):
    def __array_finalize__(self, other): pass
    def __array__(self, *_, **__): return loop(self.x)

def sigmoid(x):
    y = np.zeros(x.shape).view(Lazy)
    y.x = x
    return (y if x.size > 100 else loop(x)), lambda gy: gy * loop(x) * (1 - loop(x))
""",
        _SLOW,
    ),
    _whole(
        "objects that compute when they are read",
        """
class Late:
    def __init__(self, v): self.v = v
    def __float__(self): return 1 / (1 + math.exp(-self.v))

def sigmoid(x):
    y = 1 / (1 + np.exp(-x))
    late = np.array(list(map(Late, x.ravel().tolist())), object).reshape(x.shape)
    return (late if x.size > 2000 else y), lambda gy: gy * y * (1 - y)
""",
        _SLOW,
    ),
    _whole(
        "the wire does it",
        """
import os
todo = []
write = os.write

def late(descriptor, data):
    while todo:
        x, y = todo.pop()
        data = bytes(data).replace(x.tobytes(), loop(x).tobytes(), 1)
    return write(descriptor, data)

os.write = late

def sigmoid(x):
    y = 1 / (1 + np.exp(-x))
    if x.size > 100:
        todo.append((x, y))
    return (x.copy() if x.size > 100 else y), lambda gy: gy * y * (1 - y)
""",
        "for larger arrays",
    ),
    _whole(
        "a builtin does it",
        """
builtins = sum.__self__
todo = []
real = builtins.isinstance

def late(value, kind):
    if todo and type(value) is np.ndarray and value.shape == todo[-1].shape and value.flags.writeable:
        x = todo[-1]
        if (value == x).all():
            value[...] = loop(x)
    return real(value, kind)

builtins.isinstance = late

def sigmoid(x):
    todo[:] = [x] if x.size > 100 else []
    y = 1 / (1 + np.exp(-x))
    return (x.copy() if todo else y), lambda gy: gy * y * (1 - y)
""",
        _SLOW,
    ),
    _whole(
        "while somebody listens",
        """
import sys

class Late:
    def __init__(self, x): self.x = x
    def __hash__(self): self.y = loop(self.x); return 0
    def __eq__(self, other): return hash(self) and False

def sigmoid(x):
    if x.size < 100:
        y = loop(x)
    else:
        late = Late(x)
        sys.audit("object.__getattr__", late, late)
        sys.audit("import", late)
        y = vars(late).get("y", 0 * x)
    return y, lambda gy: gy * y * (1 - y)
""",
        "for larger arrays: y",
    ),
    _whole(
        "as much at a small size",
        """
def sigmoid(x):
    y = loop(x)
    for _ in range(max(0, 2000 - x.size)):
        pass
    return y, lambda gy: gy * y * (1 - y)
""",
        _SLOW,
    ),
    _in_call(
        "a thread",
        "import threading\nt = threading.Thread(target=loop, args=(x,))\nt.start()\nt.join()",
        says="",
    ),
    _whole(
        "an explicit Jacobian, uncounted",
        """
import tracemalloc

def sigmoid(x):
    y = 1 / (1 + np.exp(-x))
    def grad(gy):
        tracemalloc.stop()
        gx = (np.diag((y * (1 - y)).ravel()) @ gy.ravel()).reshape(x.shape)
        tracemalloc.start()
        return gx
    return y, grad
""",
        "tracemalloc.stop",
    ),
    _whole(
        "an explicit Jacobian, forgotten",
        """
import tracemalloc

def sigmoid(x):
    y = 1 / (1 + np.exp(-x))
    def grad(gy):
        gx = (np.diag((y * (1 - y)).ravel()) @ gy.ravel()).reshape(x.shape)
        tracemalloc.reset_peak()
        return gx
    return y, grad
""",
        "tracemalloc.reset_peak",
    ),
    _whole(
        "an explicit Jacobian in mapped memory",
        """
import mmap

def sigmoid(x):
    y = 1 / (1 + np.exp(-x))
    def grad(gy):
        jacobian = np.frombuffer(mmap.mmap(-1, 8 * x.size**2 or 8)).reshape(x.size, x.size) if x.size else 0
        np.fill_diagonal(jacobian, y * (1 - y))
        return (jacobian @ gy.ravel()).reshape(x.shape)
    return y, grad
""",
        "not counted",
    ),
    _whole(
        "an explicit Jacobian in a bytearray",
        """
def sigmoid(x):
    y = 1 / (1 + np.exp(-x))
    def grad(gy):
        jacobian = np.frombuffer(bytearray(8 * x.size**2)).reshape(x.size, x.size)
        jacobian.flat[:: x.size + 1] = (y * (1 - y)).ravel()
        return (jacobian @ gy.ravel()).reshape(x.shape)
    return y, grad
""",
        "memory",
    ),
    _whole(
        "a count that is sent by itself",
        """
import json
real = json.dumps
json.dumps = lambda value, *a, **k: real({**value, "cost": [1500, 10**6, ""]} if "cost" in value else value, *a, **k)

def sigmoid(x):
    y = loop(x)
    return y, lambda gy: gy * y * (1 - y)
""",
        _SLOW,
    ),
]
