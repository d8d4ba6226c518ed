"""Notebooks as people leave them: what is for IPython costs itself only, and is told. What is half done is in cells.py."""

import json
from collections.abc import Mapping

from tests.meta.handed_in import AFFINE, RELU, SIGMOID, Files, HandedIn, parcel

_NOPE = "def relu(x):\n    y = np.maximum(x, 0)\n    return nope\n"
IPYTHON = "nb.ipynb, cell {}, line {}: left out, it is for IPython: {}"
_WHOLE = "nb.ipynb, cell {}: left out, it is for IPython: {}"


def notebook(
    name: str, *cells: str | dict, says: str | dict[str, str] = "", notes: tuple[str, ...] = (), **more
) -> HandedIn:
    """A notebook nb.ipynb of these cells: code, or a cell as it is stored."""
    stored = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    book = {"cells": stored, "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | more
    return parcel(f"a notebook: {name}", {"nb.ipynb": json.dumps(book)}, says, notes=notes)


def code(source: str, **more) -> dict:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None} | more


def text(source: str) -> dict:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def _lines(name: str, *lines: str) -> HandedIn:
    """Behind a right cell, each of these lines in a cell of its own."""
    notes = (IPYTHON.format(number, 1, line) for number, line in enumerate(lines, 2))
    return notebook(name, RELU, *lines, notes=tuple(notes))


def _whole(name: str, cells: Mapping[str, str]) -> HandedIn:
    """Behind a right cell, cells that are for IPython from their first line on."""
    notes = (_WHOLE.format(number, first) for number, first in enumerate(cells, 2))
    return notebook(name, RELU, *(f"{first}\n{rest}" for first, rest in cells.items()), notes=tuple(notes))


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
        "text and code", text("# My answers"), "import numpy as np", text("ReLU"), RELU.partition("\n")[2], says=""
    ),
    notebook("the README's own workflow", *_README, says={"relu": "", "sigmoid": ""}),
    notebook("sources as lists of lines", code(RELU.splitlines(keepends=True))),
    parcel("a notebook: version 3", {}, pack=_v3),
    parcel(
        "a notebook: with a mark and CRLF",
        {
            "nb.ipynb": b"\xef\xbb\xbf"
            + json.dumps({"cells": [code(RELU.replace("\n", "\r\n"))], "nbformat": 4}, indent=1)
            .replace("\n", "\r\n")
            .encode()
        },
    ),
    parcel(
        "a notebook: named with spaces",
        {"My kata (final).ipynb": json.dumps({"cells": [code("import numpy as np"), code(_NOPE)], "nbformat": 4})},
        "error NameError: name 'nope' is not defined (My kata (final).ipynb, cell 2, line 3)",
    ),
    notebook(
        "of Colab",
        "from google.colab import drive\ndrive.mount('/content/drive')",
        code(RELU, execution_count=7),
        "from google.colab import files\nfiles.download('nb.ipynb')",
        metadata={
            "colab": {"provenance": []},
            "kernelspec": {"name": "python3", "display_name": "Python 3"},
            "accelerator": "GPU",
        },
    ),
    notebook("of VS Code", code(RELU, metadata={"vscode": {"languageId": "python"}})),
    notebook(
        "with large outputs", code(RELU, outputs=[{"output_type": "stream", "name": "stdout", "text": "x" * 300000}])
    ),
    # What is for IPython
    _lines(
        "lines of a shell",
        "!pip install numpy",
        "files = !ls",
        "!!ls",
        "!ls | grep x",
        "%pip install torch",
        "%cd kata",
    ),
    _lines(
        "magics",
        "%matplotlib inline",
        "%load_ext autoreload",
        "%autoreload 2",
        "x = %pwd",
        "%timeit relu(3)",
        "%run ../setup.py",
    ),
    _lines("magics without a %", "pip install numpy", "matplotlib inline", "ls -l", "cd kata", "pwd"),
    _lines("questions", "relu?", "?relu", "relu??", "np.maximum?"),
    _whole(
        "cells for something else",
        {
            "%%bash": "ls -la\nfor f in *; do echo $f; done",
            "%%html": "<b>x</b>",
            "%%javascript": "alert(1)",
            "%%latex": "$x$",
            "%%script python2": "print 1",
            "%%markdown": "# def relu(x): pass",
            "%%sh": "pip install x",
        },
    ),
    notebook(
        "%%time and %%capture above operations",
        f"%%time\n{RELU}",
        f"%%capture out\n{SIGMOID}",
        f"# affine\n%%timeit -n1 -r1\n{AFFINE}",
        says={"relu": "", "sigmoid": "", "affine": ""},
    ),
    notebook(
        "%%prun and %%capture above operations",
        f"%%prun\n{RELU}",
        f"%%capture\n{SIGMOID}",
        says={"relu": "", "sigmoid": ""},
    ),
    notebook("%time before an assignment", RELU, "%time y = relu(np.ones(3))"),
    notebook(
        "a magic in a block",
        RELU,
        "if True:\n    %timeit 1+1\n    !ls",
        notes=(IPYTHON.format(2, 2, "%timeit 1+1"), IPYTHON.format(2, 3, "!ls")),
    ),
    notebook(
        "a magic above the operation",
        "%matplotlib inline\n" + RELU,
        notes=(IPYTHON.format(1, 1, "%matplotlib inline"),),
    ),
    notebook("modulo at the beginning of a line is none", RELU, "n = (7\n% 3)\nassert n == 1"),
    notebook("magics in a text are none", RELU, 's = """\n%matplotlib inline\n!ls\nhelp?\n"""\nassert "ls" in s'),
    notebook(
        "lines are counted below a magic",
        "import numpy as np\n%matplotlib inline\n!ls\n" + _NOPE,
        says="error NameError: name 'nope' is not defined (nb.ipynb, cell 1, line 6)",
        notes=(IPYTHON.format(1, 2, "%matplotlib inline"), IPYTHON.format(1, 3, "!ls")),
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
    # None
    notebook(
        "only text",
        text("def relu(x): pass"),
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
        {"nb.ipynb": json.dumps({"cells": [code(RELU)]})[:60]},
        "refused is not a notebook that can be read (it is cut short); save it again in Jupyter, and hand that in",
    ),
    parcel(
        "a notebook: with the marks of a merge",
        {"nb.ipynb": '{"cells": [\n<<<<<<< HEAD\n=======\n>>>>>>> main\n]}'},
        "refused has the marks of a merge that is not finished (<<<<<<<); finish it, and save the notebook",
    ),
]
