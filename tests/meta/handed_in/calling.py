"""What an operation does in a call besides computing: it costs that operation alone, and the line says what and where."""

from tests.meta.handed_in import CHECK, PATH, PRACTICE, RELU, HandedIn, module, shared

_RETURN = "    return np.maximum(x, 0), lambda gy: gy * (x > 0)"
_HERE = " (feedforward.py, line 5)"
_THREAD = "error RuntimeError: starts a thread; an operation runs in one thread and one process (rule 5)" + _HERE
_PROCESS = "error RuntimeError: starts a process; an operation runs in one thread and one process (rule 5)" + _HERE
_ENDLESS = "timeout stopped: no answer after 0.3 s (an endless loop?)"


def does(name: str, line: str, says: str = "", *, ways: tuple[str, ...] = (PRACTICE, PATH, CHECK)) -> HandedIn:
    """relu does this in line 5."""
    return module(f"in a call: {name}", RELU.replace(_RETURN, f"    {line}\n{_RETURN}"), says, ways=ways)


def grads(name: str, line: str, says: str) -> HandedIn:
    """relu's grad does this in line 6; its forward pass is right."""
    source = RELU.replace(
        _RETURN,
        f"    def grad(gy):\n        {line}\n        return 1 * gy * (x > 0)\n    return np.maximum(x, 0), grad",
    )
    return module(f"in a grad: {name}", source, says)


_APART = (PRACTICE, PATH)  # a notebook's kernel may be ended, start threads, and write files
_ALONE = "an operation runs in one thread and one process (rule 5)"
_WRITES = "error OSError: writes the file {}; an operation writes no files (rule 5)" + _HERE

ROWS = [
    shared(
        "in calls: nothing that harms",
        does("print", "print('x =', x)"),
        does("print much", "print('z' * 100000)"),
        does("a nested function", "def inner(): return x"),
        does("a short sleep", "import time; time.sleep(0.0001)"),
        does("NumPy's errors", "np.seterr(all='ignore')"),
        does("warnings", "import warnings; warnings.warn('slow')"),
        does("changes its own module", "globals()['affine'] = np"),
        does("output to nowhere", "import os; print(x, file=open(os.devnull, 'w'))"),
    ),
    shared(
        "in calls: ends",
        grads("raise SystemExit", "raise SystemExit(0)", "error SystemExit: 0 (feedforward.py, line 6)"),
        does("raise SystemExit", "raise SystemExit(0)", "error SystemExit: 0" + _HERE),
        does("sys.exit", "import sys; sys.exit(1)", "error SystemExit: 1" + _HERE),
    ),
    shared(
        "in calls: ends as at the prompt",
        does("exit()", "exit()", "error SystemExit" + _HERE, ways=_APART),
        does("quit with words", "quit('done')", "error SystemExit: done" + _HERE, ways=_APART),
        does("os._exit", "import os; os._exit(0)", "error SystemExit: 0" + _HERE, ways=_APART),
    ),
    shared(
        "in calls: threads and processes",
        does("a thread", "import threading; threading.Thread(target=print).start()", _THREAD, ways=_APART),
        does("a process", "import subprocess; subprocess.run(['ls'])", _PROCESS, ways=_APART),
        does("os.system", "import os; os.system('clear')", _PROCESS, ways=_APART),
        does(
            "os.kill",
            "import os; os.kill(os.getpid(), 9)",
            f"error RuntimeError: sends a signal; {_ALONE}{_HERE}",
            ways=_APART,
        ),
        does(
            "a pool of processes",
            "import multiprocessing; multiprocessing.Pool(2)",
            f"error ImportError: uses multiprocessing; {_ALONE}{_HERE}",
            ways=_APART,
        ),
    ),
    shared(
        "in calls: files, a socket and input",
        does("np.save", "np.save('weights.npy', x)", _WRITES.format("weights.npy"), ways=_APART),
        does("open to write", "open('log.txt', 'a').write('x')", _WRITES.format("log.txt"), ways=_APART),
        does(
            "Path.write_text",
            "import pathlib; pathlib.Path('x.txt').write_text('x')",
            _WRITES.format("x.txt"),
            ways=_APART,
        ),
        does(
            "os.mkdir",
            "import os; os.mkdir('out')",
            "error OSError: changes files; an operation writes no files (rule 5)" + _HERE,
            ways=_APART,
        ),
        does(
            "a socket",
            "import socket; socket.socket()",
            "error RuntimeError: opens a socket; an operation has no network (rule 5)" + _HERE,
            ways=_APART,
        ),
        does(
            "input",
            "input('go on? ')",
            "error EOFError: asks for input; nobody answers while it is graded" + _HERE,
            ways=_APART,
        ),
    ),
    does("an endless loop", "while True: pass", _ENDLESS),
    does(
        "a sleep without end",
        "import time; time.sleep(1000)",
        "timeout stopped: no answer after 0.6 s asleep or waiting",
    ),
    grads("an endless loop", "while True: pass", _ENDLESS),
    shared(
        "in calls: exceptions",
        grads("NotImplementedError", "raise NotImplementedError", "todo grad is not written yet"),
        does("an assert", "assert x.ndim == 7, 'seven'", "error AssertionError: seven" + _HERE),
        does("NotImplementedError", "raise NotImplementedError", "todo the operation is not written yet"),
        does(
            "NotImplemented, which is no exception",
            "raise NotImplemented",
            "error TypeError: exceptions must derive from BaseException" + _HERE,
        ),
        does("endless recursion", "relu(x)", "error RecursionError: maximum recursion depth exceeded" + _HERE),
        does(
            "reads a file that is not there",
            "open('weights.txt')",
            "error FileNotFoundError: [Errno 2] No such file or directory: 'weights.txt'" + _HERE,
        ),
        does(
            "an attribute that there is not",
            "x.nope",
            "error AttributeError: 'numpy.ndarray' object has no attribute 'nope'" + _HERE,
        ),
    ),
    grads("print", "print(gy)", ""),
    grads("nothing is returned", "return", "fail grad(gy) returns None, but should return one array: gx"),
]
