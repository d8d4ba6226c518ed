"""What a module does while it is imported: what does no harm costs nothing, and what ends or stops it is told with its line."""

from tests.meta.handed_in import AFFINE, PATH, PRACTICE, RELU, module, parcel, shared, unread

_ERROR = "error feedforward.py, line {}: {}"
_STOPS = 'stops the interpreter at import; put the call under if __name__ == "__main__":, or remove it'
_THREAD = "RuntimeError: starts a thread; an operation runs in one thread and one process (rule 5)"
_PROCESS = "RuntimeError: starts a process; an operation runs in one thread and one process (rule 5)"
_SIGNAL = "RuntimeError: sends a signal; an operation runs in one thread and one process (rule 5)"
_CHANGES = "OSError: changes files; an operation writes no files (rule 5)"
_WRITES = "OSError: writes the file {}; an operation writes no files (rule 5)"
_SOCKET = "RuntimeError: opens a socket; an operation has no network (rule 5)"
_ENDLESS = "timeout feedforward.py, line {}: still importing after 0.3 s (an endless loop?)"


def _below(*lines: str) -> str:
    """relu, and these lines from line 8 on."""
    return "\n".join([RELU, "", *lines, ""])


def _above(*lines: str) -> str:
    """These lines from line 1 on, and relu."""
    return "\n".join([*lines, RELU])


