"""The process that reads a submission may die, lie or wait: it is a line about that submission, and no more of the grader."""

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.harness.plugin import run
from tests.harness.submissions import intake, packages, parcel, unpacking
from tests.harness.submissions.leftovers import remove
from tests.harness.submissions.packages import package
from tests.harness.submissions.parcel import UnusableSubmission
from tests.meta import HANGS, mutated_parcels
from tests.meta.attacks import headers, parcels
from tests.meta.attacks.crafted import entry, mended, pax, record, tarred
from tests.meta.mutated_parcels import LEVELS

PROJECT = Path(__file__).parents[2]
PARCELS = [*parcels.PARCELS, *headers.PARCELS]
SOURCE = b"def relu(x):\n    return x, None\n"
SAY = f"""
import os, resource, signal, sys, time
sys.path.append({str(PROJECT)!r})
from tests.harness.submissions import parcel, unpacking

def say(kind, name=b"", content=b"", sizes=None):
    sys.stdout.buffer.write(parcel.PREFIX.pack(kind, *(sizes or (len(name), len(content)))) + name + content)
    sys.stdout.buffer.flush()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch) -> Path:
    """Temporary files go to a folder of the test's own."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path / "temporary"


LIES = {
    "raises": ("raise RecursionError", "ended early, with exit status 1"),
    "ends": ("sys.exit(0)", "ended early, with exit status 0"),
    "ends in the middle": ("say(b'm', b'a.py', sizes=(4, 2**20))", "ended early, with exit status 0"),
    "is killed": ("os.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL"),
    "crashes": ("resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); os.abort()", "was killed by SIGABRT"),
    "waits": ("time.sleep(600)", "no answer within 0.5 s; is it on a drive that does not respond?"),
    "waits in the middle": ("say(b'm', b'a.py', b'x = 1'); time.sleep(600)", "no answer within 0.5 s"),
    "prints": ("print('hello, world')", "said something else than modules"),
    "a large module": ("say(b'm', b'a.py', sizes=(4, 2**32 - 1))", "said something else than modules"),
    "a long name": ("say(b'm', sizes=(2**16 - 1, 1))", "said something else than modules"),
    "a name outside": ("say(b'm', b'../a.py', b'')", "has an entry that points outside: ../a.py"),
    "an absolute name": ("say(b'm', b'/tmp/a.py', b'')", "has an entry that points outside: /tmp/a.py"),
    "a name that is no module's": ("say(b'm', b'a.txt', b'')", "said something else than modules"),
    "an odd name": (r"say(b'm', b'\xff\n.py', b'')", r"has a module with an odd name: \\udcff \.py"),
    "a name with folders of Windows": (r"say(b'm', rb'kata\a.py', b'')", "said something else than modules"),
    "a name in disorder": ("say(b'm', b'./kata//a.py', b'')", "said something else than modules"),
    "notes without end": ("while 1: say(b'n', b'', b'a note')", "said something else than modules"),
    "a long note": ("say(b'n', sizes=(0, 2**32 - 1))", "said something else than modules"),
    "a note about a module": ("say(b'n', b'a.py', b'a note')", "said something else than modules"),
    "no name": ("say(b'm', b'', b'')", "said something else than modules"),
    "modules without end": ("while 1: say(b'm', b'a.py', b'')", "is larger than 500 modules"),
    "bytes without end": ("while 1: say(b'm', b'a.py', bytes(2**20))", "is larger than 500 modules and 20971520 bytes"),
    "a long refusal": ("say(b'r', sizes=(0, 2**32 - 1))", "said something else than modules"),
    "a refusal of control characters": (r"say(b'r', b'', '\x1b[2J\u202e\n'.encode() + b'\xff')", r"\\x1b\[2J\\u202e �"),
    "an end that goes on": ("say(b'e', b'', b'x')", "said something else than modules"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_reading_process_that_fails_or_lies_is_one_line(lie, tmp_path, monkeypatch):
    """Whatever the process that reads does or says, the submission is refused in a line, and the process is gone."""
    code, says = LIES[lie]
    (tmp_path / "liar.py").write_text(SAY + code)
    (tmp_path / "s.py").write_bytes(SOURCE)
    processes = []
    popen = subprocess.Popen

    def noted(*arguments, **options):
        processes.append(popen(*arguments, **options))
        return processes[-1]

    monkeypatch.setattr(subprocess, "Popen", noted)
    monkeypatch.setattr(intake, "PROGRAM", tmp_path / "liar.py")
    monkeypatch.setattr(intake, "PATIENCE", 0.5 if "waits" in lie else HANGS)
    with pytest.raises(UnusableSubmission, match=says) as refusal:
        package(str(tmp_path / "s.py"), lambda: LEVELS)
    assert str(refusal.value).isprintable()
    assert [process.poll() is None for process in processes] == [False]


def test_reading_that_takes_too_long_is_stopped(tmp_path, monkeypatch):
    """A process that computes without end is stopped by its limit, and the line says that it took too long."""
    endless = "def endless(path, notes):\n    while True: pass\n    yield\nunpacking.modules = endless\n"
    limit = "unpacking.LIMITS[resource.RLIMIT_CPU] = 1\n"
    (tmp_path / "endless.py").write_text(SAY + endless + limit + "unpacking.main()")
    monkeypatch.setattr(intake, "PROGRAM", tmp_path / "endless.py")
    with pytest.raises(UnusableSubmission, match=r"^takes far longer to read than any submission should"):
        intake.modules(tmp_path)


def test_the_limits_hold_while_it_reads(tmp_path, monkeypatch):
    """While a submission is read, memory, time, files and processes are limited."""
    told = (
        "def told(path, notes):\n    yield 'a.py', repr([resource.getrlimit(k) for k in unpacking.LIMITS]).encode()\n"
    )
    (tmp_path / "told.py").write_text(f"{SAY}{told}unpacking.modules = told\nunpacking.main()")
    monkeypatch.setattr(intake, "PROGRAM", tmp_path / "told.py")
    limits = json.loads(intake.modules(tmp_path).modules["a.py"].decode().replace("(", "[").replace(")", "]"))
    assert [soft for soft, _ in limits] == list(unpacking.LIMITS.values())


MODULES = {f"m{number}.py": SOURCE + b"import " + b"a, " * 349_000 + b"b" for number in range(19)}


def test_no_parcel_takes_the_grader_s_memory(tmp_path):
    """The grader takes 4 MiB for a hostile parcel, and for the largest that is taken twice what is in it, for it makes a copy."""
    for name, content in MODULES.items():
        (tmp_path / name).write_bytes(content)
    folders = [tempfile.TemporaryDirectory() for _ in PARCELS]
    try:
        built = [p.build(Path(folder.name)) for p, folder in zip(PARCELS, folders, strict=True)]
        for path in (tmp_path, *built):
            tracemalloc.start()
            with suppress(UnusableSubmission):
                package(str(path), lambda: LEVELS).close()
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert peak < (2 * parcel.MOST_BYTES if path == tmp_path else 2**22), path.name[:80]
    finally:
        tracemalloc.stop()
        for folder in folders:
            remove(folder.name)


def test_spoilt_parcels_are_read_or_refused(temporary):
    """Of parcels spoilt at random, each is graded or refused in a line; soak.py tries more of them."""
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(mutated_parcels.said, range(150)))
    assert not [line for line in said if mutated_parcels.is_alarm(line)]
    assert 15 < said.count("graded") < 135
    assert len(set(said)) > 20
    assert not os.listdir(temporary)


def test_a_number_is_one_parcel(tmp_path):
    """The same number gives the same parcel, so that an alarm can be looked at again."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    for number in range(100):
        one, other = (mutated_parcels.mutated(number, tmp_path / name) for name in ("a", "b"))
        if one.is_file():
            assert one.read_bytes() == other.read_bytes()
            one.unlink()
            other.unlink()
        else:
            one.rename(tmp_path / "a" / str(number))
            other.rename(tmp_path / "b" / str(number))


CAPS = [("MOST_MODULES", 5, "modules"), ("MOST_BYTES", 20, "bytes"), ("MOST_ENTRIES", 10, "more than 10 files")]


@pytest.mark.parametrize(("cap", "value", "says"), CAPS)
def test_caps_on_a_folder(cap, value, says, tmp_path, monkeypatch):
    """A folder of too many modules, too much text or too many files of any kind is refused before it is all read."""
    for number in range(9):
        (tmp_path / f"m{number}.py").write_text("x = 1")
        (tmp_path / f"{number}.txt").write_text("")
    monkeypatch.setattr(parcel, cap, value)
    with pytest.raises(UnusableSubmission, match=says):
        list(unpacking.modules(tmp_path, []))


def test_a_file_that_goes_away_is_a_line(tmp_path):
    """A module that vanishes, or becomes a link, after its folder was listed is named."""
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_bytes(SOURCE)
    for change in (lambda file: None, lambda file: file.symlink_to("a.py")):
        reading = unpacking.modules(tmp_path, [])
        assert next(reading) == ("a.py", SOURCE)
        (tmp_path / "b.py").unlink()
        change(tmp_path / "b.py")
        with pytest.raises(UnusableSubmission, match=r"^b\.py cannot be read|^has a link: b\.py"):
            next(reading)
        (tmp_path / "b.py").unlink(missing_ok=True)
        (tmp_path / "b.py").write_bytes(SOURCE)


LONG = "/".join(["kata", *(f"{letter * 60}" for letter in "abc")]) + "/relu.py"
MAC = {"LIBARCHIVE.xattr.com.apple.quarantine": "MDA4MTs2", "SCHILY.xattr.com.apple.provenance": "\x01\x02\n=a"}


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_usual_tars_are_read(form, tmp_path):
    """The three forms of tar, with long names, what macOS says of its files, and the commit that git archive tells."""
    stream = io.BytesIO()
    headers = {"comment": "0123456789abcdef" * 3}
    with tarfile.open(fileobj=stream, mode="w:gz", format=form, pax_headers=headers) as archive:
        for name in ("./kata/first.py", LONG, "data.csv"):
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.pax_headers = len(SOURCE), 1.5, MAC | {"LIBARCHIVE.creationtime": "1.25"}
            archive.addfile(info, io.BytesIO(SOURCE))
        folder = tarfile.TarInfo("kata/more/")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    (tmp_path / "s.tar.gz").write_bytes(stream.getvalue())
    assert intake.modules(tmp_path / "s.tar.gz").modules == {"kata/first.py": SOURCE, LONG: SOURCE}


@pytest.mark.parametrize(
    "sparse",
    [
        entry("data", bytes(512), b"S"),
        entry("data", kind=b"S")[:482] + b"\1" + bytes(29) + bytes(504) + b"\1" + bytes(7) + bytes(512),
        pax(record(b"GNU.sparse.major", b"1") + record(b"GNU.sparse.name", b"data")) + entry("GNU/data", bytes(512)),
    ],
)
def test_a_sparse_file_beside_the_modules_is_passed_over(sparse, tmp_path):
    """Data that GNU tar or bsdtar packed with its holes left out costs nothing; only a module must not be."""
    (tmp_path / "s.tgz").write_bytes(tarred(mended(bytearray(sparse[:512])), sparse[512:], entry("relu.py", SOURCE)))
    assert intake.modules(tmp_path / "s.tgz").modules == {"relu.py": SOURCE}


def test_a_copy_is_removed_however_deep_it_became(tmp_path):
    """A folder nested a thousand times and more goes away, and nothing is raised."""
    temporary = tempfile.TemporaryDirectory()
    here = os.open(temporary.name, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("deep", dir_fd=here)
        os.mkdir("beside", dir_fd=here)
        here, last = os.open("deep", os.O_RDONLY, dir_fd=here), here
        os.close(last)
    os.close(here)
    remove(temporary.name)
    assert not os.path.exists(temporary.name)


def test_whatever_goes_wrong_is_about_one_submission(tmp_path, monkeypatch):
    """An exception that nobody thought of, while one submission is read or copied, is its own line."""
    (tmp_path / "s.py").write_bytes(SOURCE)
    for error in (RecursionError("deep"), OSError(36, "File name too long"), MemoryError(), ValueError("a\nb")):

        def fails(*_, error=error):
            raise error

        for place, name in ((intake, "modules"), (packages, "_copy")):
            with monkeypatch.context() as patch:
                patch.setattr(place, name, fails)
                with pytest.raises(UnusableSubmission, match=r"^--impl=.*s\.py: the grader") as refusal:
                    package(str(tmp_path / "s.py"), lambda: LEVELS)
            assert str(refusal.value).isprintable()


def test_one_parcel_of_several_costs_the_others_nothing(tmp_path):
    """In an inbox, each submission that cannot be read is a line of its own, and the ones between are graded."""
    (tmp_path / "good.py").write_text("def relu(x):\n    return x, None\n")
    (tmp_path / "bad.zip").write_bytes(b"PK")
    (tmp_path / "bad.tgz").write_bytes(tarred(entry("data", size=2**60)))
    names = ["bad.zip", "good.py", "bad.tgz", "a\0.py", "good.py"]
    subjects = run.subjects([str(tmp_path / name) for name in names], PROJECT, "process")
    assert [bool(subject.implementation) for subject in subjects] == [False, True, False, False, True]
    assert [bool(subject.unusable) for subject in subjects] == [True, False, True, True, False]
    for subject in subjects:
        subject.close()


def test_trouble_with_the_rows_is_not_the_submission_s(tmp_path):
    """What goes wrong in the kata's own files, while a submission is read, is not said of the submission."""
    (tmp_path / "s.py").write_bytes(SOURCE)

    def broken():
        raise RuntimeError("a row is wrong")

    with pytest.raises(RuntimeError, match="a row is wrong"):
        package(str(tmp_path / "s.py"), broken)


READERS = ("archives", "formats", "magics", "notebooks", "parcel", "tars", "unpacking")


def test_what_reads_needs_the_standard_library_alone():
    """The process that reads starts with no package in reach, so it is quick and holds little."""
    code = "import sys; sys.path.append(sys.argv[1])\nfrom tests.harness.submissions import archives, notebooks, unpacking\nprint(*sys.modules)"
    command = [sys.executable, "-I", "-S", "-B", "-c", code, str(PROJECT)]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    own = {name for name in loaded if name.split(".")[0] not in sys.stdlib_module_names | {"__main__"}}
    rooms = {"submissions": READERS, "worker": ("printable",)}
    due = {f"tests.harness.{room}.{stem}" for room, stems in rooms.items() for stem in stems}
    assert own == {"tests", "tests.harness"} | {f"tests.harness.{room}" for room in rooms} | due
