"""No test of the harness writes the history of whoever runs it."""

import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def _history_of_its_own(tmp_path_factory):
    """All that runs below, here and in processes of its own, keeps its history in a folder that is thrown away."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "KATA_DATA", str(tmp_path_factory.mktemp("data")))
        yield
