"""Cells of notebooks become Python: what is for IPython alone is found as IPython finds it, told, and costs only itself."""

import ast
import json
import random
import time

import pytest

from tests.harness.submissions import notebooks, parcel
from tests.harness.submissions.magics import plain
from tests.harness.submissions.parcel import UnusableSubmission
from tests.harness.worker import cells, source

LINES = {  # cell -> what is run of it; a line that ends in ` <-` is told to be left out
    "%matplotlib inline <-\nx = 1": "\nx = 1",
    "!pip install \\ <-\n  numpy\nx": "\n\nx",
    "files = !ls <-\nx = %pwd <-\ny": "\n\ny",
    "relu? <-\n?relu <-\nrelu?? <-\nnp.sum? # why <-\n*int*? <-": "\n\n\n # why\n",
    "d[\n 0] = !ls": "\n",
    "{\n 1}?": "\n",
    "for i in x:\n    !ls <-\n    y": "for i in x:\n    pass\n    y",
    "if x:\n\t%time y\n\t%time": "if x:\n\ty\n\tpass",
    "%time f = 3\nx = %time f()\n%prun -s cum g()": "f = 3\nx = f()\ng()",
    "%time !ls <-\n%time %time x": "\nx",
    "%timeit f = 3 <-": "",
    ",f a <-\n;f a <-\n/f a <-\n!!ls <-\n%%html <-": "\n\n\n\n",
    "x = (5\n % 3)\ny = a \\\n % b\nz = 1 != 2": "x = (5\n % 3)\ny = a \\\n % b\nz = 1 != 2",
    "'''\n%s\n!x\nwhy?\n'''\n'it\\'s %d' # ?\n%pwd <-": "'''\n%s\n!x\nwhy?\n'''\n'it\\'s %d' # ?\n",
    '\'not closed\n%pwd <-\n"""\n%pwd': '\'not closed\n\n"""\n%pwd',
    "\r\n# why\r\n%%time\r\n%%capture out\r\nx\r\n%pwd <-": "\n# why\n\n\nx\n",
    "%%timeit -n 10 -r3 x = 1\ny": "x = 1\ny",
    "%%time --no-raise-error\ny": "\ny",
    "%%prun\t-l 3 f() \ny": "f()\ny",
    "#@title Mine { run: 'auto' }\nx = 3 # @param {type: 'integer'}": "#@title Mine { run: 'auto' }\nx = 3 # @param {type: 'integer'}",
    ">>> def f():\n...     return 1\n... \n>>> f()": "def f():\n    return 1\n\nf()",
    "In [12]: x = 1\n    ...: y": "x = 1\ny",
    "    x = 1\n    y = 2": "x = 1\ny = 2",
    "%time? <-": "",
    "pip install -q 'x>1' <-\nx\nif x:\n    ls -l kata/ <-\npwd <-\nmatplotlib inline <-\ncd .. # up <-": "\nx\nif x:\n    pass\n\n\n",
    "ls = 3\nx = (pip,\nls)\npip(install)\nls in x\ncat is x\ncd.x\ncp = man == rm\nmore -= 1": "ls = 3\nx = (pip,\nls)\npip(install)\nls in x\ncat is x\ncd.x\ncp = man == rm\nmore -= 1",
    "": "",
}


@pytest.mark.parametrize("cell", LINES)
def test_what_is_for_ipython_is_left_out_line_by_line(cell):
    """Magics, commands and questions are taken out of a cell; lines keep their places, and code that a magic runs stays."""
    seen = plain(cell.replace(" <-", ""))
    assert seen.code == LINES[cell]
    marked = [number for number, line in enumerate(cell.splitlines(), 1) if line.endswith("<-")]
    if "<-" in cell:
        assert [number for number, _ in seen.left_out] == marked


SNIPPETS = [
    *(
        snippet.replace(" <-", "").replace("\r\n", "\n") for snippet in LINES if "pip" not in snippet
    ),  # IPython's own automagic runs later
    "def f():\n    '''?\n    ?\n    '''\n    return 5 % 3",
    "f'{x!r:>{5}}' + '%d' % 3",
    "x @= y; z = [a == b, '!']",
    "try:\n    relu?\nexcept E:\n    %xmode",
    "class A:\n    %load_ext a\n    x = 2",
    "@f\ndef g(): pass",
    "x: int = !ls",
    "print('?')  # really?",
    "x = y if z else \\\n  3",
    ")",
]


