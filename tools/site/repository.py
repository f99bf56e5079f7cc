"""Where the course lives on the web, if the build knows it: addresses made of one setting.

COURSE_REPOSITORY is the address that `git clone` takes. GitHub's workflows set
GITHUB_REPOSITORY (owner/name) by themselves. With neither, no page names an address.
"""

import os
import re

BRANCH = "main"
PAGES = "gh-pages"  # the branch that the workflow publishes the built site on


def address() -> str | None:
    """What `git clone` takes."""
    own = os.environ.get("COURSE_REPOSITORY")
    name = os.environ.get("GITHUB_REPOSITORY")
    server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
    return own or (f"{server}/{name}" if name else None)


def github() -> tuple[str, str] | None:
    """Owner and name, where the course is on github.com: Colab and Binder open no other."""
    found = re.fullmatch(
        r"https://github\.com/([\w.-]+)/([\w.-]+?)(\.git)?/?", address() or ""
    )
    return (found[1], found[2]) if found else None


def site() -> str | None:
    """The address of the published site, with a slash at its end."""
    if own := os.environ.get("COURSE_SITE"):
        return own.rstrip("/") + "/"
    if (known := github()) is None:
        return None
    owner, name = known
    own_page = f"{owner}.github.io".lower() == name.lower()
    return f"https://{owner}.github.io/" + ("" if own_page else f"{name}/")


def colab(path: str) -> str | None:
    """Opens a notebook of the published site, which begins with the line that gets the course."""
    if (known := github()) is None:
        return None
    host = "https://colab.research.google.com/github"
    return f"{host}/{known[0]}/{known[1]}/blob/{PAGES}/{path}"


def binder(path: str) -> str | None:
    """Opens a notebook in the course's folder, in an environment made from environment.yml."""
    if (known := github()) is None:
        return None
    return f"https://mybinder.org/v2/gh/{known[0]}/{known[1]}/{BRANCH}?urlpath=lab/tree/{path}"


def edit(path: str) -> str | None:
    if (known := github()) is None:
        return None
    return f"https://github.com/{known[0]}/{known[1]}/edit/{BRANCH}/{path}"


def archive() -> str | None:
    """The whole course as a ZIP file."""
    if (known := github()) is None:
        return None
    return f"https://github.com/{known[0]}/{known[1]}/archive/refs/heads/{BRANCH}.zip"
