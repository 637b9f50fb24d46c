"""Derives the model that takes its steps by an update rule, from its loss and from the rule."""
