"""The grader's end of the protocol, against workers that say anything at all, and the judge against all that passes it."""

import contextlib
import os
import random
import threading
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from tests import test_ops
from tests.harness.examples.examples import Example
from tests.harness.judgement import judge, purity
from tests.harness.judgement.examiner import Examiner
from tests.harness.judgement.judge import UnsuitedExample, Wrong
from tests.harness.judgement.trial import Trial
from tests.harness.judgement.verdict import Verdict
from tests.harness.rows import catalogue
from tests.harness.rows.memory import Memory
from tests.harness.rows.oracle import Truth
from tests.harness.submissions import confinement, patience, remote
from tests.harness.submissions.directory import Told
from tests.harness.submissions.elsewhere import Elsewhere
from tests.harness.submissions.patience import WorkerStuck
from tests.harness.submissions.remote import Worker, WorkerDied, observations
from tests.harness.worker import wire
from tests.harness.worker.observation import (
    Answer,
    Call,
    Crash,
    Grad,
    Observation,
    Odd,
    Question,
    from_data,
    read,
    to_data,
)
from tests.harness.worker.observe import observe
from tests.meta import HANGS
from tests.meta.share import share

AFFINE = next(op for ops in catalogue.operations().values() for op in ops if op.name == "affine")
INPUTS, GY = (np.ones((2, 3)), np.ones((3, 4)), np.ones((1, 4))), np.ones((2, 4))
STEPS = (Call(), Grad(0))
ASKED = Question([INPUTS], [GY], (STEPS,))
TRIAL = Trial(AFFINE, (Example(INPUTS, GY),) * 2, None)
TRUTH = Truth(AFFINE, INPUTS, GY)
NUMBER = 7  # of every question
READY = wire.pack(0, ready=True)


def right(x, w, b):
    """The operation as it should be."""
    return x @ w + b, lambda gy: (gy @ w.T, x.T @ gy, gy.sum(0, keepdims=True))


def beyond(message: dict) -> dict:
    """A message as it arrives on the other side."""
    header, body = wire.content(message)
    return wire.unpack(b"{" + header, body)


SEEN = to_data(observe(right, [INPUTS], [GY], STEPS))
TWO = purity.question(TRIAL.examples)
RIGHT = [observe(right, TWO.inputs, TWO.gys, steps) for steps in TWO.asks]
FRAME = wire.pack(NUMBER, observations=[SEEN])


def told(**limits) -> Elsewhere:
    """A submission whose module has told already that it defines `affine`."""
    package = SimpleNamespace(
        folder=None,
        levels={"feedforward": ["affine"]},
        mentions={"a.py": {"affine"}},
        shown={"a.py": "a.py"},
        close=lambda: None,
    )
    implementation = Elsewhere("fake", package, "bwrap", **limits)
    implementation._directory._told["a.py"] = Told({"affine": "function"})
    return implementation


class Process:
    """Stands for the worker's process; the test itself speaks in its place. Of what it uses, nothing is known."""

    pid = 0

    def __init__(self):
        reading, writing = os.pipe()
        os.close(writing)
        self.stdout = os.fdopen(reading, "rb", 0)

    def poll(self) -> int:
        return 0

    wait = kill = lambda self, *_: 0


class End:
    """The worker's end of the two pipes."""

    def __init__(self, questions: int, answers: int):
        self.questions, self.answers = os.fdopen(os.dup(questions), "rb"), os.fdopen(os.dup(answers), "wb", 0)

    def say(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self.answers.write(view) :]

    def hear(self, size: int) -> bytes:
        return self.questions.read(size)

    def close(self) -> None:
        self.questions.close()
        self.answers.close()


@pytest.fixture(autouse=True)
def _by_the_clock(monkeypatch):
    """What is asked of threads of this process, whose usage says nothing, is limited by the clock, and looked at often."""
    monkeypatch.setattr(patience, "BLIND_TIMES", 1)
    monkeypatch.setattr(patience, "LOOK", 0.01)


