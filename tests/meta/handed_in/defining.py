"""Every way in which a module comes to have a function of an operation's name, and the ways in which it does not."""

from tests.meta.handed_in import AFFINE, PATH, PRACTICE, RELU, SIGMOID, module, shared, unread

_SPARE = RELU.replace("def relu", "def _spare")
_BOTH = {"relu": "", "sigmoid": ""}
_TODO = "todo not there yet"
_CLASS = "error feedforward.py, line {}: relu is a class, but an operation is a function that returns (y, grad)"
_STUB = "\n\ndef relu(x):\n    # TODO\n    raise NotImplementedError('relu')\n"

ROWS = [
    module("a plain function", RELU),
    module("several operations", SIGMOID + RELU + AFFINE, {"relu": "", "affine": ""}),
    module(
        "a partial function",
        "from functools import partial\nimport numpy as np\n\n\ndef _leaky(x, slope):\n    return np.where(x > 0, x, slope * x), lambda gy: gy * np.where(x > 0, 1, slope).astype(gy.dtype)\n\n\nrelu = partial(_leaky, slope=0)\n",
        ways=(PRACTICE, PATH),
    ),
    module(
        "a function made by a factory",
        SIGMOID.replace("def sigmoid", "def _sigmoid")
        + "\n\ndef make(f):\n    def op(x):\n        return f(x)\n    return op\n\n\nsigmoid = make(_sigmoid)\nrelu = make(lambda x: (np.maximum(x, 0), lambda gy: gy * (x > 0)))\n",
        _BOTH,
    ),
    module(
        "a tuple of names",
        RELU.replace("def relu", "def r") + SIGMOID.replace("def sigmoid", "def s") + "\n\nrelu, sigmoid = r, s\n",
        _BOTH,
    ),
    unread(
        "all of NumPy's names",
        "from numpy import *\n\n\ndef relu(x):\n    return maximum(x, 0), lambda gy: gy * (x > 0)\n",
        {"relu": "", "tanh": _TODO, "add": _TODO},
    ),
    module(
        "grad is a method of a class",
        "import numpy as np\n\n\nclass Saved:\n    def __init__(self, x):\n        self.x = x\n\n    def backward(self, gy):\n        return gy * (self.x > 0)\n\n\ndef relu(x):\n    return np.maximum(x, 0), Saved(x).backward\n",
    ),
    shared(
        "what can be called",
        module(
            "an object that can be called",
            "import numpy as np\n\n\nclass Op:\n    def __call__(self, x):\n        return np.maximum(x, 0), lambda gy: gy * (x > 0)\n\n\nrelu = Op()\n",
        ),
        module(
            "a bound method",
            "import numpy as np\n\n\nclass Op:\n    def forward(self, x):\n        return np.maximum(x, 0), lambda gy: gy * (x > 0)\n\n\nrelu = Op().forward\n",
        ),
        module(
            "a static method",
            "import numpy as np\n\n\nclass Ops:\n    @staticmethod\n    def relu(x):\n        return np.maximum(x, 0), lambda gy: gy * (x > 0)\n\n\nrelu = Ops.relu\n",
        ),
        module(
            "a decorator with functools.wraps",
            "import functools\n"
            + _SPARE
            + "\n\ndef traced(f):\n    @functools.wraps(f)\n    def inner(*a, **k):\n        return f(*a, **k)\n    return inner\n\n\nrelu = traced(_spare)\n",
        ),
        module(
            "a decorator without functools.wraps",
            RELU.replace("def relu", "def traced(f):\n    return lambda *a: f(*a)\n\n\n@traced\ndef relu"),
        ),
        module("a lambda", "import numpy as np\n\nrelu = lambda x: (np.maximum(x, 0), lambda gy: gy * (x > 0))\n"),
        module("np.errstate as a decorator", RELU.replace("def relu", "@np.errstate(all='ignore')\ndef relu")),
        module(
            "lru_cache",
            "from functools import lru_cache\n" + RELU.replace("def relu", "@lru_cache\ndef relu"),
            "error TypeError: unhashable type: 'numpy.ndarray'",
        ),
    ),
    shared(
        "ways to give a name",
        module("assignments on one line", RELU.replace("def relu", "def r") + "\n\ntanh = make = None; relu = r\n"),
        module("names taken out of a list", RELU.replace("def relu", "def r") + "\n\n(relu, *rest) = [r, r]\n"),
        module("a chain of assignments", RELU.replace("def relu", "def r") + "\n\nactivation = relu = r\n"),
        module("globals()", RELU.replace("def relu", "def r") + "\n\nglobals()['relu'] = r\n"),
        module("globals().update", RELU.replace("def relu", "def r") + "\n\nglobals().update(relu=r)\n"),
        module("exec", "exec('''" + RELU + "''')\n"),
        module(
            "a walrus",
            "import numpy as np\n\nif (relu := lambda x: (np.maximum(x, 0), lambda gy: gy * (x > 0))):\n    pass\n",
        ),
        module("a for loop's variable", RELU.replace("def relu", "def r") + "\n\nfor relu in [r]:\n    pass\n"),
    ),
    shared(
        "in blocks",
        module(
            "below if TYPE_CHECKING ... else",
            "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from numpy.typing import NDArray\nelse:\n    NDArray = object\n"
            + RELU.replace("x)", "x: 'NDArray')"),
        ),
        module(
            "below if True",
            "if True:\n    import numpy as np\n\n    def relu(x):\n        return np.maximum(x, 0), lambda gy: gy * (x > 0)\n",
        ),
        module(
            "below a version",
            "import sys\n\nif sys.version_info >= (3, 8):\n"
            + "".join(f"    {line}\n" for line in RELU.splitlines())
            + "else:\n    relu = None\n",
        ),
        module(
            "in try",
            "try:\n    import numpy as np\n\n    def relu(x):\n        return np.maximum(x, 0), lambda gy: gy * (x > 0)\nexcept ImportError:\n    pass\n",
        ),
        module(
            "in except",
            "import numpy as np\n\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    def relu(x):\n        return np.maximum(x, 0), lambda gy: gy * (x > 0)\n",
        ),
        module(
            "in match",
            "match 1:\n    case 1:\n        import numpy as np\n\n        def relu(x):\n            return np.maximum(x, 0), lambda gy: gy * (x > 0)\n",
        ),
    ),
    shared(
        "written once or twice, with types",
        module(
            "torch's types in quotes",
            "from collections.abc import Callable\n"
            + RELU.replace("(x)", "(x: 'torch.Tensor') -> 'tuple[torch.Tensor, Callable]'", 1),
        ),
        module(
            "types that are not read",
            "from __future__ import annotations\n"
            + RELU.replace("(x)", "(x: torch.Tensor) -> tuple[Tensor, Callable]", 1),
        ),
        module("optional parameters more", RELU.replace("(x)", "(x, *, inplace=False, name='relu')", 1)),
        module("__all__ that does not have it", "__all__ = ['affine']\n" + RELU),
        module("written twice, the second time right", "def relu(x):\n    return x\n\n\n" + RELU),
        module("a stub above", "def relu(x):\n    raise NotImplementedError\n\n\n" + RELU),
    ),
    shared(
        "by the module's own doing",
        unread(
            "setattr on the module",
            "import sys\n" + RELU.replace("def relu", "def r") + "\n\nsetattr(sys.modules[__name__], 'relu', r)\n",
        ),
        unread(
            "a module's __getattr__",
            RELU.replace("def relu", "def r")
            + "\n\ndef __getattr__(name):\n    if name == 'relu':\n        return r\n    raise AttributeError(name)\n",
        ),
        unread("a module's __getattr__ for all names", RELU + "\n\ndef __getattr__(name):\n    return relu\n"),
    ),
    shared(
        "no definition, or one of a stub",
        unread(
            "a stub below",
            RELU + _STUB,
            "todo defined in lines 4 and 8 of feedforward.py; the last one counts, and that is the stub: delete it",
        ),
        unread(
            "a stub below, which only passes",
            RELU + "\n\ndef relu(x):\n    pass\n",
            "fail returns None, but should return (y, grad)",
        ),
        unread(
            "a stub", "def relu(x):\n    raise NotImplementedError('relu')\n", "todo the operation is not written yet"
        ),
        unread("deleted afterwards", RELU + "\n\ndel relu\n", _TODO),
        unread("None", "relu = None\n", _TODO),
        unread("NumPy's own function", "import numpy as np\n\nrelu = np.maximum\n", _TODO),
    ),
    shared(
        "what is returned, and taken",
        module(
            "a parameter more",
            RELU.replace("(x)", "(x, out)", 1),
            "error TypeError: relu() missing 1 required positional argument: 'out'",
        ),
        module(
            "self forgotten outside a class",
            RELU.replace("(x)", "(self, x)", 1),
            "error TypeError: relu() missing 1 required positional argument: 'x'",
        ),
        module(
            "a named tuple is returned",
            "from collections import namedtuple\n\nResult = namedtuple('Result', 'y grad')\n"
            + RELU.replace(
                "return np.maximum(x, 0), lambda gy: gy * (x > 0)",
                "return Result(np.maximum(x, 0), lambda gy: gy * (x > 0))",
            ),
        ),
        module(
            "a list is returned",
            RELU.replace(
                "return np.maximum(x, 0), lambda gy: gy * (x > 0)", "return [np.maximum(x, 0), lambda gy: gy * (x > 0)]"
            ),
        ),
        module(
            "a dataclass is returned",
            "from dataclasses import dataclass\n\n\n@dataclass\nclass Result:\n    y: object\n    grad: object\n\n\n"
            + RELU.replace(
                "return np.maximum(x, 0), lambda gy: gy * (x > 0)",
                "return Result(np.maximum(x, 0), lambda gy: gy * (x > 0))",
            ),
            "fail returns a Result, but should return (y, grad)",
        ),
        module(
            "nothing is returned",
            RELU.replace("return ", "y, grad = "),
            "fail returns None, but should return (y, grad)",
        ),
        module(
            "a coroutine",
            "import warnings\nwarnings.simplefilter('ignore')\n" + RELU.replace("def", "async def"),
            "fail returns a coroutine, but should return (y, grad)",
        ),
        module("a generator", RELU.replace("return", "yield"), "fail returns a generator, but should return (y, grad)"),
    ),
    shared(
        "classes",
        unread(
            "a class of the operation's name",
            "import numpy as np\n\n\nclass relu:\n    def forward(self, x):\n        return np.maximum(x, 0)\n\n    def backward(self, gy):\n        return gy\n",
            _CLASS.format(4),
        ),
        unread(
            "a class with a parameter",
            "import numpy as np\n\n\nclass relu:\n    def __init__(self, x):\n        self.y = np.maximum(x, 0)\n",
            _CLASS.format(4),
        ),
        unread("a class that the name is given to", "class ReLU:\n    pass\n\n\nrelu = ReLU\n", _CLASS.format(1)),
    ),
]
