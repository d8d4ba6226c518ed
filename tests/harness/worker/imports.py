"""What an import gives a submission: NumPy and the standard library as they are, and a placeholder of all else.

A placeholder costs what uses it, and not the file that imports it. Runs beside the candidate's code, in this process or in
a worker: the standard library only.
"""

import sys
from collections.abc import Callable

from .conduct import ALONE

_RULE = "only NumPy and the standard library may be used (rule 5)"
_PROCESSES = {"multiprocessing"}  # of the standard library, and yet of no use
# In some Python from 3.11 on, but not in every one of them, or not on every machine: what may be imported must not depend on
# which Python grades.
_NOT_EVERYWHERE = {
    *("_tkinter", "tkinter", "turtle", "turtledemo", "idlelib", "ensurepip", "venv", "test", "lib2to3", "distutils"),
    *("imp", "asynchat", "asyncore", "smtpd", "aifc", "audioop", "cgi", "cgitb", "chunk", "crypt", "imghdr", "mailcap"),
    *("msilib", "nis", "nntplib", "ossaudiodev", "pipes", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib"),
    *("compression", "annotationlib", "_winapi", "winreg", "winsound", "msvcrt", "nt", "_msi", "_scproxy", "curses"),
    *("_curses", "_curses_panel", "dbm", "_dbm", "_gdbm", "readline"),
}
ALLOWED = frozenset({*sys.stdlib_module_names, "numpy"} - _NOT_EVERYWHERE - _PROCESSES)
_SILENT = ("tests.harness", "IPython", "ipykernel", "ipywidgets")
"""What belongs to where a submission was written, and does nothing where it is graded."""


class Placeholder:
    """Stands for what may not be used. While modules are imported, all that is done with it gives another one.

    In a call of an operation, and for a condition or a loop at import too, its use is an ImportError that names the rule.
    `is_importing`: asked whether modules are being imported.
    """

    def __init__(self, name: str, is_importing: Callable[[], bool]):
        object.__setattr__(self, "_kata", (name, is_importing))

    def _another(self, *_: object, **__: object) -> "Placeholder":
        name, is_importing = object.__getattribute__(self, "_kata")
        if not is_importing():
            self._refuse()
        return Placeholder(name, is_importing)

    def _refuse(self, *_: object, **__: object):
        name = object.__getattribute__(self, "_kata")[0]
        raise ImportError(f"uses {name}; {ALONE if name in _PROCESSES else _RULE}")

    def __getattr__(self, name: str) -> "Placeholder":
        if name.startswith("__") and name.endswith("__") and name != "__version__":
            raise AttributeError(name)
        return self._another()

    def __setattr__(self, name: str, value: object) -> None:
        self._another()

    def __mro_entries__(self, bases: tuple) -> tuple:
        self._another()
        return ()

    __call__ = __getitem__ = __enter__ = _another
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _another
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __divmod__ = __rdivmod__ = __xor__ = __rxor__ = _another
    __lshift__ = __rlshift__ = __rshift__ = __rrshift__ = __invert__ = __pos__ = __abs__ = __round__ = _another
    __matmul__ = __rmatmul__ = __pow__ = __rpow__ = __neg__ = __or__ = __ror__ = __and__ = __rand__ = _another

    def _no(self, *_: object) -> None:
        self._another()

    __setitem__ = __exit__ = _no
    __bool__ = __iter__ = __len__ = __index__ = __int__ = __float__ = __contains__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = __complex__ = __reversed__ = __array__ = _refuse
    __array_ufunc__ = None  # so that NumPy leaves arithmetic to it


class Nothing:
    """Stands for what has nothing to do where a submission is graded, as `check` of a notebook: whatever is asked of it, it does nothing."""

    def _itself(self, *_: object, **__: object) -> "Nothing":
        return self

    def __getattr__(self, name: str) -> "Nothing":
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self

    __call__ = __getitem__ = __enter__ = _itself

    def _no(self, *_: object) -> None:
        return None

    __exit__ = __setattr__ = __setitem__ = _no

    def __bool__(self) -> bool:
        return True  # as in `assert check(relu)`

    def __iter__(self):
        return iter(())

    def __repr__(self) -> str:
        return ""


NOTHING = Nothing()


def stand_in(name: str, is_optional: bool, is_importing: Callable[[], bool]):
    """What importing a module of this dotted name gives that is neither allowed nor the submission's own.

    Raises ImportError where the code itself has an answer to that.
    """
    if any(name == silent or name.startswith(f"{silent}.") for silent in _SILENT):
        return NOTHING
    top = name.partition(".")[0]
    if is_optional:
        raise ModuleNotFoundError(f"No module named {top!r}")
    return Placeholder(top, is_importing)
