"""What a sweep costs whatever its size: what it must not import, and the command that measures it."""

import subprocess
import sys

import pytest

from eos_sweep.checks.bench import fixed_costs
from helpers.stores import command, strict

# Libraries whose import takes a tenth of a second or more, and what brings each into a process.
HEAVY = "dask", "distributed", "matplotlib", "numba", "pandas", "pydantic", "scipy.linalg", "xarray", "zarr"
LOADED = f"\nimport sys; print(*(name for name in {HEAVY} if name in sys.modules))"
ROWS = *fixed_costs.PROGRAMS, fixed_costs.COLD, *fixed_costs.CALLS
RUN = """
import sys
from eos_sweep.cli.main import main
sys.argv = ["eos-sweep", "run", "-q", "small.toml"]
try:
    main()
except SystemExit as end:
    assert not end.code
"""


@pytest.mark.parametrize(("program", "expected"), [
    ("import eos_sweep", set()),
    ("import eos_sweep.cli.main", set()),
    (fixed_costs.SWEEP, {"numba", "pandas", "pydantic", "xarray"}),
    (RUN, {"numba", "pydantic", "zarr"}),
], ids=["import", "command line", "sweep", "run"])  # fmt: skip
def test_a_process_imports_what_it_needs(tmp_path, program, expected):
    """The first process may compile a kernel, for which numba imports SciPy."""
    (tmp_path / "small.toml").write_text(fixed_costs.SPEC)

    def loaded():
        done = subprocess.run([sys.executable, "-c", program + LOADED], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return set(done.stdout.split())

    found = loaded()
    assert (found if found == expected or not expected else loaded()) == expected


def test_the_table_has_each_cost():
    found = {name: [0.001 * (k + 1), 0.003, 0.2] for k, name in enumerate(ROWS)}
    rows = fixed_costs.text(found).splitlines()
    assert "median of 3" in rows[0]
    assert [row.split("  ")[0] for row in rows[1:]] == list(found)
    assert rows[1].split() == ["python", "3.0", "(1.0", "to", "200.0)"]
    assert fixed_costs.to_dict(found)["python"] == {"seconds": found["python"], "median": 0.003}


def test_the_row_that_compiles_is_read_twice_at_most(monkeypatch):
    ran, steps = [], []

    def run(arguments, folder, **environment):
        ran.append(environment)
        return 1.0, "0.1 0.2"

    monkeypatch.setattr(fixed_costs, "_run", run)
    for repeats, cold in ((1, 1), (2, 2), (5, 2)):
        ran.clear(), steps.clear()
        found = fixed_costs.measure(repeats, steps.append)
        assert len(found[fixed_costs.COLD]) == cold == sum("NUMBA_CACHE_DIR" in one for one in ran)
        assert {len(one) for name, one in found.items() if name != fixed_costs.COLD} == {repeats}
        assert len(steps) == fixed_costs.rounds(repeats)
        assert (", of 2)" in fixed_costs.text(found)) == (repeats > 2)


@pytest.mark.slow
def test_the_command_measures_them(tmp_path):
    done = command("bench", "--costs", "--repeats", "1", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = strict(done.stdout)
    assert told.keys() == set(ROWS)
    assert all(0 < one["median"] < 60 for one in told.values())
    assert told["import eos_sweep"]["median"] < told["libraries"]["median"]
    assert list(tmp_path.iterdir()) == []
