"""`torch` for rows: the same names, but torch is imported only when one of its functions is called.

Most runs know what torch would say, and import the rows all the same.
"""

from __future__ import annotations

from functools import cached_property


class Late:
    """Something of torch's by its name: a function or a module. It is looked up when it is called, or used as a value."""

    def __init__(self, name: str):
        self.__name__ = self.__qualname__ = name.rpartition(".")[2]
        self._path = name

    def __getattr__(self, name: str) -> Late:
        if name.startswith("_"):  # what others look for, to know what this is
            raise AttributeError(name)
        made = self.__dict__[name] = Late(f"{self._path}.{name}")
        return made

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self._itself(*args, **kwargs)

    def __repr__(self) -> str:
        return self._path

    @cached_property
    def _itself(self) -> object:
        from tests.harness.rows.imports import torch

        found = torch
        for name in self._path.split(".")[1:]:
            found = getattr(found, name)
        return found


torch = Late("torch")
functional = torch.nn.functional
