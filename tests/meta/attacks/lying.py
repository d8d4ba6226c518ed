"""Getting a pass without an answer: forged frames, patched libraries, objects that agree with everything."""

from tests.meta.attacks import Attack, at_import, in_call

# What it takes to write to the grader: a frame, and the number of the question, from the worker's own variables.
_FORGE = """
import json, os, struct, sys
def frame(**message):
    header = json.dumps(message).encode()
    return struct.pack("!4sIQ", b"KATA", len(header), 0) + header
def write(data):
    for descriptor in range(64):
        try:
            os.write(descriptor, data)
        except OSError:
            pass
def question():
    f = sys._getframe()
    while f is not None and "request" not in f.f_locals:
        f = f.f_back
    return f.f_locals["request"]["id"]
right = {"answers": [], "crash": None, "restless": [], "shared": []}
passed = {"answers": [{"values": [], "container": "tuple", "warnings": [], "changed": []}] * 2, "crash": None, "restless": [], "shared": []}
"""

ATTACKS = [
    in_call("an early answer", _FORGE + "write(frame(id=question() + 1, observations=[right]))"),
    in_call(
        "answers to the questions that wait",
        _FORGE
        + """for d in range(3, 64):
    try:
        os.set_blocking(d, False)
        data = os.read(d, 2**20)
    except OSError:
        continue
    while data[:4] == b"KATA":
        _, head, body = struct.unpack("!4sIQ", data[:16])
        write(frame(id=json.loads(data[16:16 + head])["id"], observations=[right]))
        data = data[16 + head + body:]""",
    ),
    in_call("a doubled answer", _FORGE + "write(frame(id=question(), observations=[right]) * 2)"),
    in_call(
        "an answer of another kind",
        _FORGE + "write(frame(id=question(), observations=[passed])); os._exit(0)",
        "no answer",
    ),
    in_call("an answer for another call", _FORGE + "write(frame(id=0, ready=True))", "another question"),
    in_call(
        "a word instead of an answer", _FORGE + "write(frame(id=question(), status='pass', passed=True)); os._exit(0)"
    ),
    in_call("a missing operation", _FORGE + "write(frame(id=question(), missing=True)); os._exit(0)"),
    in_call(
        "no answer and an end",
        _FORGE + "write(frame(id=question(), observations=[right])); os._exit(0)",
        "exit status 0",
    ),
    in_call("garbage on every descriptor", _FORGE + "write(os.urandom(4096))"),
    in_call("a frame of giant size", _FORGE + "write(struct.pack('!4sIQ', b'KATA', 2**32 - 1, 2**63))", "not a frame"),
    in_call(
        "a frame of a right size that never ends",
        _FORGE + "write(struct.pack('!4sIQ', b'KATA', 2**20, 2**12))\nwhile True: pass",
        "no answer after",
    ),
    in_call(
        "a frame far larger than any answer",
        _FORGE + "write(struct.pack('!4sIQ', b'KATA', 2**20, 2**28))\nwhile True: pass",
        "no answer (268435456 bytes",
    ),
    in_call(
        "a header that is nested deeply",
        _FORGE + "h = b'[' * 10**6\nwrite(struct.pack('!4sIQ', b'KATA', len(h), 0) + h)",
    ),
    in_call("the channel closed", "import os; os.closerange(3, 64)"),
    in_call(
        "the channel replaced", "import os\nr, w = os.pipe()\nfor d in range(3, 64):\n    d in (r, w) or os.dup2(w, d)"
    ),
    in_call(
        "descriptors passed to the grader",
        "import socket\nfor d in range(3, 64):\n    try: socket.send_fds(socket.socket(fileno=d), [b'x'], [0, 1])\n    except OSError: pass",
    ),
    in_call(
        "a passing summary", "print('1 passed in 0.01s\\n\\nscore 100 of 100'); import os; os._exit(0)", "exit status 0"
    ),
    at_import(
        "numpy.allclose and its kin",
        "np.allclose = np.array_equal = np.isclose = lambda *a, **k: True\nnp.testing.assert_allclose = print",
        honest=True,
    ),
    at_import("numpy.errstate", "np.errstate = None\nnp.seterr(all='ignore')"),
    at_import("numpy.asarray and numpy.array", "np.array = np.asarray = np.copy = lambda *a, **k: 1.0"),
    at_import("numpy.ndarray", "np.ndarray = object"),
    at_import("builtins", "import builtins\nbuiltins.len = lambda v: 2\nbuiltins.isinstance = lambda *a: True"),
    at_import("json", "import json\njson.dumps = json.loads = lambda *a, **k: '{}'"),
    in_call(
        "the observer patched",
        """
import sys
f = sys._getframe(1)
f.f_globals["_output"] = f.f_globals["_array"] = lambda value: (np.array(0.5),)
f.f_globals["_gradients"] = lambda value: ((np.array(0.25),), "")
""",
        honest=False,
    ),
    in_call(
        "the wire patched",
        """
import gc
for module in [o for o in gc.get_objects() if isinstance(o, dict) and "PREFIX" in o and "pack" in o]:
    module["pack"] = lambda message: b""
""",
        honest=False,
    ),
    in_call(
        "an array that is equal to everything",
        """
class Yes(np.ndarray):
    def __eq__(self, other): return True
    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__
    def __array_ufunc__(self, *a, **k): return True
    def __array_function__(self, *a, **k): return True
    def __array_finalize__(self, other): self.passed = True
    def __array__(self, *a, **k): return np.zeros(self.shape)
    def __reduce__(self): return (exit, (0,))
y = x.copy().view(Yes)
return y, lambda gy: gy.view(Yes)
""",
    ),
    in_call(
        "an object that calls itself an array",
        "class A:\n    __class__ = np.ndarray\n    shape = x.shape\n    dtype = x.dtype\nreturn A(), A",
    ),
    in_call(
        "a float that is equal to everything",
        "class F(float):\n    __eq__ = lambda s, o: True\n    __array__ = lambda s, *a, **k: x\nreturn F(0.3), lambda gy: F(0)",
    ),
    in_call(
        "a tuple that lies",
        "class T(tuple):\n    __len__ = lambda s: 2\n    __getitem__ = lambda s, i: s\n    __call__ = lambda s, g: s\nreturn T()",
    ),
    in_call("NaN as a wildcard", "return np.full_like(x, np.nan), lambda gy: np.full_like(gy, np.nan)", "nan"),
    in_call("infinity as a wildcard", "return np.full_like(x, np.inf), lambda gy: np.full_like(gy, np.inf)", "inf"),
    in_call(
        "a shape that broadcasts",
        "return np.full((1,) * (x.ndim + 1), 0.5), lambda gy: np.full((1,) * (x.ndim + 1), 0.25)",
        "shape",
    ),
    in_call("an empty array", "return np.empty((0, *x.shape)), lambda gy: np.empty(0)", "shape"),
    in_call("dtype object", "return x.astype(object), lambda gy: gy.astype(object)", "dtype object"),
    in_call("a structured dtype", "return np.zeros(x.shape, 'f8,f8'), lambda gy: gy"),
    in_call("strings", "return 'pass', lambda gy: 'pass'", "a str"),
    in_call("a masked array", "return np.ma.masked_all(x.shape), lambda gy: np.ma.masked_all(x.shape)"),
    in_call("32 dimensions", "return np.ones((1,) * 60), lambda gy: np.ones((1,) * 60)"),
    in_call("complex numbers", "return x + 1j, lambda gy: gy + 1j", "complex"),
    in_call(
        "a mutable answer",
        "y = 0 * x\ndef grad(gy):\n    y[...] = 1 / (1 + np.exp(-x))\n    return y * (1 - y) * gy\nreturn y, grad",
    ),
    in_call(
        "the trace and the profiler",
        "import sys\nsys.settrace(lambda f, *a: f.f_locals.clear())\nsys.setprofile(lambda *a: None)\nsys.excepthook = sys.displayhook = print",
    ),
    in_call(
        "the garbage collector", "import gc\nfor o in gc.get_objects():\n    if type(o) is list: o.clear()", honest=True
    ),
    Attack(
        "right the first time only",
        """
import numpy as np
calls = 0

def sigmoid(x):
    global calls
    calls += 1
    return (1 / (1 + np.exp(-x)) if calls == 1 else 0 * x), lambda gy: 0 * gy


def tensor_sum(x):
    return np.sum(x), lambda gy: gy * np.ones_like(x)
""",
    ),
    in_call(
        "answers remembered",
        "sigmoid.seen = vars(sigmoid).get('seen', {})\nreturn sigmoid.seen.setdefault(x.shape, x), lambda gy: gy",
    ),
]
