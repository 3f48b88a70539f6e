"""Who cannot use the kiosk as most do: WCAG 2.2 AA on every screen in every language, enlarged, and by keyboard alone."""

import contextlib
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Error, expect

from shown import SIZE, shown_alone

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
# A finger, and one that trembles.
TARGET = 56
# What a window of the kiosk's size has when everything is enlarged twofold, and fourfold (1.4.10).
ENLARGED = [{name: length // by for name, length in SIZE.items()} for by in (2, 4)]

AXE = """async (tags) => (await axe.run(document, { runOnly: tags, resultTypes: ["violations"], elementRef: false }))
    .violations.flatMap(({ id, nodes }) => nodes.map(({ target, any, all }) => `${id}: ${target} ${[...any, ...all].map(({ message }) => message)}`))"""

# Targets that are too small, text that does not fit where it stands, a page that has to be scrolled sideways.
MEASURES = """(least) => {
    const seen = (element) => element.checkVisibility() && element.getClientRects().length > 0;
    const name = (element) => `${element.tagName}.${element.className} ${(element.getAttribute("aria-label") ?? element.textContent).slice(0, 30)}`;
    const open = document.querySelector("dialog[open]") ?? document.body;
    const found = [];
    for (const element of open.querySelectorAll("button")) {
        if (!seen(element)) continue;
        const { width, height } = element.getBoundingClientRect();
        if (width < least - 0.01 || height < least - 0.01) found.push(`small, ${width} by ${height}: ${name(element)}`);
        if (element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1) found.push(`does not fit: ${name(element)}`);
    }
    for (const element of open.querySelectorAll("h1, h2, p, li, dt, dd, output, span, .doses")) {
        if (!seen(element) || element.closest(".unseen, .doses table") || element.matches(".doses")) continue;
        const { left, right } = element.getBoundingClientRect();
        if (left < -0.5 || right > innerWidth + 0.5) found.push(`out of sight: ${name(element)}`);
        if (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== "inline") found.push(`cut off: ${name(element)}`);
    }
    const box = document.documentElement;
    if (box.scrollWidth > innerWidth) found.push(`scrolls sideways: ${box.scrollWidth} of ${innerWidth}`);
    return found;
}"""

HEADINGS = """() => {
    const main = document.querySelector("main");
    const levels = [...main.querySelectorAll("h1, h2, h3")].map((heading) => Number(heading.tagName[1]));
    return { first: levels[0], ones: levels.filter((level) => level === 1).length, focus: document.activeElement.tagName };
}"""

# What has the focus: its name, whether the focus can be seen, and whether anything lies over it.
FOCUS = """() => {
    const element = document.activeElement;
    const { left, top, width, height } = element.getBoundingClientRect();
    const over = document.elementFromPoint(left + width / 2, top + height / 2);
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return {
        name: element.getAttribute("aria-label") ?? element.textContent.trim(), tag: element.tagName, part: element.closest("header, main, footer, dialog")?.tagName,
        ringed: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2, free: element === over || element.contains(over),
    };
}"""


def on_every_screen(shown):
    shown.page.evaluate(Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8"))
    faults = []
    for name, language in shown.each():
        found = shown.page.evaluate(AXE, TAGS) + shown.page.evaluate(MEASURES, TARGET)
        headings = shown.page.evaluate(HEADINGS)
        if headings["first"] != 1 or headings["ones"] != 1:
            found.append(f"headings: {headings}")
        # A new screen is read out from its heading on; within a dialog, what it is about has the focus.
        if headings["focus"] not in (("BUTTON",) if name.startswith("dialog") else ("H1", "BUTTON")):
            found.append(f"the focus is on {headings['focus']}")
        faults += [f"{name}, {language}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)
    # What is wrong is found.
    shown.tell({"view": "place-card"})
    shown.on("place-card")
    shown.page.evaluate("""() => document.querySelector("main").insertAdjacentElement("beforeend", document.createElement("button"))""")
    found = shown.page.evaluate(AXE, TAGS)
    assert any(fault.startswith("button-name") for fault in found), found
    shown.page.evaluate("""() => { document.querySelector("main button").style.cssText = "width:40px;min-width:0;padding:0;position:relative;left:2000px" }""")
    found = " ".join(shown.page.evaluate(MEASURES, TARGET))
    assert "small" in found and "sideways" in found, found


def enlarged(shown):
    """Nothing is lost, and nothing has to be scrolled in two directions."""
    faults = []
    for name, language in shown.each():
        for size in ENLARGED:
            shown.page.set_viewport_size(size)
            faults += [f"{name}, {language}, {size['width']}: {fault}" for fault in shown.page.evaluate(MEASURES, TARGET)]
    assert not faults, "\n".join(faults)
    shown.page.set_viewport_size(SIZE)


def as_set(shown):
    """Who asked for less motion, or for their own colours."""
    moving = "document.getAnimations().filter(({ playState }) => playState === 'running').length"
    for view in ("place-card", "reading"):
        shown.page.emulate_media(reduced_motion="no-preference")
        shown.tell({"view": view})
        shown.on(view)
        assert shown.page.evaluate(moving) > 0, f"{view} moves nothing: this test shows nothing"
        shown.page.emulate_media(reduced_motion="reduce")
        assert shown.page.evaluate(moving) == 0, f"{view} moves all the same"
    shown.page.emulate_media(reduced_motion="no-preference", forced_colors="active")
    shown.tell({"view": "pin", "remaining": 3})
    shown.on("pin")
    shown.page.keyboard.type("5")
    expect(shown.page.locator(".dot.full")).to_have_count(1)
    grounds = shown.page.evaluate("[...document.querySelectorAll('.dot')].map((dot) => getComputedStyle(dot).backgroundColor)")
    assert grounds[0] != grounds[1], f"with forced colours a digit entered looks like one that is not: {grounds}"
    shown.page.emulate_media(forced_colors="none")


def by_keyboard(stand, kiosk):
    """A whole application at the kiosk itself, nothing touched."""
    keys = kiosk.page.keyboard

    def on(screen):
        kiosk.is_on(screen)
        expect(kiosk.page.locator("h1")).to_be_focused()

    def go_to(name):
        """By Tab, to the button of this name; each stop can be seen, and they come in the order of the page."""
        parts = []
        for _ in range(40):
            keys.press("Tab")
            focus = kiosk.page.evaluate(FOCUS)
            if focus["tag"] == "BODY":
                continue
            assert focus["ringed"] and focus["free"], focus
            if focus["part"] and focus["part"] not in parts:
                parts.append(focus["part"])
            if focus["name"] == name:
                order = ["MAIN", "FOOTER", "HEADER"]
                assert parts == [part for part in order if part in parts] or parts == ["DIALOG"], parts
                return
        raise AssertionError(f"no way to {name} by keyboard")

    def press(key, **values):
        go_to(kiosk.say(key, **values))
        keys.press("Enter")

    kiosk.is_on("language")
    go_to("EnglishStart")
    keys.press("Enter")
    kiosk.language = "en"
    on("service")
    go_to("COVID-19 vaccination certificate")
    keys.press("Space")
    on("terms")
    press("Agree")
    on("place-card")
    expect(kiosk.page.locator("#status")).to_have_text("Step 2/8 Card")
    # Escape asks before it ends anything, and leaves that question.
    keys.press("Escape")
    expect(kiosk.page.locator("dialog h2")).to_have_text(kiosk.say("StopTitle"))
    focus = kiosk.page.evaluate(FOCUS)
    assert focus["name"] == kiosk.say("StopNo"), focus
    keys.press("Escape")
    expect(kiosk.page.locator("dialog")).to_have_count(0)
    press("Help")
    expect(kiosk.page.locator("dialog")).to_contain_text(kiosk.say("PlaceCardHelp"))
    keys.press("Enter")
    expect(kiosk.page.locator("dialog")).to_have_count(0)
    stand.order(insert="ordinary")
    on("kind")
    go_to("For use in JapanIn Japanese with English labels")
    keys.press("Enter")
    on("pin")
    # Digits as typed, a slip taken back, arrows from key to key.
    keys.type("19")
    expect(kiosk.page.locator(".dot.full")).to_have_count(2)
    keys.press("Backspace")
    expect(kiosk.page.locator(".dot.full")).to_have_count(1)
    for arrow, digit in (("ArrowRight", "1"), ("ArrowRight", "2"), ("ArrowDown", "5"), ("ArrowUp", "2")):
        keys.press(arrow)
        assert kiosk.page.evaluate(FOCUS)["name"] == digit
    keys.press("Enter")
    expect(kiosk.page.locator(".dot.full")).to_have_count(2)
    keys.type("34")
    expect(kiosk.page.locator("#entered")).to_have_text(kiosk.say("PinEntered", count=4))
    press("Enter")
    on("take-card")
    stand.order(remove=0)
    on("municipality")
    go_to("Kiyose City, Tokyo")
    keys.press("Enter")
    on("copies")
    press("MoreCopies")
    expect(kiosk.page.locator("main output")).to_have_text("2")
    press("Next")
    on("preview")
    press("Issue")
    on("done")
    assert len(stand.sheets()) == 2
    # The browser may be gone before it says that it was pressed.
    with contextlib.suppress(Error):
        press("Finish")
    kiosk.renewed().is_on("language")


PARTS = (by_keyboard, *map(shown_alone, (on_every_screen, enlarged, as_set)))
