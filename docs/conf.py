"""How Sphinx makes the site: ``make docs``."""

import os
import re
import sys
import tempfile
from pathlib import Path

import tomlkit

import milvus_nb

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))

# The notebooks are run by whoever builds the site: none of his own profiles may show in it.
os.environ["MILVUS_NB_PROFILES"] = str(Path(tempfile.mkdtemp()) / "profiles.toml")

# The notebooks are pages; their pictures are elsewhere from here, and each has its dark twin.
for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
    text = re.sub(
        r"(!\[[^\]]*\]\(\.\.)/docs(/images/[\w-]*)light([\w.-]*\))",
        r"\1\2light\3{.only-light} \1\2dark\3{.only-dark}",
        notebook.read_text("utf-8"),
    )
    (HERE / "tutorial" / notebook.name).write_text(text, "utf-8")

REPOSITORY = tomlkit.parse((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"][
    "Repository"
]

project = "milvus_nb"
author = copyright = "the milvus_nb developers"  # noqa: A001  # Sphinx's name for it
release = version = milvus_nb.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "from_code"]
exclude_patterns = ["_build"]
highlight_language = "text"
toc_object_entries_show_parents = "hide"
nitpicky = True
# Named in what is public, and not public themselves.
nitpick_ignore = [
    ("py:class", name)
    for name in ("Advice", "FailedState", "Panel", "Stage", "milvus_nb.probing.stages.Stage")
]

myst_enable_extensions = ["attrs_inline", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 120
# The panel's own type of output is JupyterLab's to show; beside it is a table for all others.
suppress_warnings = ["mystnb.unknown_mime_type"]

autodoc_typehints = "none"  # they are in the signature, as Python writes them
autodoc_member_order = "bysource"
napoleon_google_docstring = False

html_theme = "pydata_sphinx_theme"
html_title = "milvus_nb"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_sidebars = {page: [] for page in ("index", "install", "gallery")}
html_theme_options = {
    "github_url": REPOSITORY,
    "navbar_align": "left",
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
}
