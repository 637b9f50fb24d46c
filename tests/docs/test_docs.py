"""README, CONTRIBUTING and the documentation site: links, commands, specifications, examples, and the build itself."""

import contextlib
import io
import re
import shlex
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points, version
from pathlib import Path

import click
import pytest
import yaml

import eos_sweep
from eos_sweep import models, observables, plot
from eos_sweep.spec import point_forms
from eos_sweep.store import files

ROOT = Path(eos_sweep.__file__).parents[1]
DOCS = ROOT / "docs"
SDIST = (ROOT / "PKG-INFO").exists()  # in which the pictures of figures/ are left out
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *DOCS.glob("*.md"),
        *DOCS.glob("notebooks/*.md"),
        *(ROOT / "figures").glob("*.md"),
        *(ROOT / "eos_sweep").rglob("*.md"),
    ]
)
TEXT = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in PAGES}
(MAIN,) = (point.load() for point in entry_points(group="console_scripts", name="eos-sweep"))
COMMANDS = {name: MAIN.get_command(None, name) for name in MAIN.list_commands(None)}
NOT_ALONE = "SLURMCluster", "torchvision", "pytest.mark", "def step("  # run by tests of their own
by_page = pytest.mark.parametrize("page", TEXT)


def fences(page, language):
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT[page], flags=re.S | re.M)


def prose(page):
    """Return a page without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", TEXT[page], flags=re.S | re.M)


def anchors(text):
    """Return what the headings of a page are called in links, as GitHub and MyST derive it."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def parse(words):
    """Let click parse the words of one command, without running it."""
    while words[0] == "--import":  # the one option that stands before a command
        words = words[2:]
    if words[0] not in COMMANDS:
        raise click.UsageError(f"no command {words[0]}")
    return COMMANDS[words[0]].make_context(words[0], list(words[1:]))


def commands(page):
    """Return the words of each ``eos-sweep`` command in the shell blocks of a page."""
    for line in "".join(fences(page, "sh")).splitlines():
        words = shlex.split(line, comments=True)
        starts = [place for place, word in enumerate(words) if Path(word).name == "eos-sweep"]
        yield from (words[place + 1 :] for place in starts)


def test_readme_is_at_most_150_lines():
    assert len(TEXT["README.md"].splitlines()) <= 150


def test_the_citation_is_complete_and_of_this_version():
    found = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"message", "title", "authors"} <= found.keys() and found["cff-version"] == "1.2.0"
    assert found["version"] == version("eos-sweep") and "2503.02809" in found["references"][0]["url"]


