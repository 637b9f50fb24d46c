"""What the package imports is what its metadata asks for."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import eos_sweep

PACKAGE = Path(eos_sweep.__file__).parent
PROJECT = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BEHIND_XARRAY = {"dask"}  # which computes its lazy arrays; eos_sweep itself imports only distributed
# Imported only by what the extra is for.
OPTIONAL = {"jax": "bench", "torch": "bench", "sklearn": "bench", "scipy": "points"}
DISTRIBUTIONS = {"sklearn": "scikit-learn"}  # where the name is another one


def distributions(requirements):
    """Return the normalised names of distributions that requirements such as ``zarr>=3`` name."""
    return {re.match(r"[\w.-]+", line).group().lower().replace("_", "-") for line in requirements}


def third_party():
    """Return module name -> files that import it, of all that is neither ours nor of the standard library."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                names = [node.module] if isinstance(node, ast.ImportFrom) else []
            for name in {name.partition(".")[0] for name in names} - {"eos_sweep"} - sys.stdlib_module_names:
                found.setdefault(name, []).append(str(path.relative_to(PACKAGE)))
    return found


def test_every_imported_library_is_a_dependency():
    required = distributions(PROJECT["dependencies"])
    known = packages_distributions()
    missing = {
        name: files
        for name, files in third_party().items()
        if name not in OPTIONAL and not {one.lower().replace("_", "-") for one in known.get(name, [name])} & required
    }
    assert not missing


def test_every_dependency_is_imported():
    known = packages_distributions()
    used = {one.lower().replace("_", "-") for name in third_party() for one in known.get(name, [name])}
    assert distributions(PROJECT["dependencies"]) <= used | BEHIND_XARRAY
    assert not BEHIND_XARRAY & used


def test_optional_libraries_are_in_their_extras():
    for name, extra in OPTIONAL.items():
        assert DISTRIBUTIONS.get(name, name) in distributions(PROJECT["optional-dependencies"][extra]), name


def test_the_extra_dev_has_what_documentation_and_stores_need():
    extras = PROJECT["optional-dependencies"]
    for extra in ("docs", "netcdf", "s3", "slurm", "figures", "points"):
        assert distributions(extras[extra]) <= distributions(extras["dev"]), extra
