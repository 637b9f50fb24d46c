"""Which room may import which, which libraries each may use, what tests share, and how long a file may be."""

import ast
import graphlib
from pathlib import Path

import pytest

import eos_sweep
from helpers.imports import FILES, PACKAGE, imported, importers

TESTS = Path(__file__).parents[1]
TEST_FILES = {str(path.relative_to(TESTS)): path for path in TESTS.rglob("*.py")}
FACES = {"__init__", "__main__", "plot"}  # names for users, which stand above all rooms that they show
# A room imports the rooms on floors below its own, and itself.  "" is the ground floor: single files.
FLOORS = (
    ("",),
    ("formulas", "progress"),
    ("functions", "eigen"),
    ("update_rules",),
    ("derivation",),
    ("models", "observables"),
    ("spec", "engine"),
    ("store",),
    ("analysis",),
    ("runtime",),
    ("checks",),
    ("conformance",),
    ("cli",),
)
HEIGHT = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def ours(name):
    """Names of our modules that a file imports."""
    return {module.removeprefix("eos_sweep.") for module in imported(FILES[name]) if module.startswith("eos_sweep.")}


def room(name):
    return name if name in HEIGHT else name.rpartition(".")[0].partition(".")[0]


@pytest.mark.parametrize("name", sorted(set(FILES) - FACES))
def test_a_room_imports_only_what_lies_below_it(name):
    above = {
        other
        for other in ours(name) - {"plot"}
        if room(other) != room(name) and HEIGHT[room(other)] >= HEIGHT[room(name)]
    }
    assert not above
    assert "plot" not in ours(name) or room(name) in ("conformance", "cli")


def test_the_pages_show_the_layers_as_they_are():
    lines = [" | ".join(rooms) or "ground floor" for rooms in reversed(FLOORS)]
    root = PACKAGE.parent
    assert "```text\n" + "\n".join(lines) + "\n```" in (root / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert " · ".join(lines) in (root / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_no_files_import_each_other_in_a_circle():
    graphlib.TopologicalSorter({name: ours(name) for name in FILES}).prepare()


def test_a_room_says_its_job_in_a_sentence():
    for name, path in FILES.items():
        if path.name == "__init__.py":
            text = ast.get_docstring(ast.parse(path.read_text()))
            assert text and text.partition("\n")[0].endswith("."), name


def test_the_engine_meets_models_and_its_kernel_observables_only_as_arguments():
    assert not {name for name in importers("eos_sweep.models") if room(name) == "engine"}
    kernel = {
        f"engine.{name}"
        for name in ("kernel", "steps", "sharpness_passes", "eigenvalues", "layout", "lanes", "observers")
    }
    assert kernel <= set(FILES)
    assert not kernel & importers("eos_sweep.observables")


@pytest.mark.parametrize(
    "name",
    [
        "rules",
        "regimes",
        "trust",
        "models.bivariate_theory",
        "analysis.pictures.theory_lines",
        "analysis.bisection",
        "analysis.boundaries",
        "analysis.dimensions",
        "analysis.edge_counts",
        "analysis.edge_curves",
        "analysis.outlines",
        "analysis.predicted",
    ],
)
def test_what_labels_results_does_not_compute_store_or_draw_them(name):
    assert name not in importers("numba", "dask", "distributed", "zarr", "matplotlib", "eos_sweep.runtime")


def test_each_heavy_library_has_its_place():
    assert importers("dask", "distributed") <= {"runtime.dask_cluster", "runtime.dask_client"}
    stored = {"location", "root", "metadata", "ledger", "chunk_bytes", "validate", "store"}
    stored |= {"durable_store", "guarded", "zarr_thread"}
    assert importers("zarr") <= {f"store.{name}" for name in stored} | {"analysis.pyramid"}
    assert importers("numcodecs", "google_crc32c") <= {"store.chunk_bytes"}
    assert importers("fsspec") <= {"store.location", "store.remote", "runtime.environments"}
    assert importers("portalocker") == {"store.lock"}
    compiled = {
        "bits",
        "inlining",
        "scalar",
        "unrolled",
        "kernel_cache",
        "compiled_loops",
        "engine.compilation",
        "engine.lanes",
        "models.tiles",
    }
    compiled |= {"checks.bench.peers.numba_loop", "runtime.environments"}
    assert importers("numba", "llvmlite") <= compiled
    drawn = {name for name in FILES if name.startswith("analysis.pictures")}
    assert importers("matplotlib") <= drawn | {"checks.bench.chart"}
    assert importers("scipy") == {"spec.draws_of_points"}
    assert importers("jax") == {"checks.bench.peers.jax_vmap"}
    assert importers("torch") == {"checks.bench.peers.torch_compile", "checks.bench.peers.torch_network"}
    assert importers("sklearn") == {"checks.bench.networks"}


def test_nothing_but_tests_checks_with_assert():
    """Python -O removes assert statements."""
    scripts = {
        str(path): path for room in ("figures", "sweeps", "docs") for path in (PACKAGE.parent / room).rglob("*.py")
    }
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in (FILES | scripts).items()}
    assert not {name for name, tree in trees.items() if any(isinstance(node, ast.Assert) for node in ast.walk(tree))}


def test_pictures_run_nothing():
    drawing = {name for name in FILES if name.startswith("analysis.pictures")}
    assert not drawing & importers("eos_sweep.engine", "eos_sweep.store", "eos_sweep.analysis.opened")


def test_what_tests_share_lies_in_helpers():
    """No test imports another test or a conftest, and helpers import no test."""
    foreign = {}
    for name, path in TEST_FILES.items():
        parts = {part for module in imported(path) for part in module.split(".")}
        if own := parts & {"conftest", "tests", *(Path(name).stem for name in TEST_FILES if "test_" in name)}:
            foreign[name] = own
    assert not foreign


def test_no_file_is_longer_than_300_lines():
    lengths = {name: len(path.read_text().splitlines()) for name, path in (FILES | TEST_FILES).items()}
    assert not {name: length for name, length in lengths.items() if length > 300}


def test_the_ground_floor_is_small():
    assert len([name for name, path in FILES.items() if path.parent == PACKAGE]) <= 20


def test_no_module_has_the_name_of_a_public_function():
    leaves = {name.rpartition(".")[2] for name in FILES}
    assert not leaves & set(eos_sweep.__all__)
