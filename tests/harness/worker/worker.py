"""The process that runs somebody else's code: it answers "call this operation on these arrays", and knows nothing else.

Started as `python -I -S -B worker.py NUMPY QUESTIONS ANSWERS ROOT`: the folder that holds NumPy, the descriptors of the
pipe that questions come from and of the one that answers go to, and the submission's folder. What its files are called in
messages stands there in CONTENTS; without it the code is the grader's own, and may try what it likes. PROTOCOL.md of
submissions/ has the messages. NumPy and the standard library only.
"""

import contextlib
import importlib
import json
import os
import resource
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CONTENTS = "contents.json"
PACKAGE = "kata"  # what the submission's folder is called inside, whatever it is called outside
LIMITS = {
    resource.RLIMIT_AS: 2 * 2**30,  # bytes
    resource.RLIMIT_CPU: 600,  # seconds
    resource.RLIMIT_FSIZE: 2**20,  # bytes of any file
    resource.RLIMIT_NOFILE: 64,
    resource.RLIMIT_NPROC: 0,  # no more processes, nor threads; where uid 0 is not limited, the seccomp filter is
    resource.RLIMIT_CORE: 1,  # no core file, and at 1, unlike 0, no program that the system pipes it to
}
"""Resource -> the most of it that this process, and so the submission, can have."""
# As they are now: a submission could put others in their places, and learn a question before what it does is counted.
_read, _write, _bytearray, _bytes, _view = os.readv, os.write, bytearray, bytes, memoryview


def main() -> None:
    """Answer requests until the grader hangs up."""
    numpy_parent, questions, answers, root = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    for kind, most in LIMITS.items():
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ValueError, OSError):  # some systems lack one; the self-test sees it
            resource.setrlimit(kind, (most, most))
    # NumPy's neighbours (torch!) are in reach only while NumPy is imported.
    sys.path[:0] = [os.path.dirname(HERE), numpy_parent]
    from worker import cells, conduct, counting, graphs, guard, loading, observation, observe, source, wire

    for name in [name for name in sys.modules if name.partition(".")[0] == "worker"]:
        del sys.modules[name]  # the submission may have a module of this name
    del sys.path[:2]
    sys.argv[1:] = []
    shown, seconds = _contents(root)
    modules = loading.Modules(PACKAGE, root, shown, limited=lambda: conduct.computing(seconds))
    _send(answers, wire.pack(0, ready=True))
    if seconds:
        importlib.import_module = modules.import_module
        conduct.hold()
    watch = guard.Guard((*observe.LOOKS_AT_FRAMES, source.said, cells.line_at_work), observe.LOOKS_BY_TRACEBACK)
    answer = _Answers(modules, loading.RefusedOperation, observation, observe, graphs, watch)
    most = steps = size = 0
    foul = "nothing was counted"

    def respond(header: bytes, body: bytes) -> None:
        """Answer one request."""
        nonlocal most
        request = wire.unpack(header, body)
        if "cost" in request:
            # Spelt out: what wire calls may have been replaced, and this is not counted.
            told = f'{{"id": {request["id"]}, "cost": [{steps}, {size}, "{watch.heard or foul}"]}}'.encode()
            _send(answers, wire.PREFIX.pack(wire.MAGIC, len(told), 0) + told)
            return
        most = request.get("count", 0)
        try:
            frame = wire.pack(request["id"], **({"counting": True} if most else answer.to(request)))
        except wire.ProtocolError as error:  # more than a message may hold
            frame = wire.pack(request["id"], refused=["error", f"the answer cannot be sent: {error}"])
        _send(answers, frame)

    while True:
        prefix = _exactly(questions, wire.PREFIX.size)
        if not prefix:
            return
        parts = [_exactly(questions, length) for length in wire.lengths(prefix)]
        if most:
            _, (steps, size, foul) = counting.counted(lambda parts=parts: respond(*parts), most)
        else:
            respond(*parts)


def _contents(root: str) -> tuple[dict[str, str], float]:
    """The modules' names in messages, and the seconds that an import may compute."""
    try:
        with open(os.path.join(root, CONTENTS), encoding="utf-8") as stream:
            contents = json.load(stream)
        return contents["shown"], contents["seconds"]
    except FileNotFoundError:
        return {name: name for name in os.listdir(root)}, 0.0


class _Answers:
    """What is asked is told apart by its keys: see PROTOCOL.md."""

    def __init__(self, modules, refused: type[BaseException], observation, observe, graphs, watch):
        self._modules, self._refused, self._watch = modules, refused, watch
        self._observation, self._observe, self._graphs = observation, observe, graphs

    def to(self, request: dict) -> dict:
        """The answer; with what was heard, meanwhile or before, that makes counts worthless."""
        answer = self._to(request)
        return answer | {"heard": self._watch.heard} if self._watch.heard else answer

    def _to(self, request: dict) -> dict:
        try:
            if "tell" in request:
                return {"told": self._modules.told(request["tell"], request["names"])}
            if "nodes" in request:
                return self._network(request)
            adapter = request.get("adapter", "")
            function = self._modules.function(request["file"], request["op"], is_class=bool(adapter))
            return self._steps(self._graphs.adapted(function, adapter), request)
        except self._refused as refused:
            return {"refused": [refused.status, refused.line]}

    def _steps(self, function, request: dict) -> dict:
        asks = self._observation.read(request["asks"])
        inputs, gys = request["inputs"], request["gys"]
        room = self._observation.Room.beside(inputs, gys)
        return self._data([self._observe.observe(function, inputs, gys, steps, (), room) for steps in asks])

    def _network(self, request: dict) -> dict:
        functions = {op: self._modules.function(file, op) for op, file in request["files"].items()}
        seen = self._observe.observe_network(functions, request["leaves"], request["nodes"], request["gy"])
        return self._data([seen])

    def _data(self, observations) -> dict:
        told = []
        for seen in observations:
            told.append(self._observation.to_data(seen))
            if seen.crash:
                # A cycle of the exception and its frames, which would keep all their arrays for a while.
                BaseException.with_traceback(seen.crash.error, None)
        return {"observations": told}


def _exactly(descriptor: int, size: int) -> bytes:
    """The next `size` bytes; nothing when the grader has hung up."""
    data = _bytearray(size)
    view, got = _view(data), 0
    while got < size:
        count = _read(descriptor, [view[got:]])
        if not count:
            return b""
        got += count
    return _bytes(data)


def _send(descriptor: int, data: bytes) -> None:
    view = _view(data)
    while view:
        view = view[_write(descriptor, view) :]


if __name__ == "__main__":
    main()
