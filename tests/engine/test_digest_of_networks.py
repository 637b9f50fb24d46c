"""The digest of a model sees all modules that compute its numbers, whichever package they are imported from."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import eos_sweep
from eos_sweep import models
from eos_sweep.contract import is_array
from eos_sweep.engine import batch
from eos_sweep.engine.digest import made
from eos_sweep.engine.sources import TABLES, model_parts
from helpers.imports import FILES, imported

ROOMS = "eos_sweep.models.", "eos_sweep.eigen.", "eos_sweep.functions."
NETWORKS = [name for name in models.TABLE if is_array(models.get(name))]
RULES = "gd", "adam"


def reached(module):
    """Names of the modules with numbers that one imports, and that these import."""
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name not in found and name.startswith(ROOMS):
            found.add(name)
            waiting += imported(FILES[name.removeprefix("eos_sweep.")])
    return found


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", NETWORKS)
def test_each_module_of_a_network_is_looked_into(name, rule):
    model = models.get(name, rule)
    _, answers = made(*model_parts(model), (batch, ["run"]), tables=TABLES)
    looked_into = {module for module, one in answers.items() if one.ours and one.source is not None}
    expected = reached(models.TABLE[name])
    assert "eos_sweep.models.mini_batches" in expected
    assert not expected - looked_into


# A file, an edit in it, and whether that can change a number of tanh_net.
EDITS = [
    ("models/tiles.py", 'FUSED = ("contract",)', "FUSED = ()", True),
    ("models/tanh_loops.py", "SAMPLES = 192", "SAMPLES = 96", True),
    ("models/tanh_loops.py", "weights[i] -= eta * gradient[i]", "weights[i] -= 2.0 * eta * gradient[i]", True),
    ("models/loops.py", "1.0 - height * height", "1.0 + height * height", True),
    ("models/loops.py", '@compiled(fastmath={"contract"})', "@compiled(fastmath=True)", True),
    ("models/mini_batches.py", "self._whole.loss, False", "self._whole.loss, True", True),
    (
        "models/bivariate_theory.py",
        "return lambda1 * flow_limit(alpha * alpha - beta1 *",
        "return flow_limit(alpha * alpha - beta1 *",
        False,
    ),
    ("observables/tail.py", "budget // 10", "budget // 20", True),
    ("contract.py", 'DOUBLED = "_doubled"', 'DOUBLED = "_twice"', True),
    ("compiled_loops.py", '"error_model": "numpy"', '"error_model": "python"', True),
    ("engine/preparing.py", "SHORT = 2**28", "SHORT = 2**20", False),
    ("kernel_cache.py", "USUAL_SECONDS = 10.0", "USUAL_SECONDS = 20.0", False),
]
PROGRAM = """
import json, sys
from pathlib import Path
from eos_sweep.engine import batch
from eos_sweep.engine.digest import digest
from eos_sweep.engine.sources import TABLES, model_parts
from eos_sweep.models import tanh_net

package, edits = Path(sys.argv[1]), json.loads(sys.argv[2])
now = lambda: digest(*model_parts(tanh_net), (batch, ["run"]), tables=TABLES)
before, changed = now(), []
for name, old, new in edits:
    text = (package / name).read_text()
    assert text.count(old) == 1, name
    (package / name).write_text(text.replace(old, new))
    changed.append(now() != before)
    (package / name).write_text(text)
print(json.dumps(changed))
"""


def test_an_edit_of_what_a_network_computes_changes_its_digest_and_a_choice_of_kernel_does_not(tmp_path):
    package = tmp_path / "eos_sweep"
    shutil.copytree(Path(eos_sweep.__file__).parent, package, ignore=shutil.ignore_patterns("*.nb[ic]"))
    command = [sys.executable, "-c", PROGRAM, str(package), json.dumps([edit[:3] for edit in EDITS])]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    changes = zip(EDITS, json.loads(done.stdout), strict=True)
    assert not [edit for edit, changed in changes if changed != edit[3]]
