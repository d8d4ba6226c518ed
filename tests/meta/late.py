"""What imports torch with itself, by its name: imported when a test calls it, and not where tests are only collected."""

from functools import cached_property
from importlib import import_module

from tests.harness.rows.late import Late


class LatePart(Late):
    """A function or a class of the harness: `room.module.name`. A class serves isinstance as well."""

    def __instancecheck__(self, value: object) -> bool:
        return isinstance(value, self._itself)

    @cached_property
    def _itself(self) -> object:
        module, _, name = self._path.rpartition(".")
        return getattr(import_module(f"tests.harness.{module}"), name)


diagnose = LatePart("diagnosis.diagnose.diagnose")
claimed, contradicts, predicted = (LatePart(f"diagnosis.search.{n}") for n in ("claimed", "contradicts", "predicted"))
recorded, rewritten, rounds = (LatePart(f"diagnosis.expression.{n}") for n in ("recorded", "rewritten", "rounds"))
tensor = LatePart("rows.computed.tensor")
AllTold, Job, Stale, Told = (LatePart(f"watch.warm.{n}") for n in ("AllTold", "Job", "Stale", "Told"))
