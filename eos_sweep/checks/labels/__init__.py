"""Labels of a stored sweep against exact arithmetic: ``eos-sweep verify``."""