def test_ipython_itself_would_run_the_same():
    """Cells put together at random leave the same Python as IPython's own transformation, its own calls left out."""
    transformer = pytest.importorskip("IPython.core.inputtransformer2")
    dice, compared = random.Random(1), 0
    for _ in range(2000):
        cell = "\n".join(dice.choice(SNIPPETS) for _ in range(dice.randrange(1, 5)))
        if any(code in cell for code in ("%%", "%time", "%prun", ",f", ">>>", "In [")):  # runs more here, or there
            continue
        try:
            due = _statements(transformer.TransformerManager().transform_cell(cell))
        except SyntaxError:
            continue
        compared += 1
        assert _statements(plain(cell).code) == due, cell
    assert compared > 300


def _statements(source: str) -> str:
    """The syntax tree, without `pass` and without what calls IPython."""

    class Without(ast.NodeTransformer):
        def generic_visit(self, node: ast.AST) -> ast.AST:
            for name in {"body", "orelse", "finalbody"}.intersection(node._fields):
                inner = getattr(node, name)
                if isinstance(inner, list):
                    setattr(node, name, [s for s in inner if not isinstance(s, ast.Pass) and not _calls(s)])
            return super().generic_visit(node)

    def _calls(statement: ast.stmt) -> bool:
        return not hasattr(statement, "body") and "get_ipython" in ast.dump(statement)

    return ast.dump(Without().visit(ast.parse(source)))


RUN = {  # cell -> the names it gives, and what is said of the others: line, and the beginning
    "x = 1\ny = 2": ("x y", []),
    "x = nope\ny = 2": ("y", [(1, "NameError")]),
    "x = nope\ny = x\nz = y\nx = 1\nw = x": ("x w", [(1, "NameError"), (2, "uses x"), (3, "uses y")]),
    "old = nope\nx = old\ndef f():\n    return old": ("f", [(1, "NameError"), (2, "uses old")]),
    "x = 1\nawait x\ny = x": ("x y", [(2, "SyntaxError")]),
    "return 1\nx = 1\nyield x": ("x", [(1, "SyntaxError"), (3, "SyntaxError")]),
    "x = 1\ny = (x,\nz = 3\ndef f(): pass\nw = y": ("x z f", [(2, "SyntaxError"), (5, "uses y")]),
    'x = """\na = 1\n"""\nb = 1\n)': ("x b", [(5, "SyntaxError")]),
    'b = 1\nx = """\na = 1\nc = 2': ("b", [(2, "SyntaxError")]),
    "if x\n    y = 1\nelse:\n    y = 2\nz = 1": ("z", [(1, "SyntaxError")]),
    "@nope\ndef f(): pass\n@abs\n\ndef g(): pass\nx = 1": ("x", [(1, "NameError"), (3, "TypeError")]),
    "from __future__ import annotations\nnope\ndef f(x: y): pass": ("annotations f", [(2, "NameError")]),
    "x = 1; y = nope; z = 2\nw = 1": ("x w", [(1, "NameError")]),
    "import sys\nsys.exit()\nx = 1": ("sys", [(2, "SystemExit")]),
    "nope\n" * 30: ("", [*[(n, "NameError") for n in range(1, 21)], (21, "more statements")]),
}


@pytest.mark.parametrize("cell", RUN)
def test_a_statement_that_fails_costs_itself_and_what_needs_it(cell):
    """Whether it cannot be read, compiled or run; what it should have given is not taken from before, and an end is an end."""
    names, told = {"old": 0}, []
    try:
        cells.run_cell(cells.read_cell(cell, "cell"), "cell", names, told.append)
    except SystemExit as end:
        told.append(end)
    seen = [source.said(error, "cell", "cell").removeprefix("cell, line ").split(": ", 1) for error in told]
    given, due = RUN[cell]
    assert [name for name in names if name not in ("old", "__builtins__", "__annotations__")] == given.split()
    assert [int(line) for line, _ in seen] == [line for line, _ in due]
    for (line, said), (_, begins) in zip(seen, due, strict=True):
        assert said.startswith(begins) or begins == "SystemExit", (line, said)