@contextlib.contextmanager
def worker():
    """A worker that is ready, and its end of the pipes."""
    ends = []

    def start(_mode, _folder, questions, answers):
        ends.append(End(questions, answers))
        return Process()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(confinement, "start", start)
        patch.setattr(remote.secrets, "randbits", lambda _bits: NUMBER)
        made = Worker("bwrap", None)
        ends[0].say(READY)
        made.await_ready()
        yield made, ends[0]
        ends[0].close()
        made.close()


def said(data: bytes, *, hangs_up: bool = True) -> Observation | None:
    """What the grader makes of these bytes; None where that is one of its own errors. Who hangs up is not waited for."""
    with worker() as (made, end):
        end.say(data)
        if hangs_up:
            end.answers.close()
        with contextlib.suppress(WorkerDied, WorkerStuck):
            (seen,) = observations(made.ask(HANGS if hangs_up else 0.05, op="affine"), ASKED)
            return seen
        return None


def test_a_right_answer_is_taken():
    """What all the others are variations of: an answer that follows the protocol arrives as it was."""
    seen = said(FRAME)
    judge.forward(TRIAL, seen, TRUTH)
    judge.gradient(TRIAL, seen, TRUTH)


def test_a_right_answer_said_twice_is_none():
    """One answer too many is a failure, though each of them is right."""
    assert said(FRAME * 2) is None


IMPOSSIBLE = [
    (("answers", 0, "values"), []),
    (("answers", 0, "values"), [GY, GY]),
    (("answers", 0, "container"), "tuple"),
    (("answers", 1, "container"), "set"),
    (("answers", 1, "values"), [GY] * 101),
    (("answers", 1, "values"), [np.zeros(10**5), GY, GY]),
    (("answers", 1, "values"), [np.zeros((1,) * 9), GY, GY]),
    (("answers", 1, "values"), [np.zeros((2**20, 0)), GY, GY]),
    (("answers", 1, "values"), [["an array", (2.5,)], GY, GY]),
    (("answers", 1, "values"), [["an array", (-1,)], GY, GY]),
    (("answers", 1, "values"), [["an array"], GY, GY]),
    (("answers", 0, "changed"), [-1]),
    (("answers", 1, "changed"), [-2]),
    (("answers", 1, "changed"), [3]),
    (("answers", 1, "changed"), [True]),
    (("answers", 1, "warnings"), [["overflow", "x.py", 2**40, ""]]),
    (("answers", 1, "warnings"), [["overflow", "x.py", 1]]),
    (("answers", 1, "warnings"), [["overflow", "x.py", 1, ""]] * 101),
    (("restless",), [2]),
    (("restless",), [-1]),
    (("crash",), ["ValueError", "why", [["x.py", 1, "f", "x"]] * 6]),
    (("crash",), ["ValueError", 5, []]),
    (("crash",), GY),
]


@pytest.mark.parametrize(("place", "value"), IMPOSSIBLE)
def test_an_observation_that_cannot_have_been_made_is_no_answer(place, value):
    """What `observe` never reports, such as a change of an input that there is not, is refused before it is judged."""
    seen = beyond(SEEN)
    *path, last = place
    part = seen
    for key in path:
        part = part[key]
    part[last] = value
    with pytest.raises(WorkerDied, match="no answer"):
        observations(beyond({"observations": [seen]}), ASKED)


