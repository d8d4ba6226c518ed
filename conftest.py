"""The switch: which implementation is under test, and the options of a run. What a run does is in tests/harness/."""

from pathlib import Path

pytest_plugins = ["tests.harness.session"]

PROJECT = Path(__file__).parent


def pytest_addoption(parser):
    group = parser.getgroup("kata", "backprop kata")
    group.addoption(
        "--impl",
        metavar="kata|solutions|PATH",
        help="what is graded: kata (your answers), solutions (the references), or somebody's folder, .py or .zip, "
        "which runs in a process of its own. Default: everything, that is the solutions and the harness's own tests; "
        "kata where there are no solutions.",
    )
    group.addoption(
        "--seed",
        type=int,
        metavar="N",
        help="seed of the random examples; the same seed gives the same examples (default: 0)",
    )
    group.addoption(
        "--report",
        action="append",
        default=[],
        metavar="FILE.json",
        help="also write the verdict to this file; may be repeated",
    )


def pytest_configure(config):
    from tests.harness import session

    chosen = config.getoption("impl")
    if chosen is None and not (PROJECT / "solutions").is_dir():  # what a candidate was given
        chosen = "kata"
    session.configure(config, PROJECT, chosen or "solutions", alone=chosen is not None)