def test_a_cell_of_which_nothing_can_be_read_is_refused():
    """As Python refuses it; and one that is long and broken is not read for ever."""
    with pytest.raises(SyntaxError, match="never closed"):
        cells.read_cell("x = (", "cell")
    begun = time.process_time()
    with pytest.raises(SyntaxError):
        cells.read_cell("(\n" * 50_000, "cell")
    assert len(cells.read_cell("x = 1\n" + "y = [\n" * 20_000, "cell").body) == 1
    assert time.process_time() - begun < 60


def code(source: object, **more: object) -> dict:
    return {"cell_type": "code", "source": source, **more}


def book(*cells: dict, **more: object) -> dict:
    return {"nbformat": 4, "metadata": {}, "cells": list(cells), **more}


def kernel(**said: object) -> dict:
    return {"metadata": {"kernelspec": said}}


X = "# %% cell 1 of n.ipynb\nx\n"
OTHER = "n.ipynb, cell 1: left out, it is for IPython: "
BOOKS = {  # what is said of a notebook -> it, its modules, its notes
    "text and lists of lines": (
        book(code("x\ny"), {"cell_type": "markdown", "source": "z"}, code(["a\n", "b"]), code(["a", "b"])),
        {"n.ipynb": "# %% cell 1 of n.ipynb\nx\ny\n# %% cell 2 of n.ipynb\na\nb\n# %% cell 3 of n.ipynb\na\nb\n"},
        [],
    ),
    "nbformat 3": ({"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": ["x"]}]}]}, {"n.ipynb": X}, []),
    "no more than it must": ({"cells": [{}, {"cell_type": "code"}, code(None), code("x")]}, {"n.ipynb": "# %% cell 1 of n.ipynb\n\n# %% cell 2 of n.ipynb\n\n# %% cell 3 of n.ipynb\nx\n"}, []),
    "of Colab": (book(code("x"), **kernel(name="python3", display_name="Python 3"), colab={}), {"n.ipynb": X}, []),
    "of a kernel with a name of its own": (book(code("x"), **kernel(name="jane", language="python")), {"n.ipynb": X}, []),
    "of VS Code, with another language": (
        book(code("x"), code("ls", metadata={"vscode": {"languageId": "shellscript"}})),
        {"n.ipynb": X},
        ["n.ipynb, cell 2: left out, it is not Python but shellscript"],
    ),
    "of nbformat 3, with another language": (
        book(code("x", language="python"), code("x", language="R")),
        {"n.ipynb": X},
        ["n.ipynb, cell 2: left out, it is not Python but R"],
    ),
    "lines": (
        book(code("x\n%pwd\n"), code("%%bash\nls")),
        {"n.ipynb": "# %% cell 1 of n.ipynb\nx\n\n\n"},
        ["n.ipynb, cell 1, line 2: left out, it is for IPython: %pwd", "n.ipynb, cell 2: left out, it is for IPython: %%bash"],
    ),
    "half a character": (
        book(code("x"), code("y\n'\ud800'")),
        {"n.ipynb": X},
        ["n.ipynb, cell 2, line 2: has half a character (a lone surrogate); the cell is left out"],
    ),
    "a forged cell": (book(code("# %% cell 9 of other.ipynb")), {"n.ipynb": "# %% cell 1 of n.ipynb\n#  %% cell 9 of other.ipynb\n"}, []),
    "a written module": (
        book(code("x"), code("%%writefile kata/a.py\n%y\n"), code("%%file -a 'kata\\a.py'\nz")),
        {"n.ipynb": X, "a.py": "# %% cell 2 of n.ipynb\n\n%y\n\n# %% cell 3 of n.ipynb\n\nz\n"},
        [],
    ),
    "a module written twice": (book(code("x"), code("%%file a.py\ny"), code("%%file a.py\nz")), {"n.ipynb": X, "a.py": "# %% cell 3 of n.ipynb\n\nz\n"}, []),
    "many lines": (
        book(code("x\n" + "%pwd\n" * 12)),
        {"n.ipynb": f"{X}{12 * chr(10)}\n"},
        [*(f"n.ipynb, cell 1, line {n}: left out, it is for IPython: %pwd" for n in range(2, 12)), "n.ipynb: 2 more lines and cells are left out"],
    ),
}  # fmt: skip
WRITES = {  # path that a cell writes to -> the module that it becomes, if any
    "../a.py": "a.py", "/etc/a.py": "a.py", "C:\\env\\a.py": "a.py", "~/a.py": "a.py", "..\\..\\a.py": "a.py", "/content/kata/a.py": "a.py", "numpy.py": "numpy.py",
    "tests/a.py": "", "conftest.py": "", "a.txt": "", "a.ipynb": "", "$name.py": "", "{name}.py": "", "a\u202eb.py": "", "/": "", "..": "", ".a.py": "", "venv/a.py": "",
}  # fmt: skip


