"""Cells that are half done, fail or stop: each costs itself only, and a message names it and its line."""

from tests.meta.handed_in import AFFINE, RELU, SIGMOID, STUB
from tests.meta.handed_in.notebooks import IPYTHON, code, notebook, text

_NOPE = "def relu(x):\n    y = np.maximum(x, 0)\n    return nope\n"
_ENDS = "nb.ipynb, cell {}, line {}: {}; the rest of the cell is left out"
_ALONE = "nb.ipynb, cell {}, line {}: {}; the statement is left out"
_BROKEN = "nb.ipynb, cell {}, line {}: {}; the cell is left out"

ROWS = [
    notebook(
        "a half-written last cell",
        RELU,
        "y, grad = relu(np.ones(3)",
        notes=(_BROKEN.format(2, 1, "SyntaxError: '(' was never closed"),),
    ),
    notebook(
        "a half-written cell in the middle",
        SIGMOID,
        "def tanh(x):\n    return np.",
        RELU,
        says={"relu": "", "sigmoid": ""},
        notes=(_BROKEN.format(2, 2, "SyntaxError: invalid syntax"),),
    ),
    notebook(
        "a scratch cell that raises",
        RELU,
        "print(1)\nz + 1\nprint(2)",
        "1 / 0",
        notes=(
            _ALONE.format(2, 2, "NameError: name 'z' is not defined"),
            _ALONE.format(3, 1, "ZeroDivisionError: division by zero"),
        ),
    ),
    notebook(
        "a cell that raises before the operation",
        "w = np.ones(3)",
        RELU,
        notes=(_ALONE.format(1, 1, "NameError: name 'np' is not defined"),),
    ),
    notebook(
        "a cell that raises in a helper of another cell",
        RELU + "\ndef helper():\n    raise ValueError('no')\n",
        "x = 1\nhelper()",
        notes=(_ALONE.format(2, 2, "ValueError: no"),),
    ),
    notebook(
        "a cell that exits",
        RELU,
        "import sys\nsys.exit()",
        AFFINE,
        says={"relu": "", "affine": ""},
        notes=(
            _ENDS.format(
                2, 2, 'stops the interpreter at import; put the call under if __name__ == "__main__":, or remove it'
            ),
        ),
    ),
    notebook(
        "a cell that waits for input",
        RELU,
        "n = input('n = ')",
        notes=(_ALONE.format(2, 1, "EOFError: asks for input; nobody answers while it is graded"),),
    ),
    notebook(
        "a cell with an assert that fails",
        RELU,
        "assert relu(np.ones(2))[0].sum() == 3",
        notes=(_ALONE.format(2, 1, "AssertionError"),),
    ),
    notebook(
        "a cell that trains by torch",
        RELU,
        "import torch\nloss = torch.ones(3).sum()\nif loss > 3:\n    print(loss)",
        notes=(
            _ALONE.format(2, 3, "ImportError: uses torch; only NumPy and the standard library may be used (rule 5)"),
        ),
    ),
    notebook(
        "a cell that plots",
        "import matplotlib.pyplot as plt\n%matplotlib inline\n" + RELU,
        "xs = np.linspace(-3, 3)\nplt.plot(xs, relu(xs)[0])\nplt.show()",
        notes=(IPYTHON.format(1, 2, "%matplotlib inline"),),
    ),
    notebook(
        "a cell that plots, and unpacks",
        RELU,
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()",
        notes=(
            _ALONE.format(
                2, 2, "ImportError: uses matplotlib; only NumPy and the standard library may be used (rule 5)"
            ),
        ),
    ),
    notebook(
        "a traceback pasted into a cell",
        RELU,
        "Traceback (most recent call last):\n  File 'x', line 1",
        notes=(_BROKEN.format(2, 1, "SyntaxError: invalid syntax. Perhaps you forgot a comma?"),),
    ),
    notebook("an operation that is written again", "def relu(x):\n    return x\n", RELU),
    notebook(
        "a stub cell below",
        "import numpy as np",
        RELU,
        "def relu(x):\n    raise NotImplementedError\n",
        says="todo defined in cells 2 and 3 of nb.ipynb; the last one counts, and that is the stub: delete it",
    ),
    notebook(
        "an operation that was broken later",
        RELU,
        "def relu(x)\n    return x",
        notes=(_BROKEN.format(2, 1, "SyntaxError: expected ':'"),),
    ),
    notebook(
        "out of order",
        "y, grad = relu(np.ones(2))",
        RELU,
        notes=(_ALONE.format(1, 1, "NameError: name 'relu' is not defined"),),
    ),
    notebook(
        "a mistake in a call names its cell",
        text("t"),
        "import numpy as np",
        AFFINE,
        _NOPE,
        says={"relu": "error NameError: name 'nope' is not defined (nb.ipynb, cell 3, line 3)", "affine": ""},
    ),
    notebook(
        "a mistake in a grad names its cell",
        "import numpy as np",
        "\n\ndef relu(x):\n    def grad(gy):\n        return nope\n    return np.maximum(x, 0), grad",
        says="error NameError: name 'nope' is not defined (nb.ipynb, cell 2, line 5)",
    ),
    notebook(
        "a near miss names its cell",
        "import numpy as np",
        RELU.replace("def relu", "def ReLU"),
        says="todo not there yet; ReLU is there (nb.ipynb, cell 2, line 4): call it relu",
    ),
    notebook(
        "a class names its cell",
        "x = 1",
        "class relu:\n    pass",
        says="error nb.ipynb, cell 2, line 1: relu is a class, but an operation is a function that returns (y, grad)",
    ),
    notebook("a stub", "def relu(x):\n    raise NotImplementedError", says=STUB),
    notebook(
        "an endless loop",
        RELU,
        "while True:\n    pass",
        notes=(_ENDS.format(2, 1, "still importing after 0.3 s (an endless loop?)"),),
    ),
    notebook("an import from __future__ in a later cell", "x = 1", "from __future__ import annotations\n" + RELU),
    notebook(
        "a cell of R",
        code("x <- c(1)", metadata={"vscode": {"languageId": "r"}}),
        RELU,
        notes=("nb.ipynb, cell 1: left out, it is not Python but r",),
    ),
    notebook("raw cells", {"cell_type": "raw", "metadata": {}, "source": "def relu(x): pass"}, RELU),
    notebook("empty cells", "", "  \n", RELU, "\n"),
    notebook(
        "that imports a module beside it, which was not handed in",
        "from kata.feedforward import relu\nfrom kata import *",
        says="todo not there yet",
        notes=(_ALONE.format(1, 1, "ModuleNotFoundError: No module named 'kata.feedforward'"),),
    ),
    notebook(
        "await in a cell",
        RELU,
        "import asyncio\nawait asyncio.sleep(0)",
        notes=(_ALONE.format(2, 2, "SyntaxError: 'await' outside function"),),
    ),
    notebook(
        "what a course left open, above the operation",
        "import numpy as np\ndata = ...\nn = len(data)\nX = course.load(n)\nprint(X)\n" + RELU,
        notes=(
            _ALONE.format(1, 3, "TypeError: object of type 'ellipsis' has no len()"),
            _ALONE.format(1, 4, "uses n, which a statement above should have given"),
            _ALONE.format(1, 5, "uses X, which a statement above should have given"),
        ),
    ),
    notebook(
        "await above the operation",
        "await setup()\n" + RELU,
        notes=(_ALONE.format(1, 1, "SyntaxError: 'await' outside function"),),
    ),
    notebook(
        "a half-written line below the operation",
        RELU + "\ny, grad = relu(np.ones(3)",
        notes=(_ALONE.format(1, 7, "SyntaxError: '(' was never closed"),),
    ),
    notebook(
        "a half-written line above the operation",
        "import numpy as np\nx = np.\n" + RELU,
        notes=(_ALONE.format(1, 2, "SyntaxError: invalid syntax"),),
    ),
    notebook(
        "a value of an earlier cell, which a later one failed to give anew",
        "import numpy as np\nslope = 7",
        "slope = course.slope\nfloor = slope - 7\n" + RELU,
        "floor = 0",
        notes=(
            _ALONE.format(2, 1, "NameError: name 'course' is not defined"),
            _ALONE.format(2, 2, "uses slope, which a statement above should have given"),
        ),
    ),
    notebook(
        "the last answer, which IPython keeps",
        RELU,
        "relu(np.ones(2))",
        "y, grad = _",
        notes=(_ALONE.format(3, 1, "NameError: name '_' is not defined"),),
    ),
]
