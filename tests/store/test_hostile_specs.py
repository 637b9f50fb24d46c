"""The expressions, the name of the model and the data of a stranger's spec run nothing."""

import json
import pickle
import shutil
import zipfile

import numpy as np
import pytest

import eos_sweep
from eos_sweep.analysis.specs import sweep_of
from eos_sweep.errors import InputError
from eos_sweep.spec.making import make
from helpers.harmless import audited, furnished, harmless
from helpers.specs import changed
from helpers.stores import toml
from helpers.tampering import Bomb
from programs.audited import MARK

EXPRESSIONS = (
    f"__import__('{MARK}')", f"__import__('os').system('touch {MARK}')", "().__class__.__bases__[0].__subclasses__()",
    f"(lambda: __import__('{MARK}'))()", f"f'{{__import__(\"{MARK}\")}}'", f"[__import__('{MARK}') for x in (1,)][0]",
    f"(x := __import__('{MARK}'))", f"open('{MARK}', 'w')", f"exec('import {MARK}')", f"eval('{MARK}')", f"{MARK}",
    f"{MARK}.x", "os.system", "__builtins__", "__name__", "eta.__class__.__mro__", "'{0.__class__}'.format(eta)",
    "'%s' % eta", f"sqrt.__globals__['{MARK}']", f"max(*__import__('{MARK}'))", f"normal(seed=__import__('{MARK}'))",
    f"eta if __import__('{MARK}') else 1", f"{{__import__('{MARK}'): 1}}", f"1 or __import__('{MARK}')", "breakpoint()",
    f"import {MARK}", f"1; import {MARK}", f"eta\nimport {MARK}", "abs", "print(eta)", "eval", "min",
)  # fmt: skip
MODELS = (
    MARK,
    f"{MARK}.x",
    f"{MARK}:x",
    f"./{MARK}",
    f"{MARK}.py",
    "os",
    "antigravity",
    "this",
    "__main__",
    "builtins",
)


def test_no_expression_and_no_name_of_a_model_runs_anything(tmp_path):
    furnished(tmp_path)
    for k, expression in enumerate(EXPRESSIONS):
        toml(tmp_path / f"e{k}.toml", changed(parameters={"radius": expression}))
    for k, model in enumerate(MODELS):
        toml(tmp_path / f"m{k}.toml", changed(model=model))
    for k, rule in enumerate((MARK, f"heavy_ball + {MARK}", f"../{MARK}", "interface", "os", f"__import__('{MARK}')")):
        toml(tmp_path / f"r{k}.toml", changed(rule=rule))
    toml(tmp_path / "data.toml", changed(data={"file": f"{MARK}.py"}))
    specs = sorted(path.name for path in tmp_path.glob("*.toml"))
    lines = [(tmp_path, (name, spec)) for spec in specs for name in ("plan", "run", "trace")]
    for (_, arguments), found in zip(lines, audited(lines), strict=True):
        harmless(found, arguments)
        assert found["code"] == 2 and not found["events"], f"{arguments}: {found}"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*specs, f"{MARK}.py", "pipe"])


def packed(place, **members):
    """Write an .npz whose arrays have whatever content."""
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)


def npy(shape, content=b"", kind="<f8"):
    """Return the content of an .npy file that claims a shape and a type."""
    header = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content


OBJECTS, PICKLE = np.array([Bomb()] * 9, dtype=object), pickle.dumps(Bomb())
GOOD = npy((9,), np.arange(9.0).tobytes())
FILES = {
    "good": lambda place: packed(place, inputs=GOOD, targets=GOOD),
    "objects": lambda place: np.savez(place, inputs=OBJECTS, targets=np.arange(9.0)),
    "a pickle": lambda place: place.write_bytes(PICKLE),
    "pickles": lambda place: packed(place, inputs=PICKLE, targets=GOOD),
    "pickles behind a header": lambda place: packed(place, inputs=npy((9,), PICKLE, "|O"), targets=GOOD),
    "code in a header": lambda place: packed(place, inputs=npy(f"__import__('{MARK}')"), targets=GOOD),
    "10^12 numbers": lambda place: packed(place, inputs=npy((10**12,)), targets=GOOD),
    "(-10^6)^2 numbers": lambda place: packed(place, inputs=npy((-(10**6), -(10**6))), targets=GOOD),
    "a bomb": lambda place: packed(place, inputs=npy((2**28 + 1,), bytes(2**28 + 1), "|i1"), targets=GOOD),
    "other folders": lambda place: packed(place, **{"../inputs": GOOD, "/targets": GOOD}),
    "cut": lambda place: packed(place, inputs=GOOD[:-9], targets=GOOD),
    "empty": lambda place: place.write_bytes(b""),
    "a beginning": lambda place: place.write_bytes(b"PK\x03\x04"),
}


@pytest.mark.slow
def test_no_data_file_runs_anything(tmp_path):
    toml(tmp_path / "s.toml", {"model": "tanh_net", "steps": 3, "axes": {"eta": [0.1]}, "data": {"file": "d.npz"}})
    for kind, write in FILES.items():
        shutil.copytree(tmp_path, place := tmp_path / kind, ignore=lambda *_: FILES)
        write(furnished(place) / "d.npz")
    lines = [(tmp_path / kind, ("run", "s.toml")) for kind in FILES]
    for kind, found in zip(FILES, audited(lines), strict=True):
        harmless(found, kind)
        assert (found["code"] == 0) == (kind == "good") and not (tmp_path / kind / MARK).exists(), f"{kind}: {found}"
        assert (tmp_path / kind / "s.zarr").exists() == (kind == "good")


DRAWN = {"method": "sobol", "count": 2**20, "ranges": {"eta": {"log": [0.01, 1]}}}


@pytest.mark.parametrize("points", [{"file": "secret.csv"}, {"file": "secret.csv", "columns": ["eta"]}, DRAWN])
def test_no_stored_points_are_read_or_drawn(tmp_path, monkeypatch, points):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.csv").write_text("eta\nthe secret\n")
    made = make("quadratic", points={"eta": [0.1, 0.2]}, parameters={"a1": 1}, initial={"theta1": 1}, steps=3)
    eos_sweep.run(made, "s.zarr", progress=False)
    ds = eos_sweep.open_sweep("s.zarr").load()
    root = json.loads((tmp_path / "s.zarr/zarr.json").read_text())
    root["attributes"]["spec"] = ds.attrs["spec"] = json.dumps(made.to_dict() | {"points": points})
    (tmp_path / "s.zarr/zarr.json").write_text(json.dumps(root))
    for reader in (
        lambda: eos_sweep.open_sweep("s.zarr"),
        lambda: eos_sweep.run(made, "s.zarr", progress=False),
        lambda: eos_sweep.run(made, "t.zarr", reuse="s.zarr", progress=False),
        lambda: eos_sweep.combine(["s.zarr", "s.zarr"]),
        lambda: ds.eos.trajectory(point=1),
        lambda: sweep_of(ds),
    ):
        with pytest.raises(InputError, match="damaged: its spec has no values of points") as caught:
            reader()
        assert "the secret" not in str(caught.value)


def test_a_spec_that_is_no_text_is_damaged():
    ds = eos_sweep.sweep("quadratic", {"eta": [0.1]}, {"a1": 1}, {"theta1": 1}, steps=3)
    for spec in ("{", 3, ""):
        with pytest.raises(InputError, match="the dataset: damaged: its spec is .*, not JSON"):
            sweep_of(ds.assign_attrs(spec=spec))
