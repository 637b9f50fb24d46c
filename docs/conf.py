"""Settings of the documentation site: ``python -m sphinx -W --keep-going -b html docs docs/_build/html``."""

import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "eos_sweep"
author = copyright = "The eos_sweep developers"
release = metadata.version("eos-sweep")
extensions = [
    "generated",  # _ext/generated.py: tables read from the code
    "mathml",  # _ext/mathml.py: formulas without JavaScript
    "myst_nb",  # Markdown, and notebooks written in it
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
]
exclude_patterns = ["_build"]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4

nb_execution_mode = "force"  # what a notebook prints is what this version prints
nb_execution_show_tb = True  # in the warning, which -W makes an error
nb_execution_in_temp = True
nb_execution_timeout = 300  # seconds of a cell; a busy machine compiles slowly
nb_output_stderr = "remove"  # where the bars of progress are

autodoc_typehints = "none"  # the NumPy docstrings give the types that matter
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False

copybutton_exclude = ".linenos, .gp, .go"

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "eos_sweep"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {
    "show_prev_next": True,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 6,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": {
        "**": ["page-toc"],
        **{page: [] for page in ("index", "break_conditions", "claims", "changelog")},  # wide tables need the room
    },
}
html_sidebars = {"start": []}
