"""Sphinx's settings for the course's site. `make site` (tools/build_site.py) calls it."""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))

project = html_title = "A PyTorch course"
html_short_title = "PyTorch course"
author = "the authors of the course"
language = "en"

extensions = ["myst_nb", "sphinx_copybutton", "mathml"]
nb_execution_mode = "off"  # what is stored is shown
nb_ipywidgets_js = {}  # nothing is loaded from elsewhere
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 4  # links lead to headings, as they do in Jupyter and on GitHub
myst_update_mathjax = False
html_math_renderer = "mathml"
suppress_warnings = ["myst.header"]  # CONTRIBUTING.md and others begin where they like

html_theme = "sphinx_book_theme"
html_theme_options = {
    "home_page_in_toc": True,
    "show_toc_level": 1,
    "search_bar_text": "Search all lessons",
    "toc_title": "On this page",
    "use_download_button": False,  # each lesson has its own line of ways to get it
    "use_fullscreen_button": False,
    "navbar_persistent": [],
    "footer_content_items": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["course.css"]
html_js_files = ["course.js"]
html_copy_source = html_show_sourcelink = False
html_use_index = False
html_permalinks_icon = "#"
html_extra_path = [os.path.join(os.environ["COURSE_SITE_WORK"], "extra")]

copybutton_selector = "div.highlight pre"
copybutton_exclude = ".linenos"

html_additional_pages = {"print": "print.html"}
