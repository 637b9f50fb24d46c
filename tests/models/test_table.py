"""The table of models, and which edits of a model's files leave stored sweeps valid."""

from pathlib import Path

import pytest

from eos_sweep import models, observables
from eos_sweep.engine.kernels import observables_of
from eos_sweep.engine.sources import digest_of
from eos_sweep.models import bivariate, bivariate_theory

FOLDER = Path(models.__file__).parent
WATCHED = observables_of(bivariate, observables.expand(["all"], bivariate))


def test_each_file_that_states_its_coordinates_is_a_row_of_the_table():
    found = {path.stem for path in FOLDER.glob("*.py") if "\nSTATE = {" in path.read_text()}
    assert found == set(models.TABLE)
    assert [models.name_of(models.get(name)) for name in models.TABLE] == list(models.TABLE)


@pytest.mark.parametrize(
    "old, new, same",
    [
        ("above it theorem 4.1 says nothing", "above it theorem 4.1 is silent", True),
        (r"$\lambda_1 \lambda_2 = 1$", r"$\lambda_2 = 1/\lambda_1$", True),
        ('v["lambda1"] * v["lambda2"]', '2.0 * v["lambda1"] * v["lambda2"]', True),
        ("0.5 * (np.sqrt(q * q + 4.0)", "0.25 * (np.sqrt(q * q + 4.0)", False),
    ],
)
def test_a_line_of_theory_is_in_no_digest_and_a_formula_that_observables_use_is(tmp_path, monkeypatch, old, new, same):
    before, text = digest_of(bivariate, WATCHED), Path(bivariate_theory.__file__).read_text()
    assert text.count(old) == 1
    (tmp_path / "theory.py").write_text(text.replace(old, new))
    monkeypatch.setattr(bivariate_theory, "__file__", str(tmp_path / "theory.py"))
    assert (digest_of(bivariate, WATCHED) == before) == same
