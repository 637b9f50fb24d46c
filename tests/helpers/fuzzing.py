"""How tests of random input are drawn and bounded; EOS_SWEEP_FUZZ_SEED=7 in the environment draws others."""

import contextlib
import os
import resource
import signal

import psutil
from hypothesis import HealthCheck, given, seed, settings

import eos_sweep.kernel_cache  # noqa: F401 - what it imports must come before the limit

SEED = os.environ.get("EOS_SWEEP_FUZZ_SEED")
SECONDS, ROOM = 30, 2**30  # that one spec may take: so long that a busy machine does not count, and bytes


class TooSlow(BaseException):
    """What no handler of errors catches."""


@contextlib.contextmanager
def bounded():
    """Let what happens within take no more than SECONDS and ROOM."""

    def stop(signum, frame):
        raise TooSlow(f"more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def fuzzed(number, **what):
    """Let a test run with ``number`` examples, always the same ones unless the environment gives a seed."""

    def decorate(test):
        many = settings(max_examples=number, derandomize=SEED is None, deadline=None, database=None,
                        suppress_health_check=list(HealthCheck))  # fmt: skip
        test = many(given(**what)(test))
        return seed(int(SEED))(test) if SEED else test

    return decorate
