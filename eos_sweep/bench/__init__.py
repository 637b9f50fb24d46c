"""How fast the kernel is on this machine, beside what one would write without it: ``eos-sweep bench``."""
