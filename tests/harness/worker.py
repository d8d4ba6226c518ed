"""The process that runs somebody else's code: it answers "call this operation on these arrays", and knows nothing else.

Started by `remote.Worker` as `python -I -S -B worker.py FD`, with one socket as the descriptor FD. Each request is a frame
(see wire.py) and gets one frame back:

    -> {"id": 7, "op": "affine", "file": path, "root": folder, "shown": name, "inputs": [...], "gys": [...], "steps": [...]}
    <- {"id": 7, "observation": {...}}     what happened (see observe.py)
    <- {"id": 7, "problem": "a line"}      the module does not import
    <- {"id": 7, "missing": true}          the module has no such function

The first frame, `{"id": 0, "ready": true}`, comes unasked when NumPy is imported. NumPy and the standard library only.
"""

import os
import resource
import socket
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = "kata"  # what the submission's folder is called inside, whatever it is called outside
PRINTED = 2**20  # bytes that may be printed, or written to any file


def main() -> None:
    """Answer requests until the grader hangs up."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (PRINTED, PRINTED))
    numpy_parent, descriptor = sys.argv[1], int(sys.argv[2])
    # NumPy's neighbours (torch!) are in reach only while NumPy is imported.
    sys.path[:0] = [HERE, numpy_parent]
    import loading
    import observe
    import wire

    del sys.path[:2]
    sys.argv[1:] = []
    channel = socket.socket(fileno=descriptor)
    channel.sendall(wire.pack({"id": 0, "ready": True}))
    while True:
        prefix = _exactly(channel, wire.PREFIX.size)
        if not prefix:
            return
        header, body = wire.lengths(prefix)
        request = wire.unpack(_exactly(channel, header), _exactly(channel, body))
        try:
            reply = _reply(request, loading, observe)
            frame = wire.pack({"id": request["id"], **reply})
        except wire.ProtocolError as error:  # more than a message may hold
            frame = wire.pack({"id": request["id"], "problem": f"the answer cannot be sent: {error}"})
        channel.sendall(frame)


def _reply(request: dict, loading, observe) -> dict:
    root = request["root"]
    if PACKAGE not in sys.modules:
        loading.make_package(PACKAGE, root)
    name = f"{PACKAGE}.{os.path.splitext(os.path.basename(request['file']))[0]}"
    try:
        function = loading.operation(loading.load(request["file"], name, request["shown"]), request["op"])
    except loading.Unloadable as problem:
        return {"problem": str(problem)}
    if function is None:
        return {"missing": True}
    steps = [observe.Call(*rest) if kind == "call" else observe.Grad(*rest) for kind, *rest in request["steps"]]
    return {"observation": observe.to_data(observe.observe(function, request["inputs"], request["gys"], steps))}


def _exactly(channel: socket.socket, size: int) -> bytes:
    """The next `size` bytes; nothing when the grader has hung up."""
    data = bytearray(size)
    view, got = memoryview(data), 0
    while got < size:
        count = channel.recv_into(view[got:])
        if not count:
            return b""
        got += count
    return bytes(data)


if __name__ == "__main__":
    main()
