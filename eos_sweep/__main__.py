"""``python -m eos_sweep``: the command line."""

from eos_sweep.cli import main

main()