@pytest.mark.parametrize("width", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
def test_a_numpy_integer_arrives_as_what_it_was(width):
    """An axis that is a NumPy integer is one of the same width beyond the wire, alone and in a tuple, and no int or array."""
    sent = np.dtype(width).type(3)
    frame = wire.pack(NUMBER, axis=sent, axes=wire.kept((sent, 1)))
    header, _ = wire.lengths(frame[: wire.PREFIX.size])
    got = wire.unpack(frame[wire.PREFIX.size :][:header], frame[wire.PREFIX.size :][header:])
    assert got == {"id": NUMBER, "axis": 3, "axes": (3, 1)}
    assert type(got["axis"]) is type(got["axes"][0]) is type(sent)


@pytest.mark.parametrize(
    "integer", [["<i8", 2**63], ["|i1", 200], ["<f8", 1], ["<i8", 1.0], ["<i8", True], ["<i8"], 3, None]
)
def test_what_is_no_numpy_integer_is_refused(integer):
    """A number that does not fit its width, a float, or nothing at all, in the place of an integer, is no message."""
    with pytest.raises(wire.ProtocolError):
        wire.unpack(wire.json.dumps({"axis": {"integer": integer}}).encode(), b"")


@pytest.mark.parametrize("framed", [False, True])
def test_random_bytes_are_no_answer(framed):
    """Random bytes, alone or behind a frame's beginning, end in the protocol's own error."""
    rng = random.Random(framed)
    for size in range(200):
        data = rng.randbytes(size)
        if framed:
            data = wire.PREFIX.pack(b"KATA", len(data) // 2, len(data) - len(data) // 2) + data
        assert said(data) is None, data


@pytest.mark.parametrize("seed", share(range(20), 5))
def test_mutated_frames_are_refused_or_judged(seed):
    """A valid answer with bytes changed, dropped, doubled or moved is refused, or judged like any other answer."""
    chance = random.Random(seed)
    for _ in range(50):
        data = bytearray(FRAME)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data))
            to = min(len(data), at + chance.choice((1, 1, 8, 100)))
            match chance.randrange(5):
                case 0:
                    data[at] = chance.choice((0, 1, 0x7F, 0xFF, ord("9"), ord("["), ord('"'), chance.randrange(256)))
                case 1:
                    del data[at:to]
                case 2:
                    data[at:at] = data[at:to]
                case 3:
                    data[at:to] = os.urandom(to - at)
                case 4:
                    data[at:at] = chance.choice(
                        (b"null", b"1e999", b"-1", b'{"array":["<f8",[0]]}', b"9" * 50, b"[" * 50)
                    )
            data = data or bytearray(b"K")
        seen = said(bytes(data))
        if seen is not None:
            judged(seen)


def anything(rng: random.Random, depth: int = 0) -> object:
    """A value that a message may have, or not."""
    some = [None, True, False, rng.randint(-2, 3), rng.choice((2**70, -(2**63))), rng.gauss(0, 9), float("nan"), "y"]
    some += ["values", "\x00é"[: rng.randint(0, 2)], np.ones(2), np.zeros((0, 3))]
    if depth < 3 and rng.random() < 0.4:
        inner = [anything(rng, depth + 1) for _ in range(rng.randint(0, 4))]
        return inner if rng.random() < 0.5 else dict(zip(("values", "answers", "array", "x"), inner, strict=False))
    return rng.choice(some)


@pytest.mark.parametrize("seed", range(10))
def test_answers_with_other_parts_are_refused_or_judged(seed):
    """A well-formed message with any part exchanged for anything is refused, or judged like any other answer."""
    rng = random.Random(seed)

    def vary(value: object) -> object:
        if rng.randint(0, 12) == 0:
            return anything(rng)
        if isinstance(value, dict):
            return {k: vary(v) for k, v in value.items()}
        return [vary(v) for v in value] if isinstance(value, list) else value

    for _ in range(30):
        reply = vary({"observations": [SEEN]})
        try:
            (seen,) = observations(reply if isinstance(reply, dict) else {}, ASKED)
        except WorkerDied:
            continue
        judged(seen)


def value_of(rng: random.Random) -> np.ndarray | Odd:
    """What may be returned: an array of any of these types and shapes, or what is none."""
    if rng.random() < 0.2:
        return Odd(
            "thing"[: rng.randint(0, 5)],
            rng.choice((None, tuple(rng.choices((0, 3, 2**40), k=rng.choice((0, 2, 64)))))),
        )
    shape = rng.choice(((2, 4), (2, 3), (3, 4), (1, 4), (4,), (), (0,), (0, 4), (1, 2, 4), (1,) * 6))
    array = np.array([rng.choice((0, 1, 2.5, -1, 1e300, np.nan, np.inf)) for _ in range(int(np.prod(shape)))])
    with np.errstate(all="ignore"):
        return array.reshape(shape).astype(rng.choice(("f2", "f4", "f8", "i1", "i8", "u8", "?")))


