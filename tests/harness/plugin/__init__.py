"""Where pytest meets the kata: its options, the tests of a run, the end of it; and what else is asked for from outside."""
