"""What a run is about: where it was started, the operations of `--op`, and what is said where nothing is selected."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.harness.judgement.points import POINTS, PUBLIC
from tests.harness.plugin.run import NOT_FOR_GRADING, RUN, is_graded
from tests.harness.rows.names import PROJECT, closest, level_of, names_by_level
from tests.harness.worker.printable import printable

COMPOSE = "compose"
NO_SUCH_LEVEL = pytest.StashKey[str]()
GRADED = ("kata", "solutions")  # folders with what is graded; they have no tests


def configure(config: pytest.Config) -> None:
    """Refuse what can select nothing, and complete the names of `--op`. Raises UsageError."""
    option, levels = config.option, names_by_level()
    for argument in config.args if config.args_source == pytest.Config.ArgsSource.ARGS else ():
        _refuse_no_tests(argument, _path(config, argument), levels)
    asked = [name.strip() for names in option.op for name in names.split(",")]
    asked = [name for name in asked if name] or asked[:1]  # a comma too many does no harm
    option.op = list(dict.fromkeys(completed(name, levels) for name in asked))
    if COMPOSE in option.op and not option.hidden:
        raise pytest.UsageError(f"--op={COMPOSE}: is judged with --hidden only; add it, or leave {COMPOSE} out")
    loose = re.split(r"[\s,]+", option.keyword.strip(" ,"))
    if len(loose) > 1 and re.fullmatch(r"[\w\s,]+", option.keyword) and not {"and", "or", "not"} & set(loose):
        ops = f"; for these operations: --op={','.join(loose)}" if set(loose) <= set(_ops(levels)) else ""
        raise pytest.UsageError(f"-k {shlex.quote(option.keyword)}: should have and, or, not between its words{ops}")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """From a folder of the project, do what is done at its root; the maintainer's plain `pytest` in tests/ runs that folder."""
    option, folder = config.option, config.invocation_params.dir
    if config.args_source != pytest.Config.ArgsSource.INVOCATION_DIR or not _within(folder, PROJECT):
        return
    grades = option.impl or option.op or option.kit or not (PROJECT / "solutions").is_dir()
    if grades or not _within(folder, PROJECT / "tests"):
        config.args = [str(config.rootpath / path) for path in config.getini("testpaths")]
        config.args_source = pytest.Config.ArgsSource.TESTPATHS


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    run = config.stash[RUN]
    tests = run.project / "tests"
    if collection_path == tests / "hidden" and not run.hidden:
        return True
    others = [tests / folder for folder in NOT_FOR_GRADING]
    if not run.alone or collection_path not in others:
        return None
    named = any(_within(_path(config, argument), folder) for argument in config.args for folder in others)
    return None if named else True


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --op, keep the verdicts on these operations, and nothing else; with a level that there is not, nothing."""
    option, said = config.option, no_such_level(config)
    if said:  # pytest would call it an unknown marker, and not say which there are
        config.stash[NO_SUCH_LEVEL], option.markexpr = said, ""
    elif not option.op:
        return
    kept = {item: None for item in items if not said and is_graded(item) and _op_of(item) in option.op}
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def nothing(config: pytest.Config) -> str:
    """Why no test was selected, in a line, with the names that are nearest to what was asked for."""
    option, levels = config.option, names_by_level()
    words, names = _words(option.keyword), [*_ops(levels), *POINTS, COMPOSE]
    asked = [f"--op={op}" if op == COMPOSE else f"--op={op} (of {level_of(op, levels)})" for op in option.op]
    asked += [f"{flag} {shlex.quote(v)}" for flag, v in (("-k", option.keyword), ("-m", option.markexpr)) if v]
    paths = " ".join(config.args) if config.args_source == pytest.Config.ArgsSource.ARGS else "the project"
    hidden = [w for w in (*POINTS, COMPOSE) if w not in PUBLIC and w in (*words, option.markexpr)]
    several = [word for word in words if word in _ops(levels)]
    tests = [f"test_{prop}[{op}]" for prop in POINTS for op in names]
    if said := no_such_level(config):
        line = said
    elif unknown := _unknown(option.keyword, [*tests, *levels, *config.args], part=True):
        line = _told(f"-k {shlex.quote(option.keyword)}", "operation or property", unknown, names)
    elif hidden and not option.hidden:
        line = f"{' and '.join(hidden)}: judged with --hidden only; add it"
    elif asked:
        line = f"no test in {paths} is chosen by {' with '.join(asked)}"
        line += f"; for each of these operations: --op={','.join(several)}" if len(several) > 1 else ""
    else:
        line = f"there are no tests in {paths}"
    return printable(line)


def no_such_level(config: pytest.Config) -> str:
    """What is said of a marker in -m that there is not; nothing where there is none such."""
    marks = {line.partition(":")[0].partition("(")[0].strip() for line in config.getini("markers")}
    marks |= {*names_by_level(), COMPOSE}  # which are added to it when pytest is configured
    unknown = _unknown(config.option.markexpr, marks)
    told = (
        _told(f"-m {shlex.quote(config.option.markexpr)}", "level", unknown, [*names_by_level(), COMPOSE])
        if unknown
        else ""
    )
    return config.stash.get(NO_SUCH_LEVEL, told)


def completed(name: str, levels: dict[str, list[str]]) -> str:
    """The operation of this name, or the only one that begins so. Raises UsageError."""
    known = [*_ops(levels), COMPOSE]
    begun = [op for op in known if op.startswith(name)] if name else []
    asked = f"--op={printable(name)}"
    if name in known:
        return name
    if name in levels:
        raise pytest.UsageError(f"{asked}: is a level; for all of its operations: -m {name}")
    if len(begun) > 1:
        raise pytest.UsageError(f"{asked}: several operations begin so: {', '.join(begun)}")
    if not begun:
        raise pytest.UsageError(f"{asked}: there is no operation of that name; do you mean {closest(name, known)}?")
    return begun[0]


def _refuse_no_tests(argument: str, path: Path, levels: dict[str, list[str]]) -> None:
    """Raise UsageError where what was typed is meant for an option."""
    folder = next((name for name in GRADED if _within(path, PROJECT / name)), "")
    if folder:
        level = f" -m {path.stem}" if path.stem in levels else ""
        raise pytest.UsageError(f"{printable(argument)}: has no tests; to grade it: pytest --impl={folder}{level}")
    if argument in (*_ops(levels), *levels) and not path.exists():
        how = f"-m {argument}" if argument in levels else f"--op={argument}"
        raise pytest.UsageError(
            f"{argument}: there is no such file; for the {'level' if argument in levels else 'operation'}: {how}"
        )


def _ops(levels: dict[str, list[str]]) -> list[str]:
    return [op for names in levels.values() for op in names]


def _told(option: str, what: str, unknown: list[str], names: Iterable[str]) -> str:
    """`-k relux: there is no operation or property relux; do you mean relu or elu?`"""
    near = closest(unknown[0], names)
    return printable(f"{option}: there is no {what} {', '.join(unknown)}; do you mean {near}?")


def _unknown(expression: str, names: Iterable[str], *, part: bool = False) -> list[str]:
    """The words of an expression that are no name, or with `part` in none."""
    names = list(map(str.lower, names)) if part else list(names)
    return [w for w in _words(expression) if not (any(w.lower() in name for name in names) if part else w in names)]


def _words(expression: str) -> list[str]:
    """The words of an expression of -k or -m, without those that join them."""
    return [word for word in re.findall(r"[^\s()]+", expression) if word not in ("and", "or", "not")]


def _op_of(item: pytest.Item) -> str:
    op = item.callspec.params.get("op")
    return op.name if op else COMPOSE


def _path(config: pytest.Config, argument: str) -> Path:
    return config.invocation_params.dir / str(argument).partition("::")[0]


def _within(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())
