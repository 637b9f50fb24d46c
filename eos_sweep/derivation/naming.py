"""The names in the code of a derived model: those of the formula, unless the module needs them itself."""

import builtins
from collections.abc import Collection, Iterable

from eos_sweep import functions, scalar
from eos_sweep.derivation import linear, settling

MODULE = {
    "np", "theta", "p", "v", "here", "push", "matrix", "way", "work", "least", "end", "rest", "low", "over", "room",
    "triangle", "along", "arm", "across",
    "tolerance", "threshold", "rescale", "rescaled", "coordinates", "loss", "slopes", "bends", "step", "tangent",
    "curvature", "stable", "remaining_loss", "settled", "hessian", "clipped", "seen", "solver", "from_triangle",
    "below", "below_edge", "Quantity", "CriticalLine", "loss_parts", "edge", "drift", "pulls", "stiffness",
    "coasting", "resting", "base_of", "valley",
}  # fmt: skip


class Names:
    """Code for each coordinate, parameter, power of a coordinate with its own exponent, and move of a tangent."""

    def __init__(self, state: Iterable[str], parameters: Iterable[str], carried: Collection[int]) -> None:
        """Choose distinct names."""
        self.taken = {*MODULE, *dir(builtins), *dir(functions), *dir(scalar), *dir(settling), *dir(linear)}
        self._state, self._parameters = list(state), list(parameters)
        self.code = {name: self._free(name) for name in [*self._state, *self._parameters]}
        self.powers = {self._state[k]: self._free(f"{self._state[k]}_power") for k in sorted(carried)}
        self.moves = {name: self._free(f"d{name}") for name in self._state}

    def _free(self, name: str) -> str:
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def unpacked_coordinates(self) -> str:
        """Return the left side of an assignment of all coordinates."""
        return _left(self.code[name] for name in self._state)

    def unpacked_state(self) -> str:
        """Return the left side of an assignment of all coordinates and powers."""
        return _left([*(self.code[name] for name in self._state), *self.powers.values()])

    def unpacked_parameters(self) -> str:
        """Return the left side of an assignment of all parameters."""
        return _left(self.code[name] for name in self._parameters)


def _left(names: Iterable[str]) -> str:
    found = list(names)
    return ", ".join(found) if len(found) > 1 else f"({found[0]},)"
