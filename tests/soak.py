"""Kills what runs a sweep, again and again, and looks whether the store comes out bit for bit the same.

    python tests/soak.py [--kills 100] [--seed 0]

Each round runs a sweep on a dask cluster of local processes, kills a worker, all workers, a nanny with its worker, the
scheduler or the client at a random moment (or asks the client to end, as a cluster that takes a machine back does),
brings up again what is missing, and runs the same command until it is done.  Then the store must have the numbers of
one that nobody disturbed, no chunk may be damaged, and what the ledger had as done at the kill must not have been
touched since.  pytest runs a short form of it.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from processes import Processes, kill
from test_runner import LONG, complete, ledger, numbers, run
from test_store import CLI, command, toml

TARGETS = ("worker", "workers", "nanny", "scheduler", "client", "preempt")
# How the disturbed command may end: 0 if it got over it or was done before, 4 without scheduler, by the signal: 143
# if it was at work, -15 if it had not begun.
ENDS = {"scheduler": {0, 4}, "client": {0, -9}, "preempt": {0, 143, -15}}


def soak(folder, kills, seed=0, say=print):
    """Return how many rounds killed what; AssertionError as soon as a store differs."""
    folder, draw, counts = Path(folder), random.Random(seed), Counter()
    toml(folder / "s.toml", LONG)
    run(LONG, folder / "whole")
    blocks = ledger(folder / "whole")[0][..., 0].size
    cluster = Processes(folder)
    order = ["run", "s.toml", "-o", "s", "--scheduler-file", str(cluster.file)]
    try:
        for number in range(kills):
            target = TARGETS[number % len(TARGETS)] if number < len(TARGETS) else draw.choice(TARGETS)
            shutil.rmtree(folder / "s", ignore_errors=True)
            cluster.up()
            client = subprocess.Popen(
                [str(CLI), *order],
                cwd=folder,
                env=cluster.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            _wait_for_chunks(client, folder / "s", draw.randrange(blocks))
            time.sleep(draw.uniform(0, 0.2))
            kill(target, cluster, client, draw)
            before = complete(folder / "s")
            output = client.communicate(timeout=300)[0].decode()
            assert client.returncode in ENDS.get(target, {0}), (target, client.returncode, output)
            cluster.up()
            last = command(*order, cwd=folder)
            assert last.returncode == 0, last.stderr
            after = complete(folder / "s")
            assert {block: after[block] for block in before} == before, "what was done has been done again"
            assert numbers(folder / "s") == numbers(folder / "whole"), f"other bits after {target}"
            assert (ledger(folder / "s")[2] == ledger(folder / "whole")[2]).all(), "steps were counted twice"
            checked = json.loads(command("status", "s", "--check", "--json", cwd=folder).stdout)
            assert checked["damaged"] == {} and checked["blocks_left"] == 0
            counts[target, client.returncode] += 1
            say(
                f"{number + 1:4d} of {kills}: {target} killed with {len(before)} of {blocks} blocks done; the same bits"
            )
    finally:
        cluster.down()
    return counts


def _wait_for_chunks(process, path, count):
    while process.poll() is None and len(list((path / "steps_taken").glob("c/*/*"))) < count:
        time.sleep(0.01)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak_") as folder:
        counts = soak(folder, given.kills, given.seed, lambda line: print(line, flush=True))
    for (target, code), count in sorted(counts.items()):
        print(f"{count:4d} times {target}, after which the command ended with {code}")
    print(f"{sum(counts.values())} kills, {sum(counts.values())} bit-identical stores")


if __name__ == "__main__":
    sys.exit(main())
