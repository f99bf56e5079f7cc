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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_breaks_no_rule(name, scheme, site, page):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{site}/{name}")
    page.wait_for_load_state("load")
    page.locator("details").evaluate_all("all => all.forEach((d) => (d.open = true))")
    options = {"runOnly": {"type": "tag", "values": RULES}}
    options["resultTypes"] = ["violations"]  # in a fifth of the time
    if name == "print.html":  # its colours are those of the pages that it is made of
        options["rules"] = {"color-contrast": {"enabled": False}}
    violations = Axe().run(page, options=options).response["violations"]
    assert not violations, "\n".join(
        f"{violation['id']}: {violation['help']}\n    "
        + "\n    ".join(
            f"{node['html'][:150]} {node['any'][:1] and node['any'][0]['message']}"
            for node in violation["nodes"][:5]
        )
        for violation in violations
    )


@pytest.mark.parametrize(
    "width, height, scale, text",
    [(320, 640, 1, 100), (640, 400, 2, 100), (1280, 800, 1, 200)],
    ids=["320 pixels", "zoom of 200 %", "text of 200 %"],
)
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut(name, width, height, scale, text, site, browser):
    with browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=scale
    ) as context:
        page = context.new_page()
        page.goto(f"{site}/{name}")
        page.add_style_tag(content=f"html {{ font-size: {text}% !important; }}")
        wide = page.evaluate("document.scrollingElement.scrollWidth")
        assert wide <= width, page.evaluate(CUT)
        assert not page.evaluate(CUT)
