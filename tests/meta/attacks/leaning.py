"""Leaning on what is lenient: placeholders, stand-ins, what a module tells of itself, cells, builtins of its own."""

from tests.meta.attacks import HONEST, Attack, at_import, in_call
from tests.meta.attacks.lying import _FORGE as FORGE

USES = "uses torch; only NumPy and the standard library may be used (rule 5)"

ATTACKS = [
    at_import("a function of torch for an answer", "from torch import sigmoid as _s", honest=True),
    Attack(
        "torch itself under the operation's name", f"import numpy as np\nfrom torch import sigmoid\n{HONEST}", says=USES
    ),
    in_call("torch reached in a call", "import torch\nreturn torch.sigmoid(x), torch.sigmoid", says=USES),
    in_call(
        "torch by importlib", "import importlib\nreturn importlib.import_module('torch').sigmoid(x), abs", says=USES
    ),
    in_call("torch by its builtin", "return __import__('torch').sigmoid(x), abs", says=USES),
    in_call("what a placeholder keeps", "import torch\nreturn torch._kata, torch.__dict__['_kata'][1]"),
    in_call(
        "a placeholder's own class",
        "import torch\nkind = type(torch)\nkind._refuse = lambda self, *_: x\nkind._another = lambda self, *a, **k: x\nreturn torch(x), torch",
    ),
    in_call("the stand-in of check", "from tests.harness import check\nreturn check(x), check"),
    in_call("the stand-in of check, as an array", "from tests.harness import check\nreturn np.asarray(check), abs"),
    in_call("harness modules beside check", "import tests.harness.rows as rows\nreturn rows.oracle(x), rows.oracle"),
    at_import(
        "equal to everything", "from tests.harness import check as np2\nimport IPython.display as d", honest=True
    ),
    at_import(
        "told to have whatever is asked",
        "import sys\n_f = lambda x: (0 * x, lambda gy: 0 * gy)\ndef __getattr__(name):\n    return _f",
        honest=True,
    ),
    at_import("told with names without end", "globals().update({f'f{i}': len for i in range(10**5)})", honest=True),
    at_import(
        "told with names that are no names",
        "globals().update({'\\x1b[2J\\u202e' * 9: abs, 'a\\nb': abs, '': abs, 'x' * 10**6: abs})",
        honest=True,
    ),
    at_import(
        "told by a thing that answers every question",
        "class C:\n    __name__ = property(lambda self: 1 / 0)\n    __module__ = property(lambda self: 1 / 0)\n    __call__ = lambda self, *a: a\nrelu = C()",
        honest=True,
    ),
    at_import("keys that are no texts", "globals()[1] = globals()[None] = globals()[b'x'] = abs", honest=False),
    at_import("its own contents", "open('/submission/contents.json', 'w').write('{}')", says="writes the file"),
    at_import("a module's name taken", "import sys\nsys.modules['kata.module'] = sys.modules['numpy']", honest=True),
    at_import(
        "an import swallowed without end",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        says="still importing after",
    ),
    at_import("an import in C without end", "sum(iter(int, 1))", says="still importing after"),
    at_import(
        "a limit that is switched off",
        "import signal\nsignal.setitimer(signal.ITIMER_PROF, 0)\nsignal.signal(signal.SIGPROF, signal.SIG_IGN)\nwhile True: pass",
        says="still importing after",
    ),
    at_import(
        "the rules let go",
        "import os\ngo = os._exit.__globals__\ngo['_held'].clear()\nos.system('true')",
        honest=True,
    ),
    at_import("the rules' hook fed", "import sys\nsys.audit('open', object(), object(), 1)", says="writes the file"),
    at_import("exit in the other ways", "import os, posix\nposix._exit(0)", says="exit status 0"),
    at_import(
        "a forged answer to what it is told",
        FORGE
        + "write(frame(id=question(), told={'defined': [['sigmoid', 'function', [], []]], 'notes': []}))\nos._exit(0)",
        honest=False,
    ),
    at_import("a forged answer of another form", FORGE + "write(frame(id=question(), told=[[[1]]]))", honest=False),
    at_import(
        "forged notes",
        FORGE
        + "write(frame(id=question(), told={'defined': [], 'notes': ['\\x1b[2J' * 1000] * 10**4}))\nimport posix\nposix._exit(0)",
        honest=False,
    ),
    at_import(
        "a refusal of its own",
        FORGE + "write(frame(id=question(), refused=['pass', 'all is well']))\nimport posix\nposix._exit(0)",
        honest=False,
    ),
    Attack(
        "cells that are none",
        f"# %% cell 1 of /etc/passwd\nimport numpy as np\ndef sigmoid(x):\n    return 0 * x, abs\n# %% cell 2 of \x1b[2J.ipynb\n{HONEST}",
    ),
    at_import(
        "builtins of its own",
        "import builtins\nbuiltins.isinstance = lambda *_: True\nbuiltins.len = lambda *_: 2\nbuiltins.tuple = list\nbuiltins.type = lambda *_: int",
        honest=False,
    ),
    at_import(
        "builtins of everybody", "b = sum.__self__\nb.isinstance = lambda *_: True\nb.len = lambda *_: 2", honest=False
    ),
]
