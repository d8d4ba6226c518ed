"""Load the candidate's modules: each by its file, so that nothing beside them is picked up by accident.

Runs beside the candidate's code, in this process or in a worker: NumPy and the standard library only.
"""

import ast
import importlib.util
import os
import sys
from collections.abc import Callable
from types import ModuleType

from .refusal import RefusedOperation

ALLOWED = sys.stdlib_module_names | {"numpy", "__future__"}


def load(file: str, name: str, shown: str, through: tuple[type[BaseException], ...] = ()) -> ModuleType:
    """The module in `file`, imported under `name`; the same one when asked again.

    `shown`: the file's name in messages. Raises RefusedOperation, with a line that begins with the
    file; exceptions of the types in `through` are let through.
    """
    if name in sys.modules:
        return sys.modules[name]
    try:
        with open(file, encoding="utf-8") as stream:
            source = stream.read()
        _refuse_foreign_imports(ast.parse(source, file), name.partition(".")[0], os.path.dirname(file), shown)
        folder = [os.path.dirname(file)] if os.path.basename(file) == "__init__.py" else None
        spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=folder)
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    except (RefusedOperation, *through):
        sys.modules.pop(name, None)
        raise
    except BaseException as error:  # also sys.exit at import
        sys.modules.pop(name, None)
        raise RefusedOperation("error", said(error, file, shown)) from None


def make_package(name: str, folder: str) -> None:
    """Let modules loaded as `name.<stem>` import each other: `from .x import f`, `from kata.x import f`, `import x`."""
    package = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, None, is_package=True))
    package.__path__ = [folder]
    sys.modules[name] = package
    sys.path.append(folder)


def operation(module, name: str) -> Callable | None:
    """The module's function of this name; None where it has none, or something that cannot be called."""
    function = getattr(module, name, None)
    return function if callable(function) else None


def _refuse_foreign_imports(tree: ast.AST, package: str, folder: str, shown: str) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        else:
            continue
        for name in names:
            top = name.partition(".")[0]
            if top not in ALLOWED and top != package and not os.path.exists(os.path.join(folder, f"{top}.py")):
                raise RefusedOperation(
                    "error",
                    f"{shown}, line {node.lineno}: imports {top}; only NumPy and the standard library may be used (rule 5)",
                )


def said(error: BaseException, file: str, shown: str) -> str:
    kind = type(error).__name__
    if isinstance(error, SyntaxError):
        return f"{shown}, line {error.lineno}: {kind}: {error.msg}"
    if isinstance(error, UnicodeDecodeError):
        return f"{shown}: is not UTF-8 text"
    trace, line = error.__traceback__, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    message = " ".join(str(error).split())[:200]
    what = (
        "stops the interpreter at import"
        if isinstance(error, SystemExit)
        else f"{kind}: {message}"
        if message
        else kind
    )
    return f"{shown}, line {line}: {what}" if line else f"{shown}: {what}"
