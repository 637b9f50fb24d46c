"""Trees are compared, hashed, copied and pickled, however deep they are, in the time of their distinct parts."""

import copy
import pickle
import time

from eos_sweep.formulas.grammar import parse
from eos_sweep.formulas.recording import record
from eos_sweep.formulas.text import show
from eos_sweep.formulas.tree import Call, Name, walk

LONG = "+".join(["x"] * 2400)


def test_a_deep_tree_is_compared_hashed_copied_and_pickled():
    tree, other = parse(LONG, "f"), parse(" " + LONG, "f")
    assert tree == other and hash(tree) == hash(other) and {tree: 1}[other] == 1
    assert tree != parse(LONG + "+x", "f") and tree != parse("y+" + LONG[2:], "f")
    for again in (pickle.loads(pickle.dumps(tree)), copy.deepcopy(tree)):
        assert again == tree and show(again) == show(tree)
        assert [part.at for part in walk(again)] == [part.at for part in walk(tree)]
    assert len(repr(tree)) < 100


def test_what_occurs_twice_counts_once():
    def doubled(x):
        for _ in range(200):
            x = x + x
        return x

    begun = time.process_time()
    tree, other = record(doubled, ("x",), "f"), record(doubled, ("x",), "f")
    assert tree == other and hash(tree) == hash(other) and pickle.loads(pickle.dumps(tree)) == tree
    assert len(list(walk(pickle.loads(pickle.dumps(tree))))) == 201
    assert time.process_time() - begun < 5


def test_equal_trees_need_not_share_their_parts():
    shared, apart = Name("x"), (Name("x", 1), Name("x", 5))
    one, other = Call("+", (shared, shared)), Call("+", apart, at=3)
    assert one == other and hash(one) == hash(other)
    assert one != Call("+", (shared, Name("y"))) and one != Call("-", (shared, shared)) and one != shared and one != 1