@by_page
def test_links_within_the_repository_resolve(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            file = ((ROOT / page).parent / path).resolve() if path else ROOT / page
            assert file.exists() or (SDIST and file.suffix == ".png"), f"{page}: {target}"
            included = "".join(
                (file.parent / name).read_text(encoding="utf-8")
                for name in re.findall(r"^```\{include\} (\S+)", file.read_text(encoding="utf-8"), flags=re.M)
            ) if anchor else ""  # fmt: skip
            assert not anchor or anchor in anchors(file.read_text(encoding="utf-8") + included), f"{page}: {target}"


@by_page
def test_commands_have_the_arguments_and_options_that_the_command_line_takes(page):
    for words in commands(page):
        parse(words)


def test_a_wrong_command_would_be_found():
    for words in (["walk", "x.toml"], ["run", "x.toml", "--fast"], ["run"], ["verify", "x.zarr", "--sample", "many"]):
        with pytest.raises(click.UsageError):
            parse(words)
    assert sum(len(list(commands(page))) for page in TEXT) > 40


@by_page
def test_commands_in_sentences_exist_with_their_options(page):
    for words in re.findall(r"`eos-sweep ([a-z]+)([^`]*)`", " ".join(prose(page).split())):
        known = {name for option in COMMANDS[words[0]].params for name in (*option.opts, *option.secondary_opts)}
        assert set(re.findall(r"(?<!\S)--?[a-z][\w-]*", words[1])) <= {*known, "--help"}, f"{page}: {' '.join(words)}"


@by_page
def test_scripts_exist(page):
    scripts = re.findall(r"python ((?:figures|tests)/[\w/.]+\.py)", TEXT[page])
    scripts += re.findall(r"eos-sweep (?:run|plan|trace) (sweeps/\w+\.toml)", TEXT[page])
    assert not [name for name in scripts if "NAME" not in name and not (ROOT / name).exists()]


@pytest.mark.parametrize("page", [page for page in TEXT if not page.startswith("figures")])  # scripts write those
def test_prose_is_wrapped(page):
    lines = prose(page).splitlines()
    assert not [line for line in lines if len(line) > 128 and not line.startswith("|") and "://" not in line]


def test_each_table_of_speeds_has_its_command_and_its_machine():
    for section in TEXT["docs/speed.md"].split("\n## ")[1:]:
        found = [section.count(mark) for mark in ("\n- Command: `", "\n- Machine: ", "\n|---")]
        assert found == [1, 1, 1], section
    # What it was at another commit is on the page of experiments.
    assert not re.findall(r"\b(?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{7,40}\b", TEXT["docs/speed.md"])


def test_an_entry_of_the_changelog_tells_all_of_a_change():
    entries = re.findall(r"^- ((?:\S+ ){4}\S+)", TEXT["CHANGELOG.md"], flags=re.M)
    assert len(entries) > 100 and not [words for words in entries if entries.count(words) > 1]


def test_the_page_on_stores_names_what_lies_beside_the_data():
    assert not [name for name in files.BESIDE if f"`{name}`" not in TEXT["docs/stores.md"]]


def _double_well():
    return next(block for block in fences("docs/models.md", "python") if "in a double well" in block)


@pytest.fixture
def double_well(tmp_path, monkeypatch):
    (tmp_path / "double_well.py").write_text(_double_well(), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(models.ALLOWED_MODULES, "")
    models.allow("double_well")
    yield
    sys.modules.pop("double_well")


@by_page
def test_specifications_are_valid(page, double_well):
    for block in fences(page, "toml"):
        given = tomllib.loads(block)
        if {"model", "steps", "axes"} <= given.keys():
            assert eos_sweep.Sweep.from_dict(point_forms.read(given)).size > 0
        else:
            assert given.keys() <= eos_sweep.Sweep.model_fields.keys()


def test_every_key_of_a_specification_is_explained():
    for key in eos_sweep.Sweep.model_fields:
        assert f"| `{key}` |" in TEXT["docs/sweeps.md"] or f"| `[{key}]` |" in TEXT["docs/sweeps.md"], key


def test_every_public_name_is_on_the_api_page():
    listed = re.findall(r"^\.\. auto(?:function|class|exception):: ([\w.]+)", TEXT["docs/api.md"], flags=re.M)
    public = [f"eos_sweep.{name}" for name in eos_sweep.__all__] + [f"eos_sweep.plot.{name}" for name in plot.__all__]
    assert sorted(listed) == sorted([*public, "eos_sweep.analysis.accessor.SweepAccessor"])


def test_every_model_is_on_the_models_page():
    for name in models.TABLE:
        assert f"`{name}`" in TEXT["docs/models.md"], name


@pytest.fixture
def generated(monkeypatch):
    pytest.importorskip("sphinx", reason="needs the extra docs")
    monkeypatch.syspath_prepend(DOCS / "_ext")
    import generated

    return generated


def test_every_variable_is_in_one_table(generated):
    shown = [
        name
        for part in re.findall(r"^```\{observables\} (\w+)", TEXT["docs/observables.md"], flags=re.M)
        for name in re.findall(r"^\| `(\w+)` ", generated.observable_rows(part), flags=re.M)
    ]
    known = {name for model in models.TABLE for name in observables.variables(models.get(model))}
    assert len(shown) == len(set(shown)) and set(shown) == known


def test_a_variable_without_a_description_stops_the_build(generated, monkeypatch):
    given = observables.variables

    def wordless(model, own=()):
        return {name: (owner, about._replace(long_name=" ")) for name, (owner, about) in given(model, own).items()}

    monkeypatch.setattr(observables, "variables", wordless)
    with pytest.raises(Exception, match="give it a long_name"):
        generated.observable_rows("default")


def test_each_room_and_module_has_a_docstring(generated):
    assert not [name for modules in generated.rooms().values() for name, words in modules.items() if not words]


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A folder with small stores of the names that the examples open."""
    place = tmp_path_factory.mktemp("examples")
    spec = tomllib.loads((ROOT / "sweeps" / "quickstart.toml").read_text(encoding="utf-8"))
    for axis in spec["axes"].values():
        axis["log"][2] = 32
    for name in ("quickstart.zarr", "huge.zarr"):
        eos_sweep.run(eos_sweep.Sweep.from_dict(spec | {"steps": 1000}), place / name)
    return place


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in TEXT if fences(page, "python")])
def test_python_examples_of_a_page_run_one_after_the_other(page, stored, monkeypatch):
    monkeypatch.chdir(stored)
    namespace = {"__name__": "example"}
    for block in fences(page, "python"):
        if not any(part in block for part in NOT_ALONE):
            small = re.sub(r"1024|256", "24", block)  # a grid of this size has the same answers to the same questions
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(small, page, "exec"), namespace)


@pytest.mark.slow
@pytest.mark.skipif(SDIST, reason="shows the pictures of figures/, which an sdist leaves out")
def test_the_site_builds_without_a_warning(tmp_path):
    pytest.importorskip("sphinx", reason="needs the extra docs")
    build = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-d", tmp_path / "doctrees"]
    done = subprocess.run([*build, DOCS, tmp_path / "html"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    pages = [*(tmp_path / "html").glob("*.html"), *(tmp_path / "html" / "notebooks").glob("*.html")]
    html = {path.stem: path.read_text(encoding="utf-8") for path in pages}
    assert "edge_of_stability" in html["regimes"] and "sharpness_ratio_max" in html["observables"]
    for name in (page.stem for page in DOCS.glob("notebooks/*.md")):  # each cell has run, and each has its picture
        assert "cell_output" in html[name] and "jupyter_execute" not in html[name] and "<img" in html[name], name
    assert "--scheduler-file" in html["command_line"] and "open_pyramid" in html["api"]
    for name, text in html.items():  # the site can be read offline
        assert not re.findall(r'<(?:script|img|link)[^>]*(?:src|href)="https?://', text), name


@pytest.mark.slow
def test_a_cell_that_raises_fails_the_build(tmp_path):
    pytest.importorskip("myst_nb", reason="needs the extra docs")
    settings = (DOCS / "conf.py").read_text(encoding="utf-8").replace("Path(__file__).parent", f"Path({str(DOCS)!r})")
    (tmp_path / "conf.py").write_text(settings.replace('["_static"]', "[]").replace('["site.css"]', "[]"))
    head = (DOCS / "notebooks" / "first_map.md").read_text(encoding="utf-8").split("# A first map")[0]
    (tmp_path / "index.md").write_text(
        f"{head}# One\n\n```{{code-cell}} ipython3\nraise OSError('no such store')\n```\n"
    )
    build = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", tmp_path, tmp_path / "html"]
    done = subprocess.run(build, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode != 0 and "no such store" in done.stderr
