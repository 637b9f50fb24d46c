"""Repeat a hostile campaign against eos-sweep, and count what comes of it.

Parts, each of so many rounds:
  kills       kill a command at a random moment or file, and repeat it: the same bits, nothing done twice
  cluster     the same with worker processes: kill a worker, all workers, a nanny, the scheduler, the client
  mutations   change a file of a store, and run about ten commands: a right result, or one line
  exhaustion  let the disk or its inodes run out, make room, and repeat the command
  frozen      let a scheduler or an S3 server stand still, press Ctrl-C twice

for example:
  python tests/programs/campaign
  python tests/programs/campaign --only mutations --mutations 1000 --seed 7
  python tests/programs/campaign --only mutations --mutations 1 --first 17 --seed 7
"""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

TESTS = str(Path(__file__).resolve().parents[2])
if TESTS not in sys.path:  # for pytest it is there
    sys.path.insert(0, TESTS)

from programs.campaign.rounds import NUMBERS, campaign  # noqa: E402


def main(arguments=None):
    """Run the campaign; return 1 if anything went wrong in it, 130 if it was stopped."""
    parser = argparse.ArgumentParser(
        prog="campaign", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for part, number in NUMBERS.items():
        parser.add_argument(f"--{part}", type=int, default=number, metavar="N", help=f"rounds [default: {number}]")
    parser.add_argument("--only", action="append", choices=NUMBERS, help="run this part only; can be repeated")
    parser.add_argument("--seed", type=int, default=0, help="seed of all draws [default: 0]")
    parser.add_argument("--first", type=int, default=1, metavar="ROUND", help="round to begin with [default: 1]")
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="where rounds have their folders")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that everything is put away
    numbers = {part: getattr(given, part) if part in (given.only or NUMBERS) else 0 for part in NUMBERS}
    try:
        faults = campaign(numbers, given.seed, given.first, given.folder, lambda line: print(line, flush=True))
    except KeyboardInterrupt:
        return 130
    return 1 if sum(faults.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
