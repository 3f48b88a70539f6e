"""Who cannot use the app as most do: WCAG 2.2 AA on every screen in every language, at the widths of phones, enlarged, and as somebody has set their device."""

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import expect

from access import AXE, HEADINGS, MEASURES, TAGS
from app_shown import PHONE, SMALL, WIDE, page

# The least that a finger hits (2.5.8 asks for 24, the design system for 44), and what leads on.
TARGET, MAIN_TARGET = 44, 56
# So high that nothing lies under what always stays in sight: what has to be scrolled to is as large as it is.
HIGH = {**PHONE, "height": 4000}
# What a wide window has when everything is enlarged twofold and fourfold (1.4.10).
ENLARGED = [{name: length // by for name, length in WIDE.items()} for by in (2, 4)]

# Fields and switches too, and what is too small among what leads on.
MORE = """([least, main]) => {
    const seen = (element) => element.checkVisibility() && element.getClientRects().length > 0;
    const open = document.querySelector("dialog[open]") ?? document.body;
    const found = [];
    for (const element of open.querySelectorAll("input, textarea, label.check, .primary, .secondary, .switch, .entry, .key")) {
        if (!seen(element)) continue;
        const target = element.matches("input[type=checkbox]") ? element.closest("label") : element;
        const { width, height } = target.getBoundingClientRect();
        const wanted = element.matches(".primary, .secondary, .key, input:not([type=checkbox])") ? main : least;
        if (height < wanted - 0.01 || width < wanted - 0.01) found.push(`small, ${width} by ${height}: ${element.tagName}.${element.className} ${element.id}`);
    }
    for (const element of open.querySelectorAll("video, svg, figure, section, form, input, textarea, h3, h4, button")) {
        if (!seen(element)) continue;
        const { left, right } = element.getBoundingClientRect();
        if (left < -0.5 || right > innerWidth + 0.5) found.push(`out of sight: ${element.tagName}.${element.className.baseVal ?? element.className}`);
    }
    return found;
}"""


def measures(shown):
    return shown.page.evaluate(MEASURES, TARGET) + shown.page.evaluate(MORE, [TARGET, MAIN_TARGET])


def on_every_screen(shown):
    """axe, headings, focus and targets, at a phone's width."""
    axe = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
    shown.page.set_viewport_size(HIGH)
    faults = []
    for name, language in shown.each():
        if not shown.page.evaluate("'axe' in window"):
            shown.page.evaluate(axe)
        found = shown.page.evaluate(AXE, TAGS) + measures(shown)
        headings = shown.page.evaluate(HEADINGS)
        if headings["first"] != 1 or headings["ones"] != 1:
            found.append(f"headings: {headings}")
        # A new screen is read out from its heading on; what was pressed last keeps the focus.
        if headings["focus"] not in ("H1", "BUTTON", "INPUT"):
            found.append(f"the focus is on {headings['focus']}")
        faults += [f"{name}, {language}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)
    # What is wrong is found.
    shown.tell({"screen": "tap-card"}, "en")
    shown.page.evaluate("""() => document.querySelector("main").append(Object.assign(document.createElement("button"), { className: "secondary",
        style: "width:40px;min-width:0;min-height:0;height:20px;padding:0;position:relative;left:2000px" }))""")
    found = " ".join(shown.page.evaluate(AXE, TAGS) + measures(shown))
    assert all(fault in found for fault in ("button-name", "small", "sideways")), found


def at_every_width(shown):
    """Nothing is lost on a small phone, in a wide window, or enlarged, and nothing has to be scrolled in two directions."""
    faults = []
    for name, language in shown.each():
        for size in (SMALL, WIDE, *ENLARGED):
            shown.page.set_viewport_size(size)
            faults += [f"{name}, {language}, {size['width']}: {fault}" for fault in measures(shown)]
        # Text alone twice as large (1.4.4).
        shown.page.set_viewport_size(PHONE)
        shown.page.evaluate("document.documentElement.style.fontSize = '200%'")
        faults += [f"{name}, {language}, text at 200 %: {fault}" for fault in measures(shown)]
        shown.page.evaluate("document.documentElement.style.fontSize = ''")
    assert not faults, "\n".join(faults)


def as_set(shown):
    """Who asked for less motion, or for their own colours."""
    from app_shown import SCREENS
    screens = {name: screen for name, screen, *_ in SCREENS}
    moving = "document.getAnimations().filter(({ playState }) => playState === 'running').length"
    shown.enter()
    for name in ("tap-card", "reading", "certificate"):
        shown.page.emulate_media(reduced_motion="no-preference")
        shown.tell(screens[name], "ja")
        assert shown.page.evaluate(moving) > 0, f"{name} moves nothing: this test shows nothing"
        shown.page.emulate_media(reduced_motion="reduce")
        assert shown.page.evaluate(moving) == 0, f"{name} moves all the same"
    # The clock ticks, and what moved changes sides with it: a screenshot is betrayed still.
    at = """() => [document.querySelector(".clock").textContent, document.querySelector(".sweep i").getBoundingClientRect().left]"""
    seen = [shown.page.evaluate(at)]
    for _ in range(2):
        expect(shown.page.locator(".clock")).not_to_have_text(seen[-1][0])
        seen.append(shown.page.evaluate(at))
    assert len({clock for clock, _ in seen}) == 3 and seen[0][1] != seen[1][1] != seen[2][1], seen
    shown.page.emulate_media(reduced_motion="no-preference", forced_colors="active")
    shown.tell(screens["working"], "ja")
    shown.tell(screens["kinds"], "ja")
    grounds = shown.page.evaluate("[...document.querySelectorAll('.knob')].map((knob) => getComputedStyle(knob).backgroundColor)")
    assert grounds[0] != grounds[1], f"with forced colours a switch that is on looks like one that is off: {grounds}"
    # A code is black on white whatever was set, or no camera reads it.
    shown.tell(screens["certificate"], "ja")
    inks = shown.page.evaluate("[...document.querySelectorAll('.symbol *')].map((part) => getComputedStyle(part).fill)")
    assert inks == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"], inks
    shown.page.emulate_media(forced_colors="none")


def alone(program, playwright):
    """All of it on a page alone."""
    with page(program, playwright) as shown:
        for check in (on_every_screen, at_every_width, as_set):
            check(shown)
        assert not shown.complaints, shown.complaints
