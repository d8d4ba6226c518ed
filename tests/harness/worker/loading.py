"""Load a submission's modules, whoever imports them, and tell what each defines.

A module is read, checked and run in one way, in this process or in a worker, so that the same bytes get the same verdict in
the same words. Nothing beside the modules is picked up by accident. NumPy and the standard library only.
"""

import ast
import builtins
import linecache
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib.machinery import ModuleSpec
from types import ModuleType

from .cells import Cell, read_cell, run_cell
from .conduct import no_input, open_unless_nowhere
from .imports import ALLOWED, NOTHING, stand_in
from .kinds import kind_of, own_name
from .refusal import NOT_THERE, OutOfTime, RefusedOperation
from .source import Part, decoded, defined, defined_inside, imported_if_there, parts_of, said

_Tree = ast.Module | Cell | Exception
"""A module, a cell, or what is wrong with a cell."""


class Modules:
    """The modules of a submission in a folder, imported as those of `package`, each once.

    `shown`: file, relative to the folder -> its name in messages. `named`: file -> under which name Python knows it, in
    tracebacks. `limited`: gives the context in which a part of a module runs, which may raise OutOfTime.
    Exceptions of the types in `through` are let through.
    """

    def __init__(
        self,
        package: str,
        folder: str,
        shown: dict[str, str],
        *,
        named: Callable[[str], str] | None = None,
        limited: Callable[[], AbstractContextManager] = nullcontext,
        through: tuple[type[BaseException], ...] = (),
    ):
        self._package, self._folder, self.shown = package, folder, shown
        self._named = named or (lambda file: shown[file])
        self._limited, self._through = limited, through
        self._loaded: dict[str, ModuleType] = {}
        self._refused: dict[str, tuple[str, str]] = {}
        self._notes: dict[str, list[str]] = {}
        self._places: dict[str, dict[str, list[str]]] = {}  # file -> name -> where its text defines it
        self._inside: dict[str, dict[str, tuple[str, str]]] = {}  # file -> name -> where something has it, and what
        self._depth = 0  # of modules that are being imported
        self._optional: dict[str, set[str]] = {}  # module -> what it imports only if it is there
        self._builtins = ModuleType("builtins")  # its own, which it may change
        vars(self._builtins).update(
            vars(builtins),
            __import__=self._import,
            open=open_unless_nowhere,
            input=no_input,
            exit=sys.exit,  # as people write it, though it is for the prompt
            quit=sys.exit,
            get_ipython=lambda: NOTHING,
            display=NOTHING,
        )

    def load(self, file: str) -> ModuleType:
        """The module in the file. Raises RefusedOperation, with a line that begins with the file's name."""
        if file in self._refused:
            raise RefusedOperation(*self._refused[file])
        if file not in self._loaded:
            try:
                self._run(file)
            except RefusedOperation as refused:
                self._loaded.pop(file, None)
                self._refused[file] = (refused.status, refused.line)
                raise
        return self._loaded[file]

    def told(self, file: str, names: list[str]) -> dict:
        """What the module says of itself and of these names, loaded if need be: see PROTOCOL.md. Raises RefusedOperation."""
        module, places = self.load(file), self.places(file)
        texts = [name for name in vars(module) if type(name) is str]
        plain = [name for name in texts if not name.startswith("__") and len(name) <= _LONGEST]
        found = {name: kind for name in (*names, *plain) if (kind := kind_of(module, name))}
        return {
            "defined": [
                [name, kind, places.get(name, [])[:_MOST_NOTES], places.get(own_name(module, name), [])[-1:]]
                for name, kind in found.items()
            ][:_MOST],
            "inside": [[op, *at] for op in names if op not in found and (at := self._inside[file].get(op))],
            "notes": self._notes[file],
        }

    def function(self, file: str, op: str, *, is_class: bool = False) -> Callable:
        """The module's function of this name; a class, if one is due. Raises RefusedOperation, also where it has none."""
        module = self.load(file)
        if kind_of(module, op) not in ("function", "stub", "foreign", *["class"] * is_class):
            raise RefusedOperation("todo", NOT_THERE)
        return getattr(module, op)

    def places(self, file: str) -> dict[str, list[str]]:
        """Where the names are defined that the module's statements define: `line 3`, or `cell 2, line 3`. It is not run for that."""
        if file not in self._places:
            try:
                self._parsed(file)
            except (RefusedOperation, SyntaxError, ValueError, RecursionError, MemoryError, OSError):
                self._places.setdefault(file, {})
        return self._places[file]

    def _run(self, file: str) -> None:
        shown = self.shown[file]
        try:
            pieces, optional = self._parsed(file)
        except (RefusedOperation, *self._through):
            raise
        except BaseException as error:
            raise RefusedOperation("error", said(error, self._named(file), shown)) from None
        name = f"{self._package}.{file.removesuffix('.py').replace('/', '.')}".removesuffix(".__init__")
        module = ModuleType(name)
        is_package = os.path.basename(file) == "__init__.py"
        module.__file__, module.__package__ = self._named(file), name if is_package else name.rpartition(".")[0]
        module.__builtins__, self._optional[name] = self._builtins, optional
        module.__spec__ = ModuleSpec(name, None)
        module.__spec__._initializing = True  # for Python's words about circular imports
        self._loaded[file] = sys.modules[name] = module
        self._notes[file] = []
        self._depth += 1
        try:
            for part, tree in pieces:
                self._run_part(file, part, tree, module)
        except BaseException:
            sys.modules.pop(name, None)
            raise
        finally:
            self._depth -= 1
            module.__spec__._initializing = False

    def _run_part(self, file: str, part: Part, tree: _Tree, module: ModuleType) -> None:
        """Run a module, or a cell of what was a notebook, of which a statement that fails costs itself."""
        shown = part.file if part.is_cell else self.shown[file]
        try:
            if isinstance(tree, Exception):
                raise tree
            code = None if part.is_cell else compile(tree, part.file, "exec", dont_inherit=True)
            with self._limited() if self._depth == 1 else nullcontext():
                if code:
                    exec(code, module.__dict__)
                else:
                    run_cell(tree, part.file, vars(module), lambda e: self._leave_out(file, part, e), self._through)
        except self._through:
            raise
        except BaseException as error:  # also sys.exit at import
            if isinstance(error, RefusedOperation) and (error.status == "timeout" or not part.is_cell):
                raise
            if not part.is_cell:
                status = "timeout" if isinstance(error, OutOfTime) else "error"
                raise RefusedOperation(status, said(error, part.file, shown)) from None
            self._leave_out(file, part, error, "the cell" if error is tree else "the rest of the cell")

    def _leave_out(self, file: str, part: Part, error: BaseException, what: str = "the statement") -> None:
        """Note why something of a cell is left out."""
        notes = self._notes[file]
        if len(notes) < _MOST_NOTES:
            notes.append(f"{said(error, part.file, part.file)}; {what} is left out")
        elif len(notes) == _MOST_NOTES:
            notes.append(f"{part.file} and more cells fail")

    def _parsed(self, file: str) -> tuple[list[tuple[Part, _Tree]], set[str]]:
        """The parts of the module with their syntax trees, or what is wrong with a cell; and what it imports only if it is there."""
        with open(os.path.join(self._folder, file), "rb") as stream:
            text = decoded(stream.read())
        found: list[tuple[Part, _Tree]] = []
        places: dict[str, list[str]] = {}
        inside: dict[str, tuple[str, str]] = {}
        optional: set[str] = set()
        for part in parts_of(text, self._named(file)):
            if part.file not in linecache.cache and not os.path.isabs(part.file):
                lines = part.text.splitlines(keepends=True)
                linecache.cache[part.file] = (len(part.text), None, lines, part.file)
            try:
                tree: _Tree = (read_cell if part.is_cell else ast.parse)(part.text, part.file)
            except Exception as error:
                if not part.is_cell:
                    raise
                tree = error
            else:
                place = f"{part.file.rpartition(', ')[2]}, " if part.is_cell else ""
                for name, line in defined(tree):
                    places.setdefault(name, []).append(f"{place}line {line}")
                inside |= {name: (f"{place}line {line}", where) for name, line, where in defined_inside(tree)}
                optional |= imported_if_there(tree)
            found.append((part, tree))
        self._inside[file] = inside
        self._places[file] = {name: found for name, found in places.items() if len(name) <= _LONGEST}
        return found, optional

    def _import(
        self,
        name: str,
        globals: dict | None = None,
        locals: dict | None = None,
        fromlist: tuple[str, ...] | None = (),
        level: int = 0,
    ):
        """Python's `__import__` for the submission's modules."""
        wanted, importer = fromlist or (), globals or {}
        if level:
            package = str(importer.get("__package__", self._package))
            base = package.split(".")[: len(package.split(".")) - level + 1]
            if not base:
                raise ImportError("attempted relative import beyond top-level package")
            return self._own([*base[1:], *filter(None, name.split("."))], wanted, whole=True)
        first, *rest = name.split(".")
        if first == self._package:
            return self._own(rest, wanted, whole=bool(wanted))
        if name == "builtins":
            return self._builtins
        if first in ALLOWED:
            return builtins.__import__(name, globals, locals, wanted, 0)
        if self._file_of([first]) is not None:
            return self._own([first, *rest], wanted, whole=bool(wanted), top=first)
        is_optional = first in self._optional.get(str(importer.get("__name__")), ())
        return stand_in(name, is_optional, lambda: self._depth > 0)

    def import_module(self, name: str, package: str | None = None):
        """importlib's function of this name, for the submission."""
        level = len(name) - len(name.lstrip("."))
        return self._import(name[level:], {"__package__": package or self._package}, None, ("__name__",), level)

    def _own(self, parts: list[str], wanted: tuple[str, ...], *, whole: bool, top: str = ""):
        """A module of the submission: the innermost of a dotted name, or the first of it.

        Unlike Python, it runs no `__init__.py` on the way that nobody asks for: what is wrong there is not this module's.
        """
        module = self._module_of(parts)
        for name in wanted:
            if name != "*" and name not in vars(module) and self._file_of([*parts, name]) is not None:
                vars(module)[name] = self._module_of([*parts, name])
        if whole:
            return module
        outer = first = self._module_of(parts[:1] if top else [])
        for depth in range(2 if top else 1, len(parts) + 1):
            inner = self._module_of(parts[:depth])
            vars(outer).setdefault(parts[depth - 1], inner)
            outer = inner
        return first

    def _module_of(self, parts: list[str]) -> ModuleType:
        file = self._file_of(parts)
        if file is None:
            raise ModuleNotFoundError(f"No module named {'.'.join((self._package, *parts))!r}")
        if not file:  # a folder without an __init__.py
            return self._loaded.setdefault(f"{'/'.join(parts)}/", ModuleType(".".join((self._package, *parts))))
        try:
            return self.load(file)
        except RefusedOperation as refused:
            if refused.status == "timeout":
                raise
            raise ImportError(refused.line) from None

    def _file_of(self, parts: list[str]) -> str | None:
        """The file of a module by its dotted name; "" for a folder of modules, None where there is neither."""
        for path in ("/".join(parts), "/".join((self._package, *parts))):  # a notebook may lie beside the package
            for file in (f"{path}.py", f"{path}/__init__.py") if path else ("__init__.py",):
                if file in self.shown:
                    return file
            if not path or any(file.startswith(f"{path}/") for file in self.shown):
                return ""
        return None


_MOST = 2000  # names that are told of a module
_MOST_NOTES = 20
_LONGEST = 100  # characters of a name
