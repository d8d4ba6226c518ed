"""What is graded: what `--impl` names, taken in, confined, and asked.

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
