"""``python -m eos_sweep``: the command line."""

from eos_sweep.cli.main import main

main()
