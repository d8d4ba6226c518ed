"""What `--impl` names, how it is read, and how its operations are called: here, or in a worker that is confined.

`kata` and `solutions` are called in pytest's own process (`Here`), so `print`, `breakpoint()` and `--pdb` work. A path is
called in a worker (`Elsewhere`); one that dies is started again for the next operation. Both answer the same question with
the same `Observation`, so the judge cannot tell them apart. Two pipes join a worker to the grader: PROTOCOL.md.

Where an operation is, the modules themselves are asked (directory.py), by what loads them in both places: worker/loading.py.
So the same bytes get the same verdict and the same line in kata/ and as a path; a new kind of thing that people hand in is a
row of tests/meta/handed_in/, which is graded in both. The rules of worker/conduct.py are for the words alone: the sandbox
stops the same things without them.

To widen what a submission can see, change what is mounted for bubblewrap; to widen what it can ask of the kernel, the table
of system calls: what is not listed is refused. Then see whether the attacks in tests/meta/attacks/ still fail. Two traps:
where the grader is root, the owner inside is root outside, so a device or a descriptor that is not read-only lets a
submission change the mode of the machine's own file; and a worker ends with the thread that started it.

What was handed in is read by a process of its own as well, one for each submission, 30 ms, with the standard library alone.
Nothing is taken from that process but names and bytes, and lines about what it left out. It is not in bubblewrap: it has to
see the file, and runs nothing of it. Of a zip, what is stored or deflated is taken; of a tar, regular files that are not
sparse; of a notebook, Python text in cells, magics left out. Names are folders and a file, however they were packed: what
points outside is refused, and letters that only look like separators or dots are letters. A size that an archive claims is
never allocated. Whatever goes wrong is `UnusableSubmission`: a line about that submission, and the others are graded.

No clock decides how long code may take, but what it uses: computing, and being asleep. Of a worker that is seen from outside,
of code in this process between two of its steps, and there it is bounded for a call and an import. Of a submission both are
bounded for a call, an operation and a submission. So one test of pytest's lasts at most 65 s of computing and 30 s of sleep,
and the starts of a few workers; and the test of `compose`, where it is the only one that was asked for, does the work of all.
The grader never ends itself: only a call in this process that computes for two minutes and lets no exception through does.

In flow paths, archives and operations with steps to carry out. Out flow observations, or a reason why there is none. What
was handed in is only bytes here: it is read by one process (unpacking.py), and runs in another (worker/).

What cannot go on is an exception, named for what it is about, and so for who has to act:

- `UnusableSubmission`: what was handed in, or what `--impl` names; whoever gave it. The other submissions are graded.
- `NoSandbox`: this machine; whoever runs the grader on it. Nothing is graded. (As a class it is an
  UnusableSubmission: then every one is.)
- `RefusedOperation`: one operation, and no more of its examples are tried; its author. Its status is todo, error or timeout.
- `WorkerDied`, `WorkerStuck`: a process that runs a submission; they become a RefusedOperation.
- `GraderTrouble`: the grader itself, whatever the submission; whoever looks after it. It is nobody's verdict.

Elsewhere, of the same kind: `RefusedReset` (practice: a file that is left as it is), `UngradableFunction` (plugin: what
a notebook gave). `UnsuitedExample` (judgement) and `NoSmallerExample` (rows) ask nobody to act: another example is tried.
"""
