"""Random draws of expressions: the first number of NumPy's generator for each of many seeds, at once.

The draw of a seed is the first number of ``np.random.default_rng([seed, target, index])``.  To make such a generator
takes 12 microseconds, and a sweep may have a million seeds.  Here all states are made together, by the same two
algorithms on arrays: ``SeedSequence`` hashes the three numbers (O'Neill 2015, randutils), and its words start PCG64
(O'Neill 2014).  NumPy promises that neither changes.  A test compares the bits.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

UPPER, LOWER = np.uint64(0x2360ED051FC65DA4), np.uint64(0x4385DF649FCCF645)  # halves of the multiplier of PCG64
HASH, HASH_FACTOR = 0x43B0D7E5, 0x931E8875  # of what SeedSequence is given
WORD, WORD_FACTOR = 0x8B51F9DD, 0x58F38DED  # of the words that it returns
LEFT, RIGHT = np.uint32(0xCA01F9DD), np.uint32(0x4973F715)  # factors with which it mixes
HALF = np.uint32(16)  # bits of a shift
POOL = 4  # words that SeedSequence holds
LOW, THIRTY_TWO = np.uint64(2**32 - 1), np.uint64(32)
ONE, TOP = np.uint64(1), np.uint64(63)

Wide = tuple[np.ndarray, np.ndarray]  # the upper and the lower 64 bits of numbers of 128


def uniform(seeds: np.ndarray, target: int, index: int) -> np.ndarray:
    """Return a number of the uniform distribution from 0 to 1 for each seed.

    Parameters
    ----------
    seeds : ndarray
        1-D, of whole numbers from 0 to 2^53 - 1.
    target, index
        Whole numbers from 0 to 2^32 - 1: which draw of a seed it is.

    Returns
    -------
    ndarray
        float64, the bits of ``np.random.default_rng([seed, target, index]).random()``.

    Examples
    --------
    >>> bool(uniform(np.array([7.0]), 1, 2)[0] == np.random.default_rng([7, 1, 2]).random())
    True
    """
    state, increment = _states(seeds, target, index)
    high, low = _step(state, increment)
    turn = high >> np.uint64(58)
    word = high ^ low
    word = (word >> turn) | (word << ((~turn + ONE) & TOP))
    return (word >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(seeds: np.ndarray, target: int, index: int) -> np.ndarray:
    """Return a number of the standard normal distribution for each seed.

    Arguments are those of :func:`uniform`; one generator of NumPy draws from each state in turn.

    Examples
    --------
    >>> bool(normal(np.array([7.0]), 1, 2)[0] == np.random.default_rng([7, 1, 2]).standard_normal())
    True
    """
    words = (word.tolist() for pair in _states(seeds, target, index) for word in pair)
    bits: Any = np.random.PCG64(0)
    draw = np.random.Generator(bits).standard_normal
    found = np.empty(seeds.size)
    for place, (high, low, upper, lower) in enumerate(zip(*words, strict=True)):
        state = {"state": high << 64 | low, "inc": upper << 64 | lower}
        bits.state = {"bit_generator": "PCG64", "state": state, "has_uint32": 0, "uinteger": 0}
        found[place] = draw()
    return found


def _states(seeds: np.ndarray, target: int, index: int) -> tuple[Wide, Wide]:
    """Return the state and the increment of PCG64 for each seed."""
    words = _words(_pool(seeds.astype(np.uint64), target, index))
    start, sequence = (words[0], words[1]), (words[2], words[3])
    increment = (sequence[0] << ONE) | (sequence[1] >> TOP), (sequence[1] << ONE) | ONE
    return _step(_sum(increment, start), increment), increment


def _pool(seeds: np.ndarray, target: int, index: int) -> list[np.ndarray]:
    """Return the words of 32 bits that SeedSequence makes of three numbers: a seed from 2^32 on has two words."""
    first, second = (seeds & LOW).astype(np.uint32), (seeds >> THIRTY_TWO).astype(np.uint32)
    long = second > 0
    further = np.array([target, index, 0], np.uint32)
    shifted = [second, *np.broadcast_to(further[:2, None], (2, seeds.size))]
    given = [first, *(np.where(long, two, one) for one, two in zip(further, shifted, strict=True))]
    factors = _factors(HASH, HASH_FACTOR)
    pool = [_hashed(word, next(factors)) for word in given]
    for source in range(POOL):
        for place in range(POOL):
            if place != source:
                mixed: np.ndarray = LEFT * pool[place] - RIGHT * _hashed(pool[source], next(factors))
                pool[place] = mixed ^ (mixed >> HALF)
    return pool


def _words(pool: list[np.ndarray]) -> list[np.ndarray]:
    """Return the four words of 64 bits that SeedSequence returns of its pool."""
    factors = _factors(WORD, WORD_FACTOR)
    halves = [_hashed(pool[place % POOL], next(factors)).astype(np.uint64) for place in range(2 * POOL)]
    return [halves[place] | (halves[place + 1] << THIRTY_TWO) for place in range(0, 2 * POOL, 2)]


def _factors(first: int, factor: int) -> Iterator[tuple[np.uint32, np.uint32]]:
    """Yield the two numbers of each hash in turn."""
    while True:
        second = first * factor % 2**32
        yield np.uint32(first), np.uint32(second)
        first = second


def _hashed(given: np.ndarray, factors: tuple[np.uint32, np.uint32]) -> np.ndarray:
    words: np.ndarray = (given ^ factors[0]) * factors[1]
    return words ^ (words >> HALF)


def _step(state: Wide, increment: Wide) -> Wide:
    """Return the next state of PCG64: the product with its multiplier and the increment, modulo 2^128."""
    high, low = state
    return _sum((high * LOWER + low * UPPER + _upper_half(low, LOWER), low * LOWER), increment)


def _sum(one: Wide, other: Wide) -> Wide:
    low = one[1] + other[1]
    return one[0] + other[0] + (low < one[1]).astype(np.uint64), low


def _upper_half(words: np.ndarray, factor: np.uint64) -> np.ndarray:
    """Return the upper 64 bits of products of 64 bits, from four products of their halves."""
    low, high = words & LOW, words >> THIRTY_TWO
    small, large = factor & LOW, factor >> THIRTY_TWO
    middle = high * small + ((low * small) >> THIRTY_TWO)
    return high * large + (middle >> THIRTY_TWO) + ((low * large + (middle & LOW)) >> THIRTY_TWO)
