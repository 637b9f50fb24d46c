"""The expressions, the name of the model and the data of a stranger's spec run nothing."""

import pickle
import shutil
import zipfile

import numpy as np
import pytest

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
