"""The command line, ``eos-sweep``: a module for each group of commands, and what they share."""
