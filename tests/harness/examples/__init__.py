"""Inputs to try an operation on: drawn at random, made smaller where they fail, made large, or chained to networks.

In flow rows, and bytes of hypothesis or a seed. Out flow examples, with an upstream gradient. Nothing is called or judged.
"""