def some(rng: random.Random) -> tuple[int, ...]:
    """At most two numbers of steps or inputs."""
    return tuple(rng.choices(range(3), k=rng.randint(0, 2)))


def answer(rng: random.Random, step: Call | Grad) -> Answer:
    """What may be seen of a step."""
    if rng.random() < 0.2:
        return Answer(Odd("thing"))
    of, values = "", [value_of(rng)]
    if isinstance(step, Grad) and rng.random() < 0.5:
        of, values = rng.choice(("tuple", "list")), [value_of(rng) for _ in range(rng.randint(0, 4))]
    warnings = rng.choice(((), (("overflow", "/x/y.py", 2, "y = np.exp(x)"),)))
    return Answer(tuple(values), of, warnings, some(rng))


@pytest.mark.parametrize("seed", range(10))
def test_the_judge_raises_nothing_but_its_own(seed):
    """Whatever a worker may have observed, the judge finds it right, wrong or unsuited, and never breaks."""
    rng = random.Random(seed)
    for _ in range(30):
        steps = rng.choice(TWO.asks)
        count = rng.randint(0, len(steps))
        answers = tuple(answer(rng, step) for step in steps[:count])
        crash = rng.choice((None, Crash("E", "it broke", rng.choice(((), (("/x/y.py", 3, "f", "x"),))))))
        restless = tuple(n for n in dict.fromkeys(some(rng)) if n < count)
        told = beyond(to_data(Observation(answers, crash, restless)))
        judged(from_data(told, steps, TWO.inputs, TWO.gys), steps)


def judged(seen: Observation, steps: tuple = STEPS) -> None:
    """Hold the observation of these steps to all that the judge ever holds one to."""
    checks = [judge.forward, judge.gradient, judge.stable] if steps == STEPS else []
    checks = [partial(check, TRIAL, seen, TRUTH) for check in checks]
    else_right = (seen if asked == steps else due for asked, due in zip(TWO.asks, RIGHT, strict=True))
    checks.append(partial(purity.pure, TRIAL, *else_right))
    for check in checks:
        with contextlib.suppress(Wrong, UnsuitedExample), np.errstate(all="ignore"):
            check()


@pytest.mark.parametrize(
    "lengths",
    [(wire.HEADER, wire.BODY), (wire.HEADER + 1, 0), (0, wire.BODY + 1), (2**32 - 1, 2**64 - 1), (10, wire.BODY)],
)
def test_a_giant_announcement_takes_no_memory(lengths):
    """Lengths alone make the grader allocate nothing, and waiting for what does not come ends at the deadline."""
    tracemalloc.start()
    try:
        assert said(wire.PREFIX.pack(b"KATA", *lengths) + b"[" * 1000, hangs_up=False) is None
        assert tracemalloc.get_traced_memory()[1] < 2**21
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "shape", [[2**28] * 32, [2**28, 2**28, 0], [10**30], [-1], [1.0], ["1"], [True], [[1]], None, [1] * 33]
)
def test_a_giant_array_takes_no_memory(shape):
    """A header whose arrays are not in the body is refused before anything is allocated for them."""
    header = wire.json.dumps({"id": NUMBER, "observations": {"array": ["<f8", shape]}}).encode()
    tracemalloc.start()
    try:
        assert said(wire.PREFIX.pack(b"KATA", len(header), 0) + header) is None
        assert tracemalloc.get_traced_memory()[1] < 2**21
    finally:
        tracemalloc.stop()


