"""Worker processes run a script again from its top: one without a main guard is refused in one line."""

import subprocess
import sys

import pytest

CHECK = "from eos_sweep.runtime.main_guard import check_main_guard\n"
GUARD = 'if __name__ == "__main__":\n'
ALLOWED = {
    "guarded": GUARD + "    check_main_guard()\n",
    "in a function": f"def main():\n    check_main_guard()\n\n\n{GUARD}    main()\n",
    "the other way round": 'if "__main__" != __name__:\n    pass\nelse:\n    check_main_guard()\n',
}
REFUSED = {
    "bare": "check_main_guard()\n",
    "in a function": "def main():\n    check_main_guard()\n\n\nmain()\n",
    "beside a guard": f"{GUARD}    pass\ncheck_main_guard()\n",
    "in another if": "if CHECKS:\n    check_main_guard()\n",
}


def run(tmp_path, *arguments):
    return subprocess.run([sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("body", ALLOWED.values(), ids=ALLOWED)
def test_what_is_guarded_passes(tmp_path, body):
    (tmp_path / "script.py").write_text(CHECK + body)
    for arguments in (["script.py"], ["-m", "script"]):
        assert run(tmp_path, *arguments).stderr == ""


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_what_is_not_guarded_is_refused_with_the_line(tmp_path, body):
    text = "CHECKS = 1\n" + CHECK + body
    (tmp_path / "script.py").write_text(text)
    line = len(text.splitlines())
    done = run(tmp_path, "script.py")
    (told,) = done.stderr.splitlines()
    assert told.startswith("workers: each process runs script.py again from its top; move what it does at line ")
    assert f"at line {line} below" in told and done.returncode == 1


def test_it_can_be_caught_as_any_other_error(tmp_path):
    body = "try:\n    check_main_guard()\nexcept Exception as error:\n    print(type(error).__mro__[1].__name__)\n"
    (tmp_path / "script.py").write_text(CHECK + body)
    done = run(tmp_path, "script.py")
    assert (done.stdout, done.stderr, done.returncode) == ("InputError\n", "", 0)


def test_what_no_process_imports_needs_no_guard(tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__main__.py").write_text(CHECK + REFUSED["bare"])
    assert run(tmp_path, "-m", "package").stderr == ""
    assert run(tmp_path, "-c", CHECK + REFUSED["bare"]).stderr == ""


def test_a_script_that_is_no_file_is_refused(tmp_path):
    done = subprocess.run([sys.executable], input=CHECK + "check_main_guard()", capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        1,
        "workers: each process imports <stdin>, which is no file; run a file, or threads\n",
    )


def test_a_module_that_a_script_imports_counts_by_its_import(tmp_path):
    (tmp_path / "work.py").write_text(CHECK + "check_main_guard()\n")
    (tmp_path / "script.py").write_text("import work\n")
    assert "at line 1 below" in run(tmp_path, "script.py").stderr
