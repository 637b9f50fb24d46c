"""How array models run: networks that take their own steps, seen by the same observables."""
