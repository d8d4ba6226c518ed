"""Imports of what is not there: they cost what uses them, and nothing else; the rule is told where it is used."""

from tests.meta.handed_in import AFFINE, FOREIGN, RELU, SIGMOID, module, shared, unread

_IN_CALL = "error " + FOREIGN + " (feedforward.py, line {})"
_AT_IMPORT = "error feedforward.py, line {1}: " + FOREIGN.replace("{}", "{0}")
_LONG = "    return np.maximum(x, 0), lambda gy: gy * (x > 0)"


def _in_relu(line: str) -> str:
    return RELU.replace(_LONG, f"    {line}\n{_LONG}")


ROWS = [
    unread("a lazy import that is not used", _in_relu("import torch")),
    unread("its own package by name", "import kata\nfrom kata import feedforward\n" + RELU),
    unread(
        "torch in grad", "import torch\n" + RELU.replace("gy * (x > 0)", "torch.relu(x)"), _IN_CALL.format("torch", 6)
    ),
    unread(
        "scipy.special, which another operation does not use",
        "from scipy.special import expit\n" + SIGMOID.replace("    e = ", "    s = expit(x)\n    e = ") + RELU,
        {"sigmoid": _IN_CALL.format("scipy", 6), "relu": ""},
    ),
    unread(
        "numba on a helper",
        "from numba import njit\n\n\n@njit\ndef mask(x):\n    return x > 0\n\n\n" + RELU.replace("x > 0", "mask(x)"),
        _IN_CALL.format("numba", 13),
    ),
    unread(
        "the reference solutions",
        "from solutions.feedforward import relu\n",
        "error " + FOREIGN.format("solutions"),
        project={"solutions/__init__.py": "", "solutions/feedforward.py": RELU},
    ),
    unread(
        "a helper of its own that was not handed in",
        "from my_helpers import mask\n" + RELU.replace("x > 0", "mask(x)"),
        _IN_CALL.format("my_helpers", 6),
    ),
    unread(
        "two operations of such a module",
        "import torch\nN = int(torch.ones(3).sum())\n" + RELU + AFFINE,
        {"relu": _AT_IMPORT.format("torch", 2), "affine": _AT_IMPORT.format("torch", 2)},
    ),
    module(
        "only the standard library and NumPy",
        "import math, sys, os, re, time, json, random, functools, itertools, collections, dataclasses, typing, abc, copy, warnings, logging, pathlib\nfrom numpy.typing import NDArray\nimport numpy.linalg\n"
        + RELU,
    ),
    shared(
        "imports that are not used",
        unread(
            "torch below __main__",
            RELU
            + "\n\nif __name__ == '__main__':\n    import torch\n    print(torch.nn.functional.relu(torch.ones(3)))\n",
        ),
        unread("matplotlib unused", "import matplotlib.pyplot as plt\n" + RELU),
        unread(
            "torch unused",
            "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\nfrom torch import Tensor, optim\n"
            + RELU,
        ),
        unread(
            "all kinds of packages unused",
            "import jax, jax.numpy as jnp\nimport sklearn.datasets\nimport pandas as pd, seaborn as sns\nfrom tqdm.auto import tqdm\nimport pytest\nimport tensorflow as tf\nfrom numba import njit\nfrom scipy.special import expit\n"
            + RELU,
        ),
        unread(
            "typing_extensions", "from typing_extensions import TypeAlias\n\nArray: TypeAlias = 'np.ndarray'\n" + RELU
        ),
        unread("star of torch", "from torch import *\n" + RELU),
        unread(
            "torch's seed and constants",
            "import torch\ntorch.manual_seed(0)\nEPS = torch.finfo(torch.float32).eps\nprint(torch.__version__)\n"
            + RELU,
        ),
        unread(
            "arithmetic with torch's numbers",
            "import torch\nEPS = 2 * torch.finfo(torch.float32).eps - 1\n" + RELU,
        ),
    ),
    shared(
        "imports of what is not everywhere, and not used",
        unread("tkinter unused", "import tkinter as tk\nfrom tkinter import messagebox\n" + RELU),
        unread("distutils unused", "from distutils.version import LooseVersion\n" + RELU),
        unread("modules that newer Pythons lack", "import imp\nimport asyncore\nimport telnetlib\n" + RELU),
        unread("modules that only Windows has", "import winsound\nimport msvcrt\nfrom winreg import OpenKey\n" + RELU),
        unread("Colab's drive", "from google.colab import drive, files\ndrive.mount('/content/drive')\n" + RELU),
        unread("torch if there is one", "try:\n    import torch\nexcept ImportError:\n    torch = None\n" + RELU),
        unread(
            "torch if there is one, told by a name",
            "try:\n    import torch\n    HAS_TORCH = True\nexcept ModuleNotFoundError:\n    HAS_TORCH = False\n" + RELU,
        ),
    ),
    shared(
        "imports for types and base classes",
        unread(
            "torch's names in annotations",
            "import torch\n" + RELU.replace("(x)", "(x: torch.Tensor) -> tuple[torch.Tensor, object]", 1),
        ),
        unread(
            "torch's names in optional annotations",
            "import torch\nfrom typing import Optional, Union\n"
            + RELU.replace(
                "(x)",
                "(x: Optional[torch.Tensor], y: Union[torch.Tensor, None] = None, z: torch.Tensor | None = None)",
                1,
            ),
        ),
        unread(
            "jaxtyping's shapes in annotations",
            "import numpy as np\nfrom jaxtyping import Float\n"
            + RELU.replace("(x)", "(x: Float[np.ndarray, 'N K'])", 1),
        ),
        unread(
            "a module of torch as a base class",
            "import torch.nn as nn\n"
            + RELU
            + "\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.fc = nn.Linear(2, 2)\n\n    def forward(self, x):\n        return self.fc(x)\n",
        ),
        unread(
            "a Function of torch's autograd",
            "import torch\n"
            + RELU
            + "\n\nclass F(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x):\n        return x.clamp(0)\n",
        ),
    ),
    shared(
        "what a notebook has",
        unread(
            "display of IPython",
            "from IPython.display import display, clear_output\nfrom IPython import get_ipython\n"
            + RELU
            + "\n\ndisplay(relu(np.ones(3)))\nclear_output(wait=True)\n",
        ),
        unread(
            "get_ipython() of no import, as nbconvert writes it",
            "get_ipython().run_line_magic('matplotlib', 'inline')\nget_ipython().system('pip install numpy')\n" + RELU,
        ),
        unread(
            "check, as the README has it",
            "from tests.harness import check\n"
            + RELU
            + "\n\ncheck(relu)\nassert check(relu, op='relu') is None or True\n",
        ),
        unread(
            "check printed",
            "import sys\nsys.path.insert(0, '..')\nfrom tests.harness import check\n"
            + RELU
            + "\n\nif not check(relu):\n    print('no')\nprint(check(relu))\n",
        ),
        unread("the whole of tests.harness", "import tests.harness\n" + RELU + "\n\ntests.harness.check(relu)\n"),
    ),
    shared(
        "imports that a call uses",
        unread("torch in a call", "import torch\n" + _in_relu("t = torch.from_numpy(x)"), _IN_CALL.format("torch", 6)),
        unread(
            "torch by a lazy import",
            RELU.replace(_LONG, "    import torch\n    x = torch.tensor(x).numpy()\n" + _LONG),
            _IN_CALL.format("torch", 6),
        ),
        unread(
            "torch's functional",
            "import torch.nn.functional as F\n" + _in_relu("y = F.relu(x)"),
            _IN_CALL.format("torch", 6),
        ),
        unread(
            "a name from torch",
            "from torch.nn.functional import relu as r\n" + _in_relu("y = r(x)"),
            _IN_CALL.format("torch", 6),
        ),
        unread(
            "autograd's NumPy",
            "import autograd.numpy as np\n" + RELU.replace("import numpy as np\n", ""),
            _IN_CALL.format("autograd", 5),
        ),
        unread(
            "importlib",
            "import importlib\ntorch = importlib.import_module('torch')\n" + _in_relu("t = torch.ones(3)"),
            _IN_CALL.format("torch", 7),
        ),
        unread("__import__", _in_relu("t = __import__('torch').ones(3)"), _IN_CALL.format("torch", 5)),
        unread("tkinter in a call", "import tkinter\n" + _in_relu("tkinter.Tk()"), _IN_CALL.format("tkinter", 6)),
    ),
    shared(
        "imports that the operation itself is",
        unread(
            "numba on the operation",
            "from numba import njit\n" + RELU.replace("def relu", "@njit\ndef relu"),
            "error " + FOREIGN.format("numba"),
        ),
        unread(
            "no_grad on the operation, with a call",
            "import torch\n" + RELU.replace("def relu", "@torch.no_grad()\ndef relu"),
            "error " + FOREIGN.format("torch"),
        ),
        unread("the operation is torch's", "from torch import relu\n", "error " + FOREIGN.format("torch")),
    ),
    shared(
        "imports that a module cannot go on with",
        unread(
            "a device that depends on CUDA",
            "import torch\n\ndevice = 'cuda' if torch.cuda.is_available() else 'cpu'\n" + RELU,
            _AT_IMPORT.format("torch", 3),
        ),
        unread(
            "if torch.cuda.is_available()",
            "import torch\nif torch.cuda.is_available():\n    torch.set_default_device('cuda')\n" + RELU,
            _AT_IMPORT.format("torch", 2),
        ),
        unread(
            "a self-test by torch",
            "import torch\n" + RELU + "\n\nassert torch.allclose(torch.relu(torch.ones(3)), torch.ones(3))\n",
            _AT_IMPORT.format("torch", 9),
        ),
        unread(
            "a loop over torch's data",
            "from torch.utils.data import DataLoader\n\nfor batch in DataLoader([1, 2], batch_size=1):\n    print(batch)\n"
            + RELU,
            _AT_IMPORT.format("torch", 3),
        ),
        unread(
            "a neighbour that was not handed in",
            "from .my_helpers import mask\n" + RELU,
            "error feedforward.py, line 1: ModuleNotFoundError: No module named 'kata.my_helpers'",
        ),
    ),
]
