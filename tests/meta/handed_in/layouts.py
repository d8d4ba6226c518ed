"""How modules lie in folders and what files are called: the operations are found, and files keep their names in messages."""

from tests.meta.handed_in import AFFINE, RELU, SIGMOID, Content, HandedIn, folder, parcel

_LEAKY = "import numpy as np\n\n\ndef leaky_relu(x, slope=0.01):\n    s = np.where(x > 0, 1, slope).astype(x.dtype)\n    return s * x, lambda gy: s * gy\n"
_RAISES = "def relu(x):\n    raise KeyError('here')\n"
_SYNTAX = "def relu(x)\n    return x\n"
_STUB = "def relu(x):\n    # TODO\n    raise NotImplementedError('relu')\n"
_OPS = ("relu", "sigmoid", "tanh", "softplus", "silu", "elu", "gelu", "softmax", "add", "divide")
_CRASH = "error KeyError: 'here' ({}, line 2)"
_COLON = "error {}, line 1: SyntaxError: expected ':'"


def nested(path: str, **others: Content) -> HandedIn:
    """A module at this path in what is handed in, as a folder."""
    return parcel(f"folders: {path}", {path: RELU, "README.md": "# me\n"})


def named(name: str, *files: str, source: str = _RAISES.replace("(x)", "(*_)"), says: str = _CRASH, **more) -> HandedIn:
    """Modules of these names, each with another operation, whose mistake names the file."""
    ops = dict(zip(_OPS, files, strict=False))
    assert len(ops) == len(files)
    written = {file: source.replace("relu", op) for op, file in ops.items()}
    shares = {op: f"{name}: {file}" for op, file in ops.items()}
    return HandedIn(name, written, {op: says.format(file) for op, file in ops.items()}, shares=shares, **more)


