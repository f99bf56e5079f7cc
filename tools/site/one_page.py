"""The whole course on one page, print.html, to print or to save as PDF: made of the built pages."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag
from course import PATHS

NAMES = ["index.html", *(f"notebooks/{path.stem}.html" for path in PATHS)]
NEVER_PRINTED = (
    ".ways, .answer, .headerlink, .prev-next-footer, script, .toctree-wrapper"
)


def write(site: Path) -> None:
    page = BeautifulSoup((site / "print.html").read_text("utf-8"), "html.parser")
    place = page.find(id="whole-course")
    for name in NAMES:
        tree = BeautifulSoup((site / name).read_text("utf-8"), "html.parser")
        article = tree.find("article", class_="bd-article")
        for tag in article.select(NEVER_PRINTED):
            tag.decompose()
        move(article, name)
        section = page.new_tag("div", attrs={"class": "chapter", "id": key(name)})
        section.extend(list(article.contents))
        place.append(section)
    (site / "print.html").write_text(str(page), encoding="utf-8")


def key(name: str) -> str:
    return re.sub(r"\W", "-", Path(name).stem)


def move(article: Tag, name: str) -> None:
    """Ids get their page's name before them, so that they stay apart; links follow."""
    for tag in article.find_all(True):
        if tag.get("id"):
            tag["id"] = f"{key(name)}--{tag['id']}"
        for attribute in ("aria-labelledby", "aria-describedby", "for"):
            if tag.get(attribute):
                tag[attribute] = f"{key(name)}--{tag[attribute]}"
        for attribute in ("href", "src"):
            if attribute in tag.attrs:
                tag[attribute] = moved(tag[attribute], name)


def moved(link: str, name: str) -> str:
    """A link of the page `name`, as print.html has it."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return link
    target = name
    if parts.path:
        steps = list(Path(name).parent.parts)
        for step in parts.path.split("/"):
            steps = steps[:-1] if step == ".." else [*steps, step]
        target = "/".join(steps)
    if target in NAMES:
        anchor = f"--{parts.fragment}" if parts.fragment else ""
        return f"#{key(target)}{anchor}"
    return target + (f"#{parts.fragment}" if parts.fragment else "")
