"""Rounds of hostile tests against the real command line: kills, mutated files, full disks, frozen services."""
