"""Names for what a row computes on the way: a diagnosis says `r * n` where the stub does, and no formula a line long."""


def called(value, words: str, part: str = ""):
    """The tensor itself. Whoever records the row's expression calls it by these words, which are the stub's.

    `part`: what to call it among the parts of what was cut.
    """
    from tests.harness.rows.imports import torch

    if torch.overrides.has_torch_function((value,)):  # also where a mode watches
        return torch.overrides.handle_torch_function(called, (value,), value, words, part)
    return value
