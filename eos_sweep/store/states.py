"""The states of a store, which the attribute ``eos_sweep`` of its root gives.  A group without one is no store."""

CREATING, EXTENDING, READY, REMOVING = "being created", "being extended", "sweep", "being removed"
