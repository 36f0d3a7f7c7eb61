"""Every page suits everybody: axe, thumbs, large text, right to left, laptop and phone."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults

from tests.browser.pages import a_crowd, pages_of

pytestmark = pytest.mark.browser

LAPTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}

OPEN_EVERYTHING = """
  for (const it of document.querySelectorAll("[popover]")) {
    it.popover = null;
    it.open = true;
    Object.assign(it.style, { position: "static", maxWidth: "100%" });
  }
"""

TOO_SMALL = """(all) => all.filter((one) => {
  if (!one.checkVisibility() || one.matches("[type=hidden], .skip")) return false;
  // A link within a sentence is as high as its line; what a label names, the whole label presses.
  if (one.matches("a:not(.button)") && one.parentElement.innerText.trim() !== one.innerText.trim()
      && getComputedStyle(one).display === "inline") return false;
  const { width, height } = (one.matches("[type=radio], [type=checkbox]")
    ? one.closest("label") : one).getBoundingClientRect();
  return width < 44 || height < 44;
}).map((one) => one.outerHTML)"""

UNMARKED = """(all) => all.filter((one) => {
  if (!one.checkVisibility()) return false;
  one.focus({ focusVisible: true });
  const { outlineStyle, outlineWidth } = getComputedStyle(one);
  return document.activeElement === one && (outlineStyle === "none" || outlineWidth === "0px");
}).map((one) => one.outerHTML)"""

PRESSABLE = "a, button, input, select, textarea, summary"
AXE = {
    "resultTypes": ["violations"],
    "preload": False,  # No rule here reads style sheets.
    "rules": {"target-size": {"enabled": False}},  # 24 pixels are enough for it, and not here.
}
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}

TOO_WIDE = "Math.max(0, document.documentElement.scrollWidth - innerWidth)"
"""By how many pixels the page can be scrolled sideways."""

RAGGED = """[...document.querySelectorAll(".session > div")].flatMap((column) => {
  const width = (one) => one.getBoundingClientRect().width;
  return [...column.querySelectorAll(".list.sheet, .overview .cards")].filter(
    (one) => one.checkVisibility() && Math.abs(width(one) - width(column)) > 1
  );
}).map((one) => one.outerHTML)"""
"""The cards of a session's page that do not fill their column."""

LOOK = f"""async (options) => {{
  const small = ({TOO_SMALL})([...document.querySelectorAll("{PRESSABLE}")]);
  const ragged = {RAGGED};
  const wide = {TOO_WIDE};
  document.dir = "rtl";
  const fromRightToLeft = {TOO_WIDE};
  document.dir = "";
  return [small, ragged, wide, fromRightToLeft, await axe.run(options)];
}}"""
"""All that is wrong at one size, at once: each question to a browser takes a while."""


@pytest.fixture(scope="module")
def crowd(site_on):
    """People with something on each page."""
    return a_crowd(site_on("sqlite"))


def axe_in(window):
    """The window, with axe loaded into each page that it opens."""
    window.page.add_init_script(AXE_SCRIPT)
    return window


def faults(window):
    """The faults of the open page."""
    page, found = window.page, {}
    page.evaluate(OPEN_EVERYTHING)
    # What can have the focus and does not show it.
    found["focus"] = page.eval_on_selector_all(PRESSABLE, UNMARKED)
    # No style sheet hides anything at one width alone, and in the dark only colours differ.
    for size, scheme, options in ((PHONE, "light", {}), (LAPTOP, "dark", COLOURS)):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        small, ragged, wide, from_right_to_left, axe = page.evaluate(LOOK, AXE | options)
        found[f"axe {scheme} at {size['width']}"] = AxeResults(axe).generate_snapshot()
        found[f"too small at {size['width']}"] = small
        found[f"ragged at {size['width']}"] = ragged
        found[f"too wide at {size['width']}"] = wide
        found[f"too wide from right to left at {size['width']}"] = from_right_to_left
    # 200 % of a laptop's width, and on a phone letters of twice the size.
    page.set_viewport_size({"width": 640, "height": 400})
    found["too wide at 200 %"] = page.evaluate(TOO_WIDE)
    page.set_viewport_size(PHONE)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    found["too wide with large letters"] = page.evaluate(TOO_WIDE)
    return {how: what for how, what in found.items() if what}


def test_the_checks_find_what_is_wrong_with_a_bad_page(site, windows):
    window = axe_in(windows.of(site, None)).go("/login")
    assert faults(window) == {}
    window.go("/login").page.evaluate(
        """() => {
             const bad = "<img src='data:,'><button class='tiny'>No</button><pre>" + "w".repeat(99);
             document.querySelector(".panel").insertAdjacentHTML("beforeend", bad);
             const { style } = document.querySelector(".tiny");
             const color = "light-dark(black, #333)";
             Object.assign(style, { minHeight: 0, outline: "none", background: "none", color });
           }"""
    )

    found = faults(window)
    assert len(found) == 2 + 2 + 6 + 1
    assert "image-alt" in found["axe light at 360"]
    assert "color-contrast" not in found["axe light at 360"]
    assert "color-contrast" in found["axe dark at 1280"]
    assert "Content Security Policy" in " ".join(window.errors)


@pytest.mark.parametrize("person", ["nobody", "student", "mentor", "admin"])
def test_every_page_suits_everybody(site, windows, crowd, person):
    window = axe_in(windows.of(site, crowd.people[person]))
    paths = pages_of(site, crowd, person)

    found = {path: faults(window.go(path)) for path in paths}

    assert len(found) >= 7
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("person", ["nobody", "student", "mentor", "admin"])
def test_german_words_fit_every_page(site, windows, crowd, person):
    window = windows.of(site, crowd.people[person], locale="de-DE")
    found = {}
    for path in pages_of(site, crowd, person):
        window.go(path)
        assert window.page.locator("html").get_attribute("lang") == "de"
        for size in (PHONE, LAPTOP):
            window.page.set_viewport_size(size)
            found[path, size["width"]] = window.page.evaluate(TOO_WIDE)

    assert len(found) >= 14
    assert {where: pixels for where, pixels in found.items() if pixels > 0} == {}
