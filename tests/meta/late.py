"""What imports torch with itself, by its name: imported when a test calls it, and not where tests are only collected."""

from functools import cached_property
from importlib import import_module


class Late:
    """A function or a class of the harness: `room.module`, `name`. A class serves isinstance as well."""

    def __init__(self, module: str, name: str):
        self._module, self.__name__ = f"tests.harness.{module}", name

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self._itself(*args, **kwargs)

    def __instancecheck__(self, value: object) -> bool:
        return isinstance(value, self._itself)

    @cached_property
    def _itself(self) -> object:
        return getattr(import_module(self._module), self.__name__)


diagnose = Late("diagnosis.diagnose", "diagnose")
claimed, contradicts, predicted = (Late("diagnosis.search", name) for name in ("claimed", "contradicts", "predicted"))
recorded, rewritten = Late("diagnosis.expression", "recorded"), Late("diagnosis.expression", "rewritten")
rounds = Late("diagnosis.expression", "rounds")
tensor = Late("rows.computed", "tensor")
AllTold, Job, Stale, Told = (Late("watch.warm", name) for name in ("AllTold", "Job", "Stale", "Told"))
