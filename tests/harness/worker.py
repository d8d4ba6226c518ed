"""The process that runs somebody else's code: it answers "call this operation on these arrays", and knows nothing else.

Started as `python -I -S -B worker.py NUMPY QUESTIONS ANSWERS ROOT`: the folder that holds NumPy, the descriptors of the
pipe that questions come from and of the one that answers go to, and the submission's folder. PROTOCOL.md, beside this
file, has the messages. NumPy and the standard library only.
"""

import contextlib
import os
import resource
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
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


def main() -> None:
    """Answer requests until the grader hangs up."""
    numpy_parent, questions, answers, root = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    for kind, most in LIMITS.items():
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ValueError, OSError):  # some systems lack one; the self-test sees it
            resource.setrlimit(kind, (most, most))
    # NumPy's neighbours (torch!) are in reach only while NumPy is imported.
    sys.path[:0] = [HERE, numpy_parent]
    import loading
    import observe
    import wire

    for module in (loading, observe, wire):
        del sys.modules[module.__name__]  # the submission may have modules of these names
    del sys.path[:2]
    sys.argv[1:] = []
    loading.make_package(PACKAGE, root)
    _send(answers, wire.pack({"id": 0, "ready": True}))
    answer = _Answers(root, loading, observe)
    while True:
        prefix = _exactly(questions, wire.PREFIX.size)
        if not prefix:
            return
        header, body = wire.lengths(prefix)
        request = wire.unpack(_exactly(questions, header), _exactly(questions, body))
        try:
            frame = wire.pack({"id": request["id"], **answer.to(request)})
        except wire.ProtocolError as error:  # more than a message may hold
            frame = wire.pack({"id": request["id"], "problem": f"the answer cannot be sent: {error}"})
        _send(answers, frame)


class _Missing(Exception):
    """The module has no such function."""


class _Answers:
    """What is asked is told apart by its keys: see PROTOCOL.md."""

    def __init__(self, root: str, loading, observe):
        self._root, self._loading, self._observe = root, loading, observe
        self._large = None

    def to(self, request: dict) -> dict:
        try:
            if "nodes" in request:
                return self._network(request)
            if "entries" in request:
                return {"entries": list(self._large.entries(request["entries"]))}
            if "again" in request:
                return self._run_large()
            function = self._function(request["op"], request["file"], request["shown"])
            return self._large_call(function, request) if "large" in request else self._steps(function, request)
        except self._loading.Unloadable as problem:
            return {"problem": str(problem)}
        except _Missing:
            return {"missing": True}

    def _function(self, op: str, file: str, shown: str):
        path = os.path.join(self._root, file)
        name = f"{PACKAGE}.{os.path.splitext(os.path.basename(path))[0]}"
        function = self._loading.operation(self._loading.load(path, name, shown), op)
        if function is None:
            raise _Missing
        return function

    def _steps(self, function, request: dict) -> dict:
        o = self._observe
        steps = [o.Call(*rest) if kind == "call" else o.Grad(*rest) for kind, *rest in request["steps"]]
        return self._data(o.observe(function, request["inputs"], request["gys"], steps))

    def _network(self, request: dict) -> dict:
        functions = {op: self._function(op, *place) for op, place in request["files"].items()}
        return self._data(self._observe.observe_network(functions, request["leaves"], request["nodes"], request["gy"]))

    def _large_call(self, function, request: dict) -> dict:
        self._large = self._observe.Large(function, *request["large"])
        return self._run_large()

    def _run_large(self) -> dict:
        try:
            self._large.run()
        except BaseException as error:  # whatever it is, it comes from the submission
            return {"failed": type(error).__name__}
        return {"done": True}

    def _data(self, seen) -> dict:
        data = self._observe.to_data(seen)
        if seen.crash:
            # A cycle of the exception and its frames, which would keep all their arrays for a while.
            BaseException.with_traceback(seen.crash.error, None)
        return {"observation": data}


def _exactly(descriptor: int, size: int) -> bytes:
    """The next `size` bytes; nothing when the grader has hung up."""
    data = bytearray(size)
    view, got = memoryview(data), 0
    while got < size:
        count = os.readv(descriptor, [view[got:]])
        if not count:
            return b""
        got += count
    return bytes(data)


def _send(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


if __name__ == "__main__":
    main()
