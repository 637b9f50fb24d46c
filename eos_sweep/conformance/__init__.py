"""Check that a model does what everything else relies on: ``eos-sweep check``, and pytest for a model of your own."""
