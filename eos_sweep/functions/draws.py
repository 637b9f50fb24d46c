"""Random numbers that are functions of a seed, a step and a coordinate, and of nothing else.

A draw takes three whole numbers below 2^53 as doubles, and keeps no state.  So it does not depend on lanes, blocks,
threads, or on what was drawn before.  Its words are those of Threefry-2x64 with 20 rounds (Salmon, Moraes, Dror, Shaw
2011, Parallel random numbers: as easy as 1, 2, 3): the key is the seed and the kind of the draw, the counter is the
step and the coordinate.  A draw is the double itself, so exact arithmetic has the same one.
"""

import numpy as np

from eos_sweep.functions.circular import cos, sin
from eos_sweep.functions.logarithm import log
from eos_sweep.scalar import inlined, select

# All integers are unsigned: numba makes a double of a signed and an unsigned one.
NORMAL, SIGN, UNIFORM = np.uint64(1), np.uint64(2), np.uint64(3)  # kinds of draws, with keys of their own
PARITY = np.uint64(0x1BD11BDAA9FC1A22)  # of the key schedule of Threefry
ONE, TOP = np.uint64(1), np.uint64(2**63)  # the lowest and the highest bit
EXPONENT, UNIT = np.uint64(12), np.uint64(0x3FF0000000000000)  # bits of a double before its mantissa; those of 1.0
LARGE, MANTISSA = np.uint64(2**52), np.uint64(2**52 - 1)
TWO_PI = 6.283185307179586
MOST = 2.0**53 - 1.0  # the largest seed, step and coordinate
COIN, FIRST_TARGET = (
    2.0**32,
    2.0**33,
)  # coordinates that no weight has: of a step itself, and of the targets from the first


@inlined
def _word(number):
    """Return the whole number next to a double: a sum with 2^52 has it in its mantissa."""
    small = number < 2.0**52
    bits = np.float64(select(small, number + 2.0**52, number)).view(np.uint64)
    return (bits & MANTISSA) | select(small, np.uint64(0), LARGE)


@inlined
def _between(word):
    """Return a double between 0 and 1: the upper 52 bits of a word and a half, over 2^52."""
    return np.uint64((word >> EXPONENT) | UNIT).view(np.float64) - (1.0 - 2.0**-53)


@inlined
def _round(x, y, turn):
    """Return the words after a round; ``np.add`` drops the carry of numbers, too, without the warning of ``+``."""
    left, x = np.uint64(turn), np.add(x, y)
    return x, ((y << left) | (y >> np.uint64(64 - turn))) ^ x


@inlined
def _four(x, y, first, second, third, fourth):
    """Return the words after four rounds."""
    x, y = _round(x, y, first)
    x, y = _round(x, y, second)
    x, y = _round(x, y, third)
    return _round(x, y, fourth)


@inlined
def _keyed(x, y, first, second, number):
    """Return the words with two words of the key, and the number of the four rounds before."""
    return np.add(x, first), np.add(np.add(y, second), np.uint64(number))


@inlined
def threefry(key, other_key, counter, other_counter):
    """Return the two words of Threefry-2x64 with 20 rounds for a key and a counter of two words each."""
    third = PARITY ^ key ^ other_key
    x, y = _keyed(counter, other_counter, key, other_key, 0)
    x, y = _keyed(*_four(x, y, 16, 42, 12, 31), other_key, third, 1)
    x, y = _keyed(*_four(x, y, 16, 32, 24, 21), third, key, 2)
    x, y = _keyed(*_four(x, y, 16, 42, 12, 31), key, other_key, 3)
    x, y = _keyed(*_four(x, y, 16, 32, 24, 21), other_key, third, 4)
    return _keyed(*_four(x, y, 16, 42, 12, 31), third, key, 5)


@inlined
def uniform_draw(seed, step, coordinate):
    """Return a random number between 0 and 1, both excluded, an odd multiple of 2^-53."""
    word, _ = threefry(_word(seed), UNIFORM, _word(step), _word(coordinate))
    return _between(word)


@inlined
def sign_draw(seed, step, coordinate):
    """Return +1 or -1 at random."""
    word, _ = threefry(_word(seed), SIGN, _word(step), _word(coordinate))
    return np.uint64((word & TOP) | UNIT).view(np.float64)


@inlined
def normal_draw(seed, step, coordinate):
    """Return a random number of the standard normal distribution, at most 8.6 in size (Box and Muller 1958).

    Coordinates 2k and 2k + 1 are the cosine and the sine of one angle, times one radius.  In a kernel, where the
    numbers of coordinates are constants, both together cost about as much as one.
    """
    number = _word(coordinate)
    word, other = threefry(_word(seed), NORMAL, _word(step), number >> ONE)
    angle = TWO_PI * _between(other)
    direction = select((number & ONE) == np.uint64(0), cos(angle), sin(angle))
    return np.sqrt(-2.0 * log(_between(word))) * direction


DRAWS = (normal_draw, sign_draw, uniform_draw)
