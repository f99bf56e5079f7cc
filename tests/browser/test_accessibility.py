"""Every page by the rules of WCAG 2.2, A and AA, in light and dark; narrow, and at 200 %."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from conftest import PAGES

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
# Wider than the window, with nobody around it that could be scrolled.
CUT = """() => [...document.querySelectorAll("body *")].filter((element) => {
    const box = element.getBoundingClientRect();
    if (!box.width || !box.height || !element.checkVisibility({visibilityProperty: true}))
        return false;
    if (box.right <= innerWidth + 1 && box.left >= -1) return false;
    for (let e = element; e; e = e.parentElement) {
        const style = getComputedStyle(e);
        if (/auto|scroll/.test(style.overflowX) || style.position === "fixed") return false;
        if (style.clip !== "auto" || style.clipPath !== "none") return false;
    }
    return true;
}).map((element) => element.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("name", PAGES)
def test_breaks_no_rule(name, site, page):
    page.goto(f"{site}/{name}")
    page.locator("details").evaluate_all("all => all.forEach((d) => (d.open = true))")
    options = {"runOnly": {"type": "tag", "values": RULES}}
    options["resultTypes"] = ["violations"]  # in a fifth of the time
    if name == "print.html":  # its colours are those of the pages that it is made of
        options["rules"] = {"color-contrast": {"enabled": False}}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.locator(f"html[data-theme={scheme}]").wait_for()
        page.wait_for_timeout(300)  # colours fade into one another
        violations = Axe().run(page, options=options).response["violations"]
        assert not violations, f"{scheme}:\n" + "\n".join(map(describe, violations))


def describe(violation):
    lines = [f"{violation['id']}: {violation['help']}"]
    for node in violation["nodes"][:5]:
        why = [check["message"] for check in node["any"] + node["all"] + node["none"]]
        lines.append(f"    {node['html'][:150]} {why[:1]}")
    return "\n".join(lines)


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut(name, site, page):
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(f"{site}/{name}")
    # A narrow window; a zoom of 200 %; its text alone.
    for width, text in [(320, 100), (640, 100), (1280, 200)]:
        page.set_viewport_size({"width": width, "height": 640})
        page.locator("html").evaluate(
            "(html, text) => html.style.setProperty('font-size', text, 'important')",
            f"{text}%",
        )
        for _ in range(20):  # what moves to its place may take a while
            page.wait_for_timeout(200)
            cut = page.evaluate(CUT)
            if not cut:
                break
        assert not cut, f"{width} pixels, text of {text} %"
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