def test_an_answer_drop_by_drop_ends_at_the_deadline():
    """A worker that always has something more to say is stopped at the call's deadline all the same, long before it has said all."""
    with worker() as (made, end):
        stop = threading.Event()

        def drip():
            for byte in FRAME:
                if stop.wait(0.02):
                    return
                end.say(bytes([byte]))

        dripping = threading.Thread(target=drip)
        dripping.start()
        with pytest.raises(WorkerStuck):
            made.ask(0.3, op="affine")
        assert dripping.is_alive()
        stop.set()
        dripping.join()


@pytest.mark.parametrize("reads", [0, 2**16])
def test_a_question_that_is_not_read_ends_at_the_deadline(reads):
    """A worker that does not read, or reads a part, and says nothing keeps the grader no longer than one that is silent."""
    with worker() as (made, end):
        reading = threading.Thread(target=end.hear, args=(reads,))
        reading.start()
        with pytest.raises(WorkerStuck):
            made.ask(0.3, op="affine", inputs=[np.zeros(2**18)])
        reading.join()


def test_a_large_question_arrives_whole():
    """What a pipe does not hold is sent in parts."""
    with worker() as (made, end):
        heard = []

        def listen():
            heard.append(wire.unpack(*(end.hear(n) for n in wire.lengths(end.hear(wire.PREFIX.size)))))
            end.say(FRAME)

        listening = threading.Thread(target=listen)
        listening.start()
        made.ask(HANGS, op="affine", inputs=[np.arange(2.0**18)])
        listening.join()
        np.testing.assert_array_equal(heard[0]["inputs"][0], np.arange(2.0**18))


def serve(end: End, behaviour: str) -> None:
    """A worker that computes the right answers, and behaves wrongly."""
    with contextlib.suppress(OSError), contextlib.closing(end):
        end.say(READY)
        if behaviour == "early":
            time.sleep(0.05)  # or it would come with the first frame
            end.say(FRAME)
        while prefix := end.hear(wire.PREFIX.size):
            header, body = wire.lengths(prefix)
            question = wire.unpack(*(end.hear(n) for n in (header, body)))
            asks = read(question["asks"])
            seen = [to_data(observe(right, question["inputs"], question["gys"], steps)) for steps in asks]
            answer = wire.pack(question["id"], observations=seen)
            match behaviour:
                case "right":
                    end.say(answer)
                case "another":
                    end.say(wire.pack(question["id"] + 1, observations=seen))
                case "twice":
                    end.say(answer * 2)
                case "half":
                    end.say(answer[:-1])
                case "fewer":
                    end.say(wire.pack(question["id"], observations=[s | {"answers": []} for s in seen]))
                case "more":
                    more = [s | {"answers": [*s["answers"], s["answers"][0]]} for s in seen]
                    end.say(wire.pack(question["id"], observations=more))
                case "praise":
                    end.say(wire.pack(question["id"], status="pass", score=100))
                case "dies":
                    return


@pytest.mark.parametrize(
    "behaviour", ["right", "nothing", "early", "another", "twice", "half", "fewer", "more", "praise", "dies"]
)
def test_only_a_right_answer_to_the_question_earns_anything(behaviour, monkeypatch):
    """A worker that answers nothing, early, something else, twice, too little, too much, or dies, gets no point at all."""

    def start(_mode, _folder, questions, answers):
        threading.Thread(target=serve, args=(End(questions, answers), behaviour), daemon=True).start()
        return Process()

    monkeypatch.setattr(confinement, "start", start)
    implementation = told(call_seconds=HANGS if behaviour == "right" else 0.3)
    examiner = Examiner(implementation, seed=1, shrink=False)
    properties = [test_ops.test_forward, test_ops.test_gradient, test_ops.test_pure, test_ops.test_stable]
    statuses = [examiner.verdict(replace(t.property, examples=4), AFFINE).status for t in properties]
    implementation.close()
    if behaviour == "right":
        assert statuses == ["pass"] * 4
    else:
        assert "pass" not in statuses


