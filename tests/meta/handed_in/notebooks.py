"""Notebooks as people leave them: what is for IPython, and what is half done, costs itself only, and is told."""

import json

from tests.meta.handed_in import AFFINE, RELU, SIGMOID, STUB, Files, HandedIn, parcel

_NOPE = "def relu(x):\n    y = np.maximum(x, 0)\n    return nope\n"
_IPYTHON = "nb.ipynb, cell {}, line {}: left out, it is for IPython: {}"
_WHOLE = "nb.ipynb, cell {}: left out, it is for IPython: {}"
_ENDS = "nb.ipynb, cell {}, line {}: {}; the rest of the cell is left out"
_BROKEN = "nb.ipynb, cell {}, line {}: {}; the cell is left out"


def notebook(
    name: str, *cells: str | dict, says: str | dict[str, str] = "", notes: tuple[str, ...] = (), **more
) -> HandedIn:
    """A notebook nb.ipynb of these cells: code, or a cell as it is stored."""
    stored = [_code(cell) if isinstance(cell, str) else cell for cell in cells]
    book = {"cells": stored, "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | more
    return parcel(f"a notebook: {name}", {"nb.ipynb": json.dumps(book)}, says, notes=notes)


def _code(source: str, **more) -> dict:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None} | more


def _text(source: str) -> dict:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def _line(text: str) -> HandedIn:
    """A cell of this line alone, behind a right one."""
    return notebook(text, RELU, text, notes=(_IPYTHON.format(2, 1, text),))


def _cell(first: str, rest: str) -> HandedIn:
    """A cell that is for IPython from its first line on."""
    return notebook(first, RELU, f"{first}\n{rest}", notes=(_WHOLE.format(2, first),))


def _runs(first: str) -> HandedIn:
    """A cell whose first line is for IPython, and whose code counts."""
    return notebook(f"{first} above the operation", f"{first}\n{RELU}")


def _v3(files: Files) -> tuple[str, bytes]:
    cells = [{"cell_type": "code", "input": RELU.splitlines(keepends=True), "language": "python", "outputs": []}]
    return "nb.ipynb", json.dumps({"worksheets": [{"cells": cells}], "metadata": {}, "nbformat": 3}).encode()


_README = (
    "import sys\nsys.path.insert(0, '..')\nfrom tests.harness import check",
    RELU,
    "check(relu)",
    SIGMOID + "\n\ncheck(sigmoid)\ncheck(sigmoid, op='sigmoid', seed=1)",
    "result = check(relu)\nresult",
)

