"""A store whose numbers other code computed is refused, with all that is known of that code."""

import pytest

from eos_sweep.errors import SpecError
from eos_sweep.store.store import Store
from helpers.pausing import store_of

SPEC = {
    "model": "quadratic",
    "steps": 20,
    "axes": {"eta": [0.1, 0.2], "theta1": [1.0, 2.0]},
    "parameters": {"a1": 1},
    "observables": ["steps_taken"],
}
COMMIT = "0123456789abcdef" * 2 + "01234567"


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"git_commit": COMMIT, "git_dirty": "no"}, "(eos_sweep 9.8.7, commit 0123456789ab)"),
        (
            {"git_commit": COMMIT, "git_dirty": "yes"},
            "(eos_sweep 9.8.7, commit 0123456789ab with changes that were not committed)",
        ),
        ({"git_commit": "unknown", "git_dirty": "unknown"}, "(eos_sweep 9.8.7)"),
        ({"git_commit": "\x1b[31m; rm -rf", "git_dirty": "yes"}, "(eos_sweep 9.8.7)"),
    ],
)
def test_the_version_and_the_commit_with_which_to_go_on_are_named(tmp_path, about, words):
    store = store_of(SPEC, tmp_path / "s")
    changes = {"model_digest": "another", "eos_sweep_version": "9.8.7", **about}
    store.group.update_attributes(changes)
    store.ledger.identify(store.group.attrs.asdict())
    assert Store.open(tmp_path / "s").group.attrs["model_digest"] == "another"
    with pytest.raises(SpecError) as refused:
        store_of(SPEC, tmp_path / "s")
    assert f"continue with that version {words}, or start anew with --overwrite" in str(refused.value)
