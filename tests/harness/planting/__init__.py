"""Mistakes in the source of the solutions: rules of the syntax tree, and the places where they apply.

Nothing in here is imported unless mistakes are planted, or the harness is tried with them. It is in no kit.
"""
