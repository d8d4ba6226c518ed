"""Tests of the harness itself. None asserts how long something takes; what might never end has a guard, the same for all."""

HANGS = 1200.0  # seconds by the clock until a test says that something hangs: where it is quiet, a whole run takes 20