ROWS = [
    notebook("one cell", RELU),
    notebook(
        "text and code", _text("# My answers"), "import numpy as np", _text("ReLU"), RELU.partition("\n")[2], says=""
    ),
    notebook("the README's own workflow", *_README, says={"relu": "", "sigmoid": ""}),
    notebook("sources as lists of lines", _code(RELU.splitlines(keepends=True))),
    parcel("a notebook: version 3", {}, pack=_v3),
    parcel(
        "a notebook: with a mark and CRLF",
        {
            "nb.ipynb": b"\xef\xbb\xbf"
            + json.dumps({"cells": [_code(RELU.replace("\n", "\r\n"))], "nbformat": 4}, indent=1)
            .replace("\n", "\r\n")
            .encode()
        },
    ),
    parcel(
        "a notebook: named with spaces",
        {"My kata (final).ipynb": json.dumps({"cells": [_code("import numpy as np"), _code(_NOPE)], "nbformat": 4})},
        "error NameError: name 'nope' is not defined (My kata (final).ipynb, cell 2, line 3)",
    ),
    notebook(
        "of Colab",
        "from google.colab import drive\ndrive.mount('/content/drive')",
        _code(RELU, execution_count=7),
        "from google.colab import files\nfiles.download('nb.ipynb')",
        metadata={
            "colab": {"provenance": []},
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
            "accelerator": "GPU",
        },
    ),
    notebook("of VS Code", _code(RELU, metadata={"vscode": {"languageId": "python"}})),
    notebook(
        "with large outputs", _code(RELU, outputs=[{"output_type": "stream", "name": "stdout", "text": "x" * 300000}])
    ),
    # What is for IPython
    *map(
        _line,
        (
            "!pip install numpy",
            "%matplotlib inline",
            "%load_ext autoreload",
            "%autoreload 2",
            "files = !ls",
            "x = %pwd",
            "relu?",
            "?relu",
            "relu??",
            "%cd kata",
            "%timeit relu(3)",
            "%pip install torch",
            "!ls | grep x",
            "%run ../setup.py",
            "!!ls",
        ),
    ),
    *(
        _cell(first, rest)
        for first, rest in (
            ("%%bash", "ls -la\nfor f in *; do echo $f; done"),
            ("%%html", "<b>x</b>"),
            ("%%javascript", "alert(1)"),
            ("%%latex", "$x$"),
            ("%%script python2", "print 1"),
            ("%%markdown", "# def relu(x): pass"),
            ("%%sh", "pip install x"),
        )
    ),
    *map(_runs, ("%%time", "%%timeit -n1 -r1", "%%capture", "%%capture out", "%%prun", "# a comment\n%%time")),
    notebook("%time before an assignment", RELU, "%time y = relu(np.ones(3))"),
    notebook(
        "a magic in a block",
        RELU,
        "if True:\n    %timeit 1+1\n    !ls",
        notes=(_IPYTHON.format(2, 2, "%timeit 1+1"), _IPYTHON.format(2, 3, "!ls")),
    ),
    notebook(
        "a magic above the operation",
        "%matplotlib inline\n" + RELU,
        notes=(_IPYTHON.format(1, 1, "%matplotlib inline"),),
    ),
    notebook("modulo at the beginning of a line is none", RELU, "n = (7\n% 3)\nassert n == 1"),
    notebook("magics in a text are none", RELU, 's = """\n%matplotlib inline\n!ls\nhelp?\n"""\nassert "ls" in s'),
    notebook(
        "lines are counted below a magic",
        "import numpy as np\n%matplotlib inline\n!ls\n" + _NOPE,
        says="error NameError: name 'nope' is not defined (nb.ipynb, cell 1, line 6)",
        notes=(_IPYTHON.format(1, 2, "%matplotlib inline"), _IPYTHON.format(1, 3, "!ls")),
    ),
    notebook("%%writefile", f"%%writefile kata/feedforward.py\n{RELU}"),
    notebook(
        "%%writefile, with a mistake",
        f"%%writefile feedforward.py\nimport numpy as np\n{_NOPE}",
        says="error NameError: name 'nope' is not defined (nb.ipynb, cell 1, line 5)",
    ),
    notebook(
        "%%writefile of a helper",
        "%%writefile masks.py\ndef mask(x):\n    return x > 0\n",
        "from masks import mask\n" + RELU.replace("x > 0", "mask(x)"),
    ),
    notebook(
        "%%writefile in two parts",
        f"%%writefile feedforward.py\n{SIGMOID}",
        f"%%writefile -a feedforward.py\n{RELU}",
        says={"relu": "", "sigmoid": ""},
    ),
    notebook(
        "display",
        "from IPython.display import display, Markdown, HTML\n" + RELU,
        "display(relu(np.ones(2)))\nHTML('<b>x</b>')",
    ),
    notebook("display of no import", RELU, "display(relu(np.ones(2)))"),
    notebook(
        "get_ipython()",
        "get_ipython().run_line_magic('matplotlib', 'inline')\nip = get_ipython()\nif ip is not None:\n    ip.run_cell('1')",
        RELU,
    ),
    notebook(
        "the last answer, which IPython keeps",
        RELU,
        "relu(np.ones(2))",
        "y, grad = _",
        notes=(_ENDS.format(3, 1, "NameError: name '_' is not defined"),),
    ),
    notebook(
        "await in a cell",
        RELU,
        "import asyncio\nawait asyncio.sleep(0)",
        notes=(_BROKEN.format(2, 2, "SyntaxError: 'await' outside function"),),
    ),
    # What is half done
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
            _ENDS.format(2, 2, "NameError: name 'z' is not defined"),
            _ENDS.format(3, 1, "ZeroDivisionError: division by zero"),
        ),
    ),
    notebook(
        "a cell that raises before the operation",
        "w = np.ones(3)",
        RELU,
        notes=(_ENDS.format(1, 1, "NameError: name 'np' is not defined"),),
    ),
    notebook(
        "a cell that raises in a helper of another cell",
        RELU + "\ndef helper():\n    raise ValueError('no')\n",
        "x = 1\nhelper()",
        notes=(_ENDS.format(2, 2, "ValueError: no"),),
    ),
    notebook(
        "a cell that exits",
        RELU,
        "import sys\nsys.exit()",
        AFFINE,
        says={"relu": "", "affine": ""},
        notes=(_ENDS.format(2, 2, "stops the interpreter"),),
    ),
    notebook(
        "a cell that waits for input",
        RELU,
        "n = input('n = ')",
        notes=(_ENDS.format(2, 1, "EOFError: EOF when reading a line"),),
    ),
    notebook(
        "a cell with an assert that fails",
        RELU,
        "assert relu(np.ones(2))[0].sum() == 3",
        notes=(_ENDS.format(2, 1, "AssertionError"),),
    ),
    notebook(
        "a cell that trains by torch",
        RELU,
        "import torch\nloss = torch.ones(3).sum()\nif loss > 3:\n    print(loss)",
        notes=(
            _ENDS.format(2, 3, "ImportError: uses torch; only NumPy and the standard library may be used (rule 5)"),
        ),
    ),
    notebook(
        "a cell that plots",
        "import matplotlib.pyplot as plt\n%matplotlib inline\n" + RELU,
        "xs = np.linspace(-3, 3)\nplt.plot(xs, relu(xs)[0])\nplt.show()",
        notes=(_IPYTHON.format(1, 2, "%matplotlib inline"),),
    ),
    notebook(
        "a cell that plots, and unpacks",
        RELU,
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()",
        notes=(
            _ENDS.format(
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
        notes=(_ENDS.format(1, 1, "NameError: name 'relu' is not defined"),),
    ),
    notebook(
        "a mistake in a call names its cell",
        _text("t"),
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
        says="timeout nb.ipynb, cell 2, line 1: still importing after 1 s of computing: an endless loop?",
    ),
    notebook("an import from __future__ in a later cell", "x = 1", "from __future__ import annotations\n" + RELU),
    notebook(
        "a cell of R",
        _code("x <- c(1)", metadata={"vscode": {"languageId": "r"}}),
        RELU,
        notes=("nb.ipynb, cell 1: left out, it is not Python but r",),
    ),
    notebook("raw cells", {"cell_type": "raw", "metadata": {}, "source": "def relu(x): pass"}, RELU),
    notebook("empty cells", "", "  \n", RELU, "\n"),
    notebook(
        "that imports a module beside it, which was not handed in",
        "from kata.feedforward import relu\nfrom kata import *",
        says="todo not there yet",
        notes=(_ENDS.format(1, 1, "ModuleNotFoundError: No module named 'kata.feedforward'"),),
    ),
    # None
    notebook(
        "only text",
        _text("def relu(x): pass"),
        says="refused is a notebook without code; was it saved before it was handed in?",
    ),
    notebook("no cells", says="refused is a notebook without code; was it saved before it was handed in?"),
    parcel(
        "a notebook: an empty file", {"nb.ipynb": ""}, "refused is an empty file; save the notebook, and hand that in"
    ),
    parcel(
        "a notebook: Python under its name",
        {"nb.ipynb": RELU},
        "refused is not a notebook that can be read (no JSON); if it is Python, rename it to nb.py",
    ),
    parcel(
        "a notebook: cut off",
        {"nb.ipynb": json.dumps({"cells": [_code(RELU)]})[:60]},
        "refused is not a notebook that can be read (Unterminated string starting at: line 1 column 59 (char 58)); save it again in Jupyter, and hand that in",
    ),
    parcel(
        "a notebook: with the marks of a merge",
        {"nb.ipynb": '{"cells": [\n<<<<<<< HEAD\n=======\n>>>>>>> main\n]}'},
        "refused has the marks of a merge that is not finished (<<<<<<<); finish it, and save the notebook",
    ),
]
