"""How fast the kernel is on this machine, beside other implementations: ``eos-sweep bench``."""
