"""What Sphinx reads: copies of the course's pages, with what only the web needs.

A figure's alternative text goes where myst-nb looks for it; below a title stands how to get the
lesson, before an exercise where to answer it. README.md is the home page, and says which pages
there are, in which order.
"""

import re
import shutil
from pathlib import Path

import lesson_alone
import nbformat
import repository
from course import CHEATSHEET, GLOSSARY, LESSONS, NOTEBOOKS, PATHS, README, ROOT, read
from figure_data import MIME
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

TEXTS = ["TEACHING.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md"]
CHAPTERS = {"Lessons": LESSONS, "To look up": [CHEATSHEET, GLOSSARY]}
PRINT_TASKS = '<button type="button" id="print-tasks">Print without solutions</button>'
# Of README.md, where the page is GitHub's.
ADDRESS = "With the address of this page for `ADDRESS` (or the page's ZIP, unpacked):"


def write(source: Path, extra: Path) -> None:
    """`source` for Sphinx to read, `extra` to lie in the site as it is."""
    (source / "notebooks").mkdir(parents=True)
    (extra / "notebooks").mkdir(parents=True)
    for folder in ("pictures", "scripts"):
        ignore = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(
            NOTEBOOKS / folder, source / "notebooks" / folder, ignore=ignore
        )
    # Where a downloaded lesson, or Colab, looks for them.
    shutil.copytree(NOTEBOOKS / "pictures", extra / "notebooks" / "pictures")
    shutil.copy(ROOT / "LICENSE", source)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "data" / "build", source / "data" / "build", ignore=ignore)
    (source / "index.md").write_text(home(), encoding="utf-8")
    for name in TEXTS:
        text = (ROOT / name).read_text(encoding="utf-8")
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text(for_the_web(text), encoding="utf-8")
    for path in PATHS:
        name = Path("notebooks") / path.name
        nbformat.write(page(path), source / name)
        nbformat.write(lesson_alone.copy(path), extra / name)


def for_the_web(text: str) -> str:
    """Links as Sphinx follows them: README.md is the home page; headings in GitHub's spelling."""
    text = re.sub(r"\]\((\.\./)?README\.md", r"](\1index.md", text)
    return re.sub(
        r"\.ipynb#([^)\s]+)\)", lambda found: f".ipynb#{slug(found[1])})", text
    )


def slug(anchor: str) -> str:
    """`Go-forward,-then-backward`, as Jupyter has it, in the form that MyST and GitHub use."""
    return re.sub(r"[^\w-]", "", anchor.lower())


def home() -> str:
    """README.md, and behind it the list of pages that contents, previous and next come from."""
    text = for_the_web(README.read_text(encoding="utf-8"))
    if (address := repository.address()) is not None:
        if ADDRESS not in text:
            raise SystemExit("tools/site/pages.py: README.md names ADDRESS elsewhere.")
        archive = repository.archive()
        text = text.replace(
            ADDRESS, f"(Or take the [ZIP file]({archive}).)" if archive else ""
        )
        text = text.replace("ADDRESS", address)
    first = LESSONS[0].name.replace(".ipynb", ".html")
    buttons = [
        link(f"notebooks/{first}", "Start with the first lesson", "first"),
        link("print.html", "Print all, or save as PDF"),
    ]
    if edit := repository.edit("README.md"):
        buttons.append(link(edit, "Edit this page"))
    # The series in a row, after the second paragraph: before the pictures.
    head, pictures, rest = text.partition("\n| subtract")
    if not pictures:
        raise SystemExit("tools/site/pages.py: README.md has no table of pictures.")
    text = f"{head}\n<p class='ways'>{' '.join(buttons)}</p>\n{pictures}{rest}"
    for caption, paths in CHAPTERS.items():
        text += contents(caption, [f"notebooks/{path.stem}" for path in paths])
    return text + contents(
        "About the course", [name.removesuffix(".md") for name in TEXTS]
    )


def contents(caption: str, names: list[str]) -> str:
    lines = [f":caption: {caption}", ":hidden:", "", *names]
    return "\n\n```{toctree}\n" + "\n".join(lines) + "\n```\n"


def link(address: str, text: str, css: str = "", more: str = "") -> str:
    css = f' class="{css}"' if css else ""
    address = address.replace("&", "&amp;")
    return f'<a href="{address}"{css}{more}>{text}</a>'


def ways(path: Path) -> list[str]:
    """How to get a lesson, as links: as a file, and where its cells can be run."""
    name = f"notebooks/{path.name}"
    links = [link(path.name, "Download the notebook", more=" download")]
    if colab := repository.colab(name):
        links.append(link(colab, "Open in Colab"))
    if binder := repository.binder(name):
        links.append(link(binder, "Open in Binder"))
    return links


def page(path: Path) -> NotebookNode:
    """A notebook as it is stored, and what the web needs beside it."""
    notebook = read(path)
    cells = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = for_the_web(cell.source)
        if "alt" in cell.metadata:
            cell.metadata["mystnb"] = {"image": {"alt": cell.metadata["alt"]}}
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(MIME, None)  # for machines: no page shows it
        if "exercise" in cell.metadata.get("tags", []):
            cells.append(new_markdown_cell(where_to_answer(path)))
        cells.append(cell)
    links = ways(path)
    if edit := repository.edit(f"notebooks/{path.name}"):
        links.append(link(edit, "Edit this page"))
    if path in LESSONS:
        links.append(PRINT_TASKS)
    title, _, opening = cells[0].source.partition("\n")
    cells[0].source = f"{title}\n\n<p class='ways'>{' '.join(links)}</p>\n{opening}"
    if path == CHEATSHEET:
        cells[0].source += "\n\n" + all_recipes(cells)
    notebook.cells = cells
    return notebook


def all_recipes(cells: list[NotebookNode]) -> str:
    """A list of the cheat sheet's headings, each a link, by lesson."""
    lines = []
    for cell in cells:
        if found := re.match(r"## \[(.*)\]\(", cell.source):
            lines.append(f"- **{found[1]}**")
        elif found := re.match(r"### (.*)", cell.source):
            anchor = slug(found[1].replace(" ", "-"))
            lines.append(f"  - [{found[1]}](#{anchor})")
    return ":::::{container} all-recipes\n" + "\n".join(lines) + "\n:::::"


def where_to_answer(path: Path) -> str:
    links = [*ways(path), link("../index.html#begin", "run the course on your machine")]
    links = ", ".join(links[:-1]) + f" or {links[-1]}"
    links = links.replace(">Download", ">download").replace(">Open", ">open")
    return f'<p class="answer">To answer it, {links}. There <code>check</code> replies.</p>'