ROWS = [
    *map(
        nested,
        ("kata/feedforward.py", "a/b/c/kata/feedforward.py", "solutions/feedforward.py", "my work/v2/feedforward.py"),
    ),
    *map(nested, ("Abgabe/Gruppe 3 \u2013 Ö/anna-main (1)/src/kata/feedforward.py", "📁 final/Kata/feedforward.py")),
    *map(nested, ("1/feedforward.py", "#1 & more/feedforward.py", "名前/kata/feedforward.py")),
    named(
        "names that are no identifiers",
        *(
            "2nd try.py",
            "my-kata.py",
            "relu (1).py",
            "lösung.py",
            "🙂.py",
            "class.py",
            "3.py",
            "a.b.py",
            "a-b.py",
            "a b.py",
        ),
    ),
    named(
        "names of something else",
        *("numpy.py", "random.py", "torch.py", "kata.py", "test.py", "main.py", "Feedforward.py", "__main__.py"),
    ),
    parcel("a file called answers.PY", {"answers.PY": _RAISES}, _CRASH.format("answers.PY")),
    named(
        "names of what is no Python",
        *("2nd try.py", "my-kata.py", "lösung \u2013 Ö.py", "answers.py"),
        source=_SYNTAX,
        says=_COLON,
    ),
    folder("all in one", {"answers.py": RELU + SIGMOID + AFFINE}, {"relu": "", "sigmoid": "", "affine": ""}),
    folder(
        "in another level's module", {"activations.py": RELU, "feedforward.py": SIGMOID}, {"relu": "", "sigmoid": ""}
    ),
    folder(
        "a helper beside, by star",
        {
            "helpers.py": "import numpy as np\ndef mask(x): return x > 0\n",
            "feedforward.py": "from helpers import *\n" + RELU.replace("x > 0", "mask(x)"),
        },
    ),
    folder(
        "a helper beside, relative",
        {
            "helpers.py": "def mask(x): return x > 0\n",
            "feedforward.py": "from .helpers import mask\n" + RELU.replace("x > 0", "mask(x)"),
        },
    ),
    folder(
        "a helper beside, by the package",
        {
            "helpers.py": "def mask(x): return x > 0\n",
            "feedforward.py": "from kata.helpers import mask\nimport kata.helpers as h\n"
            + RELU.replace("x > 0", "mask(x)"),
        },
    ),
    folder(
        "a helper beside, by the package itself",
        {
            "helpers.py": "def mask(x): return x > 0\n",
            "feedforward.py": "from kata import helpers\nfrom . import helpers as h\n"
            + RELU.replace("x > 0", "helpers.mask(x)"),
        },
    ),
    folder(
        "a helper in a folder",
        {
            "lib/__init__.py": "",
            "lib/masks.py": "def mask(x): return x > 0\n",
            "feedforward.py": "from .lib.masks import mask\nfrom lib import masks\n" + RELU.replace("x > 0", "mask(x)"),
        },
    ),
    folder(
        "a helper in a folder without __init__.py",
        {
            "lib/masks.py": "def mask(x): return x > 0\n",
            "feedforward.py": "from lib.masks import mask\n" + RELU.replace("x > 0", "mask(x)"),
        },
    ),
    folder(
        "an operation of another level, relative",
        {
            "activations.py": _LEAKY,
            "feedforward.py": "from .activations import leaky_relu\n\n\ndef relu(x):\n    return leaky_relu(x, 0)\n",
        },
        {"relu": "", "leaky_relu": ""},
    ),
    folder(
        "an operation of another level, and its name",
        {"activations.py": RELU, "feedforward.py": "import activations\n\nrelu = activations.relu\n"},
    ),
    folder(
        "an operation that is imported from another file is there once",
        {"my_relu.py": RELU, "feedforward.py": "from .my_relu import relu\n" + SIGMOID},
        {"relu": "", "sigmoid": ""},
    ),
    folder(
        "modules that import each other",
        {"activations.py": "import feedforward\n" + _LEAKY, "feedforward.py": "from . import activations\n" + RELU},
        {"relu": "", "leaky_relu": ""},
    ),
    folder(
        "modules that import each other too early",
        {
            "activations.py": "from .feedforward import relu\n" + _LEAKY,
            "feedforward.py": "from .activations import leaky_relu\n" + RELU,
        },
        {
            "relu": "error feedforward.py, line 1: ImportError: activations.py, line 1: ImportError: cannot import name 'relu' from partially initialized module 'kata.feedforward' (most likely due to a circular import)"
        },
    ),
    folder("operations in __init__.py", {"__init__.py": RELU}),
    folder("__init__.py hands them on", {"__init__.py": "from .ops import relu\nfrom . import ops\n", "ops.py": RELU}),
    folder(
        "a package of its own name, which hands them on",
        {"nn/__init__.py": "from .act import relu\n", "nn/act.py": RELU, "feedforward.py": "from nn import relu\n"},
    ),
    folder(
        "a module called numpy beside",
        {"numpy.py": "raise RuntimeError('shadow')\n", "random.py": "x = 1\n", "feedforward.py": RELU},
    ),
    folder(
        "a module called torch beside",
        {
            "torch.py": "def clamp(x): return x\n",
            "feedforward.py": "import torch\n" + RELU.replace("np.maximum(x, 0)", "torch.clamp(np.maximum(x, 0))"),
        },
    ),
    folder(
        "twice, one in the level's module",
        {"feedforward.py": RELU, "scratch.py": _RAISES},
        notes=("relu is in feedforward.py and in scratch.py; that of feedforward.py counts",),
    ),
    folder(
        "twice, none in the level's module",
        {"activations.py": RELU, "scratch.py": _RAISES},
        notes=("relu is in activations.py and in scratch.py; that of activations.py counts",),
    ),
    folder(
        "three times",
        {"a.py": RELU, "b.py": _RAISES, "c.py": _RAISES},
        notes=("relu is in a.py, in b.py and in c.py; that of a.py counts",),
    ),
    folder(
        "the stub is left in the level's module",
        {"feedforward.py": _STUB, "my_answers.py": RELU},
        notes=("relu is in my_answers.py and in feedforward.py; that of my_answers.py counts",),
    ),
    parcel(
        "the kit's stubs below, and the answers beside",
        {"kata/feedforward.py": _STUB, "my_answers.py": RELU},
    ),
    parcel(
        "what was put aside has more in it",
        {
            "kata/feedforward.py": RELU,
            "kata_old/feedforward.py": "def relu(x):\n    return x\n\n\ndef affine(x):\n    return x\n",
        },
        notes=("kata_old/feedforward.py is not graded: operations were looked for in kata/",),
    ),
    folder(
        "a placeholder of the name, and the answer in another module",
        {"helpers.py": "from torch import relu\n", "my_answers.py": RELU},
    ),
    folder(
        "a mistake in another module costs that",
        {"feedforward.py": RELU, "activations.py": "def tanh(x\n"},
        {"relu": "", "tanh": "error activations.py, line 1: SyntaxError: '(' was never closed"},
    ),
    folder(
        "an exit in another module costs that",
        {"feedforward.py": RELU, "activations.py": "raise SystemExit\n" + _LEAKY},
        {
            "relu": "",
            "leaky_relu": 'error activations.py, line 1: stops the interpreter at import; put the call under if __name__ == "__main__":, or remove it',
        },
    ),
    folder(
        "a module in UTF-16 beside costs that",
        {"feedforward.py": RELU, "activations.py": _LEAKY.encode("utf-16")},
        {"relu": "", "leaky_relu": "error activations.py: is UTF-16 text, not UTF-8; save it as UTF-8"},
    ),
    parcel(
        "a whole project",
        {
            "kata/feedforward.py": RELU,
            "kata/__init__.py": "",
            "conftest.py": "raise SystemExit\n",
            "tests/test_mine.py": "from kata.feedforward import relu\n",
            "setup.py": "raise SystemExit\n",
            "pyproject.toml": "",
        },
    ),
    parcel(
        "virtual environments",
        {
            "kata/feedforward.py": RELU,
            ".venv/lib/relu.py": _RAISES,
            "venv/lib/x.py": _RAISES,
            "env/lib/python3.11/site-packages/a b/x.py": "1\n",
            "my env/pyvenv.cfg": "",
            "my env/lib/x.py": _RAISES,
        },
    ),
    parcel(
        "hidden files",
        {
            "feedforward.py": RELU,
            "._feedforward.py": b"\0\5\x16\7\0\2\0\0Mac OS X",
            ".ipynb_checkpoints/feedforward-checkpoint.py": _RAISES,
            "__pycache__/feedforward.cpython-311.pyc": b"\xa7\r\r\n",
            ".git/hooks/x.py": _RAISES,
            ".DS_Store": b"\0\0",
        },
    ),
    parcel(
        "answers at the top, and older ones in a folder",
        {"feedforward.py": RELU, "old/feedforward.py": _RAISES},
        notes=("old/feedforward.py is not graded: operations were looked for in the top folder",),
    ),
    parcel(
        "answers in kata/, and the kata's stubs in another",
        {"kata/feedforward.py": RELU, "original/kata/feedforward.py": _STUB},
    ),
    parcel(
        "answers in two folders by level",
        {"level1/feedforward.py": RELU, "level2/activations.py": _LEAKY},
        {"relu": "", "leaky_relu": "todo not there yet"},
        notes=("level2/activations.py is not graded: operations were looked for in level1/",),
    ),
    parcel(
        "a folder without modules",
        {"docs/README.md": "# hi\n"},
        "refused holds none of the kata's operations; expected modules like kata/feedforward.py",
    ),
    parcel(
        "a text file",
        {"code.txt": RELU},
        "refused is none of these: a folder, a .py file, an .ipynb notebook, a .zip or a .tar.gz archive; if it is Python, rename it to code.py",
    ),
    parcel(
        "a .py.txt, as Windows hides it",
        {"feedforward.py.txt": RELU},
        "refused is none of these: a folder, a .py file, an .ipynb notebook, a .zip or a .tar.gz archive; if it is Python, rename it to feedforward.py",
    ),
    parcel(
        "a Word document called .py",
        {"feedforward.py": b"PK\x03\x04\x14\0\x06\0[Content_Types].xml" + bytes(999)},
        "refused is an office document, not Python text; save it as plain text under a name that ends in .py",
    ),
    parcel(
        "a web page called .py",
        {"feedforward.py": "<!DOCTYPE html>\n<html></html>\n"},
        "refused is a saved web page, not Python text; download the file itself",
    ),
    parcel(
        "a notebook called .py",
        {"feedforward.py": '{"cells": [{"cell_type": "code", "source": "x = 1"}]}'},
        "refused is a notebook, not Python text; rename it to feedforward.ipynb",
    ),
    parcel(
        "an RTF document called .py",
        {"feedforward.py": "{\\rtf1\\ansi def relu(x): return x}"},
        "refused is an RTF document, not Python text; save it as plain text under a name that ends in .py",
    ),
]