ROWS = [
    unread("os._exit", _below("import os", "os._exit(0)"), _ERROR.format(9, _STOPS)),
    unread("unittest.main() without its guard", _below("import unittest", "unittest.main()"), _ERROR.format(9, _STOPS)),
    module(
        "unittest.main() with its guard",
        _below(
            "import unittest",
            "class T(unittest.TestCase):",
            "    def test(self):",
            "        relu(np.ones(3))",
            "if __name__ == '__main__':",
            "    unittest.main(exit=False)",
        ),
        ways=(PRACTICE, PATH),
    ),
    unread(
        "an endless loop costs each operation of the module",
        _above("i = 0", "while i < 10:", "    np = i") + AFFINE,
        {"relu": _ENDLESS.format(2), "affine": _ENDLESS.format(2)},
    ),
    parcel("sys.stdin", {"feedforward.py": _below("import sys", "lines = sys.stdin.read()")}),
    unread(
        "a name that there is not",
        _below("print(rleu(np.ones(3)))"),
        _ERROR.format(8, "NameError: name 'rleu' is not defined"),
    ),
    module("prints much", _below("for i in range(5000):", "    print('loading', i)")),
    unread("an alarm of its own", _below("import signal", "signal.alarm(1)")),
    unread(
        "changed builtins", _below("import builtins", "builtins.print = lambda *a, **k: None", "builtins.sum = np.sum")
    ),
    unread("a changed NumPy", _below("np.float = float", "np.relu = relu")),
    module(
        "a program below __main__ that would fail elsewhere",
        RELU + "\n\nif __name__ == '__main__':\n    raise SystemExit(relu('text'))\n",
        ways=(PRACTICE, PATH),
    ),
    shared(
        "ends",
        unread("exit()", _below("exit()"), _ERROR.format(8, _STOPS)),
        unread("quit()", _below("quit(0)"), _ERROR.format(8, _STOPS)),
        unread("sys.exit()", _below("import sys", "sys.exit()"), _ERROR.format(9, _STOPS)),
        unread("sys.exit with words", _below("import sys", "sys.exit('all tests passed')"), _ERROR.format(9, _STOPS)),
        unread("raise SystemExit", _below("raise SystemExit(0)"), _ERROR.format(8, _STOPS)),
        unread(
            "main(), which ends with sys.exit",
            _below("import sys", "def main():", "    sys.exit(0)", "main()"),
            _ERROR.format(10, _STOPS),
        ),
        unread("os._exit before the operation", _above("import os", "os._exit(1)"), _ERROR.format(2, _STOPS)),
        unread(
            "os.kill of itself",
            _below("import os, signal", "os.kill(os.getpid(), signal.SIGKILL)"),
            _ERROR.format(9, _SIGNAL),
        ),
    ),
    shared(
        "threads and processes",
        unread(
            "a thread", _below("import threading", "threading.Thread(target=print).start()"), _ERROR.format(9, _THREAD)
        ),
        unread("a timer", _below("import threading", "threading.Timer(5.0, print).start()"), _ERROR.format(9, _THREAD)),
        unread("a process", _below("import subprocess", "subprocess.run(['ls'])"), _ERROR.format(9, _PROCESS)),
        unread("os.system", _below("import os", "os.system('clear')"), _ERROR.format(9, _PROCESS)),
        unread(
            "pip by a process",
            _above("import subprocess, sys", "subprocess.check_call([sys.executable, '-m', 'pip', '--version'])"),
            _ERROR.format(2, _PROCESS),
        ),
        unread("os.fork", _below("import os", "os.fork()"), _ERROR.format(9, _PROCESS)),
        unread(
            "a pool of threads",
            _below(
                "from concurrent.futures import ThreadPoolExecutor",
                "with ThreadPoolExecutor(2) as pool:",
                "    list(pool.map(abs, [1, 2]))",
            ),
            _ERROR.format(10, _THREAD),
        ),
        unread(
            "a pool of processes",
            _below("from multiprocessing import Pool", "with Pool(2) as pool:", "    ys = list(pool.map(abs, [1, 2]))"),
            _ERROR.format(
                10, "ImportError: uses multiprocessing; an operation runs in one thread and one process (rule 5)"
            ),
        ),
    ),
    shared(
        "raises",
        unread(
            "an assert that fails", _below("assert relu(np.ones(2))[0].sum() == 3"), _ERROR.format(8, "AssertionError")
        ),
        unread(
            "an assert that fails with words",
            _below("assert False, 'my test'"),
            _ERROR.format(8, "AssertionError: my test"),
        ),
        unread(
            "a self-test that raises",
            _below("def test():", "    raise ValueError('no')", "test()"),
            _ERROR.format(9, "ValueError: no"),
        ),
        unread("a division by zero", _below("x = 1 / 0"), _ERROR.format(8, "ZeroDivisionError: division by zero")),
        unread(
            "endless recursion",
            _below("def f(n):", "    return f(n + 1)", "f(0)"),
            _ERROR.format(9, "RecursionError: maximum recursion depth exceeded"),
        ),
        unread(
            "a file that is not there",
            _below("weights = np.load('weights.npy')"),
            _ERROR.format(8, "FileNotFoundError: [Errno 2] No such file or directory: 'weights.npy'"),
        ),
        unread(
            "an exception of its own",
            _below("class Oops(Exception):", "    pass", "raise Oops"),
            _ERROR.format(10, "Oops"),
        ),
        unread(
            "an exception in several lines",
            _below("raise ValueError('one\\ntwo')"),
            _ERROR.format(8, "ValueError: one two"),
        ),
    ),
    shared(
        "files and sockets",
        unread(
            "np.save", _below("np.save('weights.npy', np.ones(3))"), _ERROR.format(8, _WRITES.format("weights.npy"))
        ),
        unread(
            "open to write",
            _below("with open('out/log.txt', 'w') as log:", "    print(1, file=log)"),
            _ERROR.format(8, _WRITES.format("log.txt")),
        ),
        unread(
            "Path.write_text",
            _below("from pathlib import Path", "Path('notes.md').write_text('x')"),
            _ERROR.format(9, _WRITES.format("notes.md")),
        ),
        unread("os.mkdir", _below("import os", "os.makedirs('out')"), _ERROR.format(9, _CHANGES)),
        unread("os.remove", _below("import os", "os.remove('kata.log')"), _ERROR.format(9, _CHANGES)),
        unread(
            "a log in a file",
            _below("import logging", "logging.FileHandler('kata.log')"),
            _ERROR.format(9, _WRITES.format("kata.log")),
        ),
        unread("a socket", _below("import socket", "s = socket.socket()"), _ERROR.format(9, _SOCKET)),
        unread(
            "input()",
            _below("name = input('your name: ')"),
            _ERROR.format(8, "EOFError: asks for input; nobody answers while it is graded"),
        ),
    ),
    module(
        "prints to stderr and logs",
        _below(
            "import logging, sys",
            "logging.basicConfig(level=logging.DEBUG)",
            "logging.info('hello')",
            "print('hello', file=sys.stderr)",
        ),
        counted=False,
    ),
    shared(
        "prints, seeds and settings",
        module(
            "prints characters of all kinds",
            _below("print('λ → 🙂 \\x1b[31m \\udc80'.encode('utf-8', 'replace'))", "print('Lösung 🙂')"),
        ),
        module(
            "NumPy's random numbers and way to print",
            _below("np.random.seed(0)", "np.set_printoptions(precision=3, suppress=True)"),
        ),
        module("a short sleep", _below("import time", "time.sleep(0.01)")),
        module("a deeper stack", _below("import sys", "sys.setrecursionlimit(5000)")),
        module("the collector is off", _below("import gc", "gc.disable()")),
        module("an escape that is none", _below("PATTERN = '\\d+'")),
        module("a warning", _above("import warnings", "warnings.warn('old')")),
    ),
    unread(
        "sys.path is changed",
        _above(
            "import os, sys",
            "sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))",
            "sys.path.append('..')",
            "sys.path = sys.path[:2]",
        ),
    ),
    unread("output to nowhere", _above("import os, sys", "sys.stdout = open(os.devnull, 'w')")),
    unread(
        "signal handlers",
        _below(
            "import signal",
            "signal.signal(signal.SIGINT, signal.SIG_DFL)",
            "signal.signal(signal.SIGALRM, signal.SIG_IGN)",
        ),
        counted=False,
    ),
    shared(
        "what scripts do",
        unread("an argument parser", _below("import argparse", "args = argparse.ArgumentParser().parse_args()")),
        unread("sys.argv is asked", _below("import sys", "N = int(sys.argv[1]) if len(sys.argv) > 1 else 3")),
        unread("a stream in UTF-8, for Windows", _above("import sys", "sys.stdout.reconfigure(encoding='utf-8')")),
        unread(
            "where it is",
            _above(
                "import os",
                "os.environ['OMP_NUM_THREADS'] = '1'",
                "HERE = os.path.dirname(os.path.abspath(__file__))",
                "os.chdir(HERE)",
            ),
        ),
        unread("a pool of processes that is only made", _below("from multiprocessing import Pool", "pool = Pool(2)")),
    ),
    shared(
        "settings that could disturb",
        module("warnings are errors", _below("import warnings", "warnings.filterwarnings('error')")),
        module("NumPy's errors are raised", _below("np.seterr(all='raise')")),
        module(
            "builtins of its own",
            _below("sum = np.sum", "input = lambda *a: ''", "print = lambda *a, **k: None", "max = np.maximum"),
        ),
        module("atexit", _below("import atexit", "atexit.register(print, 'bye')")),
    ),
]
