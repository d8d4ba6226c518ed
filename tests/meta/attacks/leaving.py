"""Ending the process, or raising what a grader might take for something else."""

from tests.meta.attacks import at_import, in_call, in_grad

ATTACKS = [
    at_import("exit at import", "raise SystemExit(0)", "stops the interpreter"),
    at_import("sys.exit at import", "import sys; sys.exit()", "stops the interpreter"),
    at_import("os._exit at import", "import posix; posix._exit(0)", "exit status 0"),
    at_import("exit status from atexit", "import atexit, os\natexit.register(os._exit, 0)", honest=True),
    in_call("exit in a call", "raise SystemExit(0)", "SystemExit"),
    in_call("os._exit in a call", "import posix; posix._exit(0)", "exit status 0"),
    in_grad("os._exit in grad", "import posix; posix._exit(0)", "exit status 0"),
    in_call("kill itself", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
    in_call("kill everybody", "import os, signal; os.kill(-1, signal.SIGKILL)"),
    in_call("kill the reaper", "import os, signal; os.kill(1, signal.SIGKILL); os.kill(1, signal.SIGTERM)"),
    in_call("segmentation fault", "import ctypes; ctypes.string_at(8)", "SIGSEGV"),
    in_call("abort", "import os; os.abort()", "SIGABRT"),
    in_call("KeyboardInterrupt", "raise KeyboardInterrupt", "KeyboardInterrupt"),
    in_call("GeneratorExit", "raise GeneratorExit", "GeneratorExit"),
    in_call("BaseException", "raise BaseException('all is well')", "all is well"),
    in_call(
        "exceptions named like pytest's and hypothesis's",
        """
kinds = [type(name, (BaseException,), {"__module__": module}) for module, name in (
    ("_pytest.outcomes", "Skipped"), ("_pytest.outcomes", "Exit"), ("_pytest.outcomes", "XFailed"),
    ("hypothesis.errors", "UnsatisfiedAssumption"), ("hypothesis.errors", "StopTest"),
)]
raise kinds[int(abs(x).sum()) % len(kinds)]("passed")
""",
        "passed",
    ),
    in_call(
        "exceptions named like the judge's",
        "raise type('UnsuitedExample', (Exception,), {})('drop this example')",
        "drop",
    ),
    at_import("pytest itself", "import pytest\npytest.skip('all', allow_module_level=True)", ""),
    at_import("pytest by the back door", "pytest = __import__('pytest')\npytest.exit('done', 0)", ""),
    in_call(
        "an exception with a hostile __str__",
        """
class Loud(Exception):
    def __str__(self):
        raise SystemExit(0)
raise Loud
""",
        "Loud",
    ),
    in_call(
        "an exception with hostile names",
        """
class Meta(type):
    __name__ = property(lambda self: {"array": ["<f8", [2**40]]})
class Nameless(Exception, metaclass=Meta):
    pass
raise Nameless
""",
    ),
    in_call("a huge message", "raise ValueError('a' * 10**7)", "ValueError: aaaa"),
    in_call(
        "escape sequences and HTML",
        "raise ValueError('\\x1b[2J\\x1b]0;x\\x07<script>alert(1)</script>\\u202e\\ud800')",
        "<script>",
    ),
    in_call(
        "a traceback of a thousand frames",
        "def deep(n): return deep(n - 1) if n else 1 / 0\nreturn deep(500)",
        "ZeroDivision",
    ),
    in_call("infinite recursion", "return sigmoid(x)", "RecursionError"),
    in_call(
        "recursion in C",
        "import sys; sys.setrecursionlimit(2**30)\nx = []\nfor _ in range(10**6): x = [x]\nreturn repr(x)",
    ),
    in_call(
        "a hostile __del__",
        "class End:\n    def __del__(self):\n        import os; os._exit(0)\nEnd()",
        "exit status 0",
    ),
    in_call("Ctrl-C to the group of processes", "import os, signal; os.killpg(0, signal.SIGINT)"),
]
