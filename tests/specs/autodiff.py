"""Level 11: a class of tensors that remember what they were computed from. Its examples are random graphs."""

from tests.harness.rows.graph_oracle import graph_of_torch
from tests.harness.rows.kinds import graph, part
from tests.harness.rows.spec import Op

# fmt: off
OPS = [
    Op("Tensor", graph=graph(exp="modest", log="positive", tanh="large", relu="signed"), a=part("a"), b=part("b"), c=part("c"), p=part("p", constant=True), q=part("q", constant=True),
       u=part("u", constant=True), v=part("v", constant=True), w=part("w", constant=True),
       adapter="graphs", par=45, torch=graph_of_torch,
       why="at a kink inside a graph no gradient is told from another: such examples are dropped, but for ties of which all shares go to one entry"),
]