def graded(function: Callable, memory: Memory, monkeypatch) -> Verdict:
    """The verdict on the gradient of a function that a worker runs."""

    def serve_all(end: End) -> None:
        with contextlib.suppress(OSError), contextlib.closing(end):
            end.say(READY)
            while prefix := end.hear(wire.PREFIX.size):
                question = wire.unpack(*(end.hear(n) for n in wire.lengths(prefix)))
                seen = [
                    to_data(observe(function, question["inputs"], question["gys"], a)) for a in read(question["asks"])
                ]
                end.say(wire.pack(question["id"], observations=seen))

    def start(_mode, _folder, questions, answers):
        threading.Thread(target=serve_all, args=(End(questions, answers),), daemon=True).start()
        return Process()

    monkeypatch.setattr(confinement, "start", start)
    implementation = told(call_seconds=HANGS)
    with contextlib.closing(implementation):
        return Examiner(implementation, seed=1, shrink=False, memory=memory).verdict(
            test_ops.test_gradient.property, AFFINE
        )


def test_an_answer_that_held_is_known_again_and_no_other(monkeypatch):
    """A second submission with the same answers has none of them judged; one that differs in its last answers, or a digit, is judged there."""
    memory, judged, check = Memory(), [], judge.gradient
    monkeypatch.setattr(test_ops.judge, "gradient", lambda *seen: judged.append(seen) or check(*seen))
    assert graded(right, memory, monkeypatch).status == "pass"
    assert len(judged) >= 50
    judged.clear()
    assert graded(right, memory, monkeypatch).status == "pass"
    assert not judged

    def wrong_in_the_end(x, w, b):
        y, grad = right(x, w, b)
        return y, lambda gy: (*grad(gy)[:2], grad(gy)[2] * (1 + 1e-7 * (len(x) > 3)))

    assert graded(wrong_in_the_end, memory, monkeypatch).status == "fail"
    assert judged
    judged.clear()
    assert graded(lambda x, w, b: (right(x, w, b)[0] + 0.0, right(x, w, b)[1]), memory, monkeypatch).status == "pass"
    assert not judged


def test_an_answer_that_changed_something_is_never_known(monkeypatch):
    """What was changed in place counts against another property later, so such an answer is looked at each time."""

    def changing(x, w, b):
        answer = right(x.copy(), w, b)
        x += 1.0
        return answer

    memory = Memory()
    for _ in range(2):
        verdict = graded(changing, memory, monkeypatch)
        assert verdict.status == "pass"
        assert verdict.changed


@pytest.mark.parametrize("holds", [3, 10, 40])
def test_what_a_worker_is_asked_does_not_depend_on_how_fast_it_is(holds, monkeypatch):
    """It gets questions ahead of their answers, as many for a quick worker as for a slow one, also where one answer is wrong.

    `holds`: the answers that are right before one is not.
    """
    asked: list[int] = []

    def serve_until(end: End, seconds: float) -> None:
        with contextlib.suppress(OSError), contextlib.closing(end):
            end.say(READY)
            while prefix := end.hear(wire.PREFIX.size):
                question = wire.unpack(*(end.hear(n) for n in wire.lengths(prefix)))
                asked[-1] += 1
                function = right if asked[-1] <= holds else lambda *inputs: (right(*inputs)[0] + 1, None)
                time.sleep(seconds)
                seen = [
                    to_data(observe(function, question["inputs"], question["gys"], a)) for a in read(question["asks"])
                ]
                end.say(wire.pack(question["id"], observations=seen))

    for seconds in (0, 0.002):

        def start(_mode, _folder, questions, answers, seconds=seconds):
            threading.Thread(target=serve_until, args=(End(questions, answers), seconds), daemon=True).start()
            return Process()

        asked.append(0)
        monkeypatch.setattr(confinement, "start", start)
        implementation = told(call_seconds=HANGS)
        prop = replace(test_ops.test_forward.property, examples=60)
        assert Examiner(implementation, seed=1, shrink=False).verdict(prop, AFFINE).status == "fail"
        implementation.close()
    assert asked[0] == asked[1] > holds + 1
