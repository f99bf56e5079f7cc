"""The built site, used as a reader does."""

import re

import course
import links
import nbformat
import pytest

from conftest import PAGES, SITE

LESSONS = [f"notebooks/{path.stem}.html" for path in course.LESSONS]
ORDER = ["index.html", *LESSONS, "notebooks/cheatsheet.html", "notebooks/glossary.html"]
ORDER += ["TEACHING.html", "CONTRIBUTING.html", "CHANGELOG.html", "data/README.html"]


def test_every_notebook_of_the_course_is_a_page():
    assert {*ORDER, "search.html", "print.html"} == set(PAGES)


def test_nothing_comes_from_elsewhere_and_every_link_leads_somewhere():
    assert not links.broken(SITE) and not links.from_elsewhere(SITE)


@pytest.mark.parametrize("name", PAGES)
def test_opens_without_a_mistake_and_without_the_network(name, site, page):
    page.goto(f"{site}/{name}")
    assert page.locator("h1:visible").count() >= 1
    assert not page.mistakes and not page.elsewhere


def test_search_finds_a_term_and_leads_to_it(site, page):
    page.goto(f"{site}/index.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("backpropagation")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=backpropagation*")
    found = page.locator("#search-results li a")
    found.first.wait_for()
    titles = found.all_inner_texts()
    assert any(title.startswith("02 · ") for title in titles), titles
    found.filter(has_text="02 · ").first.click()
    page.wait_for_url("**/notebooks/02_autograd.html*")
    assert page.get_by_text("Backpropagation").first.is_visible()


def test_a_button_copies_each_cell(site, page):
    page.goto(f"{site}/notebooks/02_autograd.html")
    cells = course.code_cells(course.NOTEBOOKS / "02_autograd.ipynb")
    buttons = page.locator("div.cell_input button.copybtn")
    page.wait_for_function(
        "count => document.querySelectorAll('div.cell_input .copybtn').length === count",
        arg=len(cells),
    )
    buttons.nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_function("async () => (await navigator.clipboard.readText()) !== ''")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == cells[1].source.strip()


def test_previous_and_next_lead_through_all_pages(site, page):
    page.goto(f"{site}/index.html")
    for name in ORDER[1:]:
        page.locator("a.right-next").click()
        page.wait_for_url(f"**/{name}")
    for name in reversed(ORDER[:-1]):
        page.locator("a.left-prev").click()
        page.wait_for_url(f"**/{name}")


def test_contents_list_every_page(site, page):
    page.goto(f"{site}/index.html")
    listed = page.locator("nav.bd-links a.reference")
    hrefs = [link.get_attribute("href").removeprefix("./") for link in listed.all()]
    assert ORDER[1:] == [href for href in hrefs if href != "#"]


@pytest.mark.parametrize("name", LESSONS)
def test_solutions_are_folded_and_open_by_keyboard(name, site, page):
    page.goto(f"{site}/{name}")
    solutions = page.locator("details").filter(
        has=page.locator("summary", has_text=re.compile(r"^Solution$"))
    )
    path = course.NOTEBOOKS / name.split("/")[1].replace(".html", ".ipynb")
    tagged = sum("exercise" in course.tags(cell) for cell in course.code_cells(path))
    assert solutions.count() == tagged == page.locator("p.answer").count()
    for solution in solutions.all():
        assert not solution.locator("pre").first.is_visible()
        solution.locator("summary").focus()
        page.keyboard.press("Enter")
        assert solution.locator("pre").first.is_visible()


@pytest.mark.parametrize("name", [LESSONS[2], "print.html"])
def test_print_has_the_solutions(name, site, page):
    page.goto(f"{site}/{name}")
    page.emulate_media(media="print")
    assert page.locator("details").count() >= 5
    for solution in page.locator("details pre").all()[:20]:
        assert solution.is_visible(), solution.inner_text()
    assert not page.locator(".answer").first.is_visible()
    assert len(page.pdf(format="A4")) > 100_000


# What `print()` does, but for the paper: looks which folds can be read.
LOOK = """print = () => {
    dispatchEvent(new Event("beforeprint"));
    printed = [...document.querySelectorAll("details")]
        .filter((fold) => fold.checkVisibility() && fold.open)
        .map((fold) => fold.querySelector("summary").textContent.trim());
    dispatchEvent(new Event("afterprint"));
}"""


@pytest.mark.parametrize("name", [LESSONS[5], "print.html"])
def test_can_be_printed_without_the_solutions(name, site, page):
    page.goto(f"{site}/{name}")
    page.evaluate(LOOK)
    page.get_by_role("button", name="Print without solutions").click()
    printed = page.evaluate("printed")
    assert printed and "Solution" not in printed  # but what else is folded
    solutions = page.locator("summary", has_text=re.compile("^Solution$"))
    assert all(solution.is_visible() for solution in solutions.all())
    page.evaluate("print()")
    assert page.evaluate("printed").count("Solution") == solutions.count() >= 4


def test_print_has_all_lessons_and_links_within(site, page):
    page.goto(f"{site}/print.html")
    assert page.locator(".chapter h1").count() == len(course.PATHS) + 1
    assert page.locator("details").count() >= 60
    page.locator('a[href="#03_building_networks"]').first.click()
    assert page.url.endswith("#03_building_networks")


@pytest.mark.parametrize("path", course.PATHS, ids=lambda path: path.stem)
def test_every_figure_has_the_alternative_text_of_its_cell(path, site, page):
    page.goto(f"{site}/notebooks/{path.stem}.html")
    shown = page.locator("div.cell_output img")
    alts = [image.get_attribute("alt") for image in shown.all()]
    wanted = [
        cell.metadata["alt"]
        for cell in course.code_cells(path)
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    assert alts == wanted
    assert all(
        len(image.get_attribute("alt")) > 20
        for image in page.locator("article img").all()
    )


def test_no_formula_gets_a_scroll_bar_at_its_side_and_functions_have_a_gap(site, page):
    page.goto(f"{site}/print.html")
    heights = "all => all.map(one => [one.scrollHeight, one.clientHeight])"
    formulas = page.locator(".formula")
    assert formulas.count() > 20
    assert all(whole <= seen for whole, seen in formulas.evaluate_all(heights))
    inner = "".join(formulas.evaluate_all("all => all.map(one => one.innerHTML)"))
    assert re.search(
        r"<mi>ln</mi>\s*<mo>.</mo>\s*<mspace[^>]*></mspace>\s*<mi>C", inner
    )


@pytest.mark.parametrize("path", course.PATHS, ids=lambda path: path.stem)
def test_a_page_offers_its_notebook(path, site, page):
    page.goto(f"{site}/notebooks/{path.stem}.html")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the notebook", exact=True).click()
    assert download.value.suggested_filename == path.name
    offered = nbformat.read(download.value.path(), as_version=4)
    nbformat.validate(offered)
    sources = {cell.source for cell in offered.cells}
    assert {cell.source for cell in course.code_cells(path)} <= sources


def test_light_and_dark(site, page):
    seen = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto(f"{site}/index.html")
        seen.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    page.locator("button.theme-switch-button").first.click()
    assert len(seen) == 2
