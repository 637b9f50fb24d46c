"""The specification of a sweep: TOML or Python objects become a checked, frozen ``Sweep``."""