@pytest.mark.parametrize("said", BOOKS)
def test_a_notebook_becomes_python_in_cells(said):
    """A module has the notebook's code, each cell below a line with its number; what is left out is told."""
    made, modules, notes = BOOKS[said]
    seen = notebooks.read("n.ipynb", json.dumps(made).encode())
    assert {name: text.decode() for name, text in seen.modules.items()} == modules
    assert seen.notes == notes


@pytest.mark.parametrize("path", WRITES)
def test_what_a_cell_writes_lands_beside_its_notebook(path):
    """Wherever a cell would write its module, it becomes one in the notebook's own folder, or is left out with a line."""
    seen = notebooks.read("a/b/n.ipynb", json.dumps(book(code("x"), code(f'%%writefile "{path}"\ny'))).encode())
    assert set(seen.modules) == {"a/b/n.ipynb"} | ({f"a/b/{WRITES[path]}"} if WRITES[path] else set())
    assert len(seen.notes) == (not WRITES[path])


UNREADABLE = {  # bytes of a notebook -> what is said
    b"": "is an empty file; save the notebook",
    b"import numpy": r"is not a notebook that can be read \(no JSON\); if it is Python, rename it to n\.py",
    b'{"cells": [': r"is not a notebook that can be read \(it is cut short\); save it again in Jupyter",
    b'{"cells": [\n{"source": "x': r"\(it is cut short\)",
    b'{"cells": [\n,]}': r"\(it is damaged in line 2\)",
    b'{"cells": ["\xff"]}': r"\(it is no text\)",
    b"[" * 10**6: r"\(it is nested too deeply\)",
    b'{"cells": ' + b"9" * 9999 + b"}": r"\(a number in it is too long\)",
    b"{}": r"it has no cells",
    b'{"cells": 1}': "its cells are something else",
    b'{"cells": [{"cell_type": "code", "source": [1, 2]}]}': "its cells are something else",
    b'{"cells": [{"cell_type": "code", "source": {"a": 1}}]}': "its cells are something else",
    b'{"cells": [{"cell_type": "markdown", "source": "x"}]}': "is a notebook without code",
    b'{"cells": [{"cell_type": "code", "source": " \\n"}]}': "is a notebook without code",
    b'{\n<<<<<<< HEAD\n"cells": []\n=======\n>>>>>>> b\n}': "a merge that is not finished",
    json.dumps(book(code("x <- 1"), **kernel(name="ir"))).encode(): "is a notebook in R; only Python is graded",
    json.dumps(book(code("x"), **kernel(name="julia-1.9"))).encode(): "is a notebook in Julia; only Python is graded",
    json.dumps(book(code("x"), metadata={"language_info": {"name": "R"}})).encode(): "is a notebook in R",
    json.dumps(book(code("é" * 2**19 + "x"))).encode(): "more than 1048576 bytes of code",
    json.dumps(book(*[code("x")] * 40000)).encode(): "more than 1048576 bytes of code",
}


@pytest.mark.parametrize("content", UNREADABLE, ids=UNREADABLE.values())
def test_a_notebook_that_cannot_be_read_is_one_line(content):
    """A notebook that is damaged, empty or in another language is refused in a line that says which, and what to do."""
    with pytest.raises(UnusableSubmission, match=UNREADABLE[content]) as refusal:
        notebooks.read("n.ipynb", content)
    assert len(str(refusal.value)) < parcel.LONGEST_LINE
