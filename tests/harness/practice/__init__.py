"""What belongs to practising with `--impl=kata`: hints, stubs, the clock, the mock interview, and the history of it all."""
