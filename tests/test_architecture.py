"""What may import what, and how long a file may be."""

import ast
import sys
from pathlib import Path

import pytest

import eos_sweep

PACKAGE = Path(eos_sweep.__file__).parent
FILES = {str(path.relative_to(PACKAGE).with_suffix("")).replace("/", "."): path for path in PACKAGE.rglob("*.py")}
CORE = ("bits", "contract", "exponent", "functions", "inner", "scalar", "sharpness", "shown", "state")
PIECES = {"numpy", *sys.stdlib_module_names} | {
    f"eos_sweep.{name}"
    for name in (*CORE, "claims", "eigen", "errors", "networks.common", "regimes", "tally", "theory")
}


def imported(name):
    """Names of all modules that a file imports, anywhere in it; `from a import b` counts as a and as a.b."""
    found = set()
    for node in ast.walk(ast.parse(FILES[name].read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: a relative import"
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def within(module, packages):
    return any(module == package or module.startswith(package + ".") for package in packages)


def importers(*packages):
    return {name for name in FILES if any(within(module, packages) for module in imported(name))}


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith(("models.", "observables."))])
def test_models_and_observables_are_made_of_a_few_pieces(name):
    foreign = {module for module in imported(name) if not within(module, PIECES) and module != "eos_sweep"}
    assert not foreign


def test_the_kernel_meets_models_and_observables_only_as_arguments():
    core = {"networks.feed", "kernel", "passes", "observers", "layout", "lanes", *CORE}
    assert not core & importers("eos_sweep.models", "eos_sweep.observables")


@pytest.mark.parametrize("name", ["regimes", "theory", "critical", "conditions", "boundaries"])
def test_what_labels_results_does_not_compute_store_or_draw_them(name):
    assert name not in importers(
        "numba", "dask", "distributed", "zarr", "matplotlib", "eos_sweep.kernel", "eos_sweep.runner"
    )


def test_each_heavy_library_has_its_one_place():
    assert importers("dask", "distributed") <= {"cluster"}
    assert importers("zarr") <= {"location", "ledger", "chunks", "store", "pyramid"}
    assert importers("numcodecs", "google_crc32c") <= {"chunks"}
    assert importers("fsspec") <= {"location"}
    compiled = {"bits", "kernel", "lanes", "orbit", "scalar", "trace", "provenance", "bench.peers.numba_loop"}
    compiled |= {"networks.feed", "networks.common"}
    assert importers("numba", "llvmlite") <= compiled
    assert importers("matplotlib") <= {"plot", "bench.chart"}
    assert importers("jax") == {"bench.peers.jax_vmap"} and importers("torch") == {"bench.peers.torch_compile"}


def test_nothing_depends_on_the_benchmark_but_the_command_line():
    outside = {name for name in importers("eos_sweep.bench") if not name.startswith("bench")}
    assert outside == {"cli"}


def test_pictures_run_nothing_and_nothing_imports_the_command_line():
    drawing = {"plot", "pixels", "pooling", "slices"}  # of datasets, wherever they come from
    others = ("runner", "kernel", "batch", "store", "lazy", "pyramid", "api")
    assert not drawing & importers(*(f"eos_sweep.{name}" for name in others))
    assert not importers("eos_sweep.cli") - {"__main__"}


def test_no_file_is_longer_than_300_lines():
    lengths = {name: len(path.read_text().splitlines()) for name, path in FILES.items()}
    assert not {name: length for name, length in lengths.items() if length > 300}
