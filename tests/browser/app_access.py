"""Who cannot use the app as most do: WCAG 2.2 AA on every screen in every language, at the widths of phones, enlarged, and as somebody has set their device."""

import functools
import tempfile
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import expect

from access import AXE, FOCUS, HEADINGS, MEASURES, TAGS
from app_shown import ARGUMENTS, PHONE, SMALL, WIDE, page

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


def alone(check):
    """A check of the page alone, as a part."""
    @functools.wraps(check)
    def part(stand, phone):
        with page(Path(stand.program).parent / "examples/app_page", phone.playwright) as shown:
            check(shown)
            assert not shown.complaints, shown.complaints
    return part


def by_keyboard(stand, phone):
    """A whole application for abroad, nothing touched but the file that is chosen."""
    phone.enter()
    keys = phone.page.keyboard

    def go_to(name):
        """By Tab, to what has this name; each stop can be seen, and nothing lies over it."""
        for _ in range(60):
            keys.press("Tab")
            focus = phone.page.evaluate(FOCUS)
            if focus["tag"] in ("BODY", "HTML"):
                continue
            assert focus["ringed"] and focus["free"], focus
            if focus["name"].startswith(name):
                return
        raise AssertionError(f"no way to {name} by keyboard")

    def press(key, with_key="Enter", **values):
        go_to(phone.say(key, **values))
        keys.press(with_key)

    def on(screen):
        phone.is_on(screen)
        expect(phone.page.locator("h1")).to_be_focused()

    on("certificates")
    go_to(phone.say("IssueAnother" if phone.page.locator("main .person").count() else "IssueNew"))
    keys.press("Enter")
    on("service")
    go_to("COVID-19 vaccination certificate")
    keys.press("Enter")
    on("terms")
    press("Agree", "Space")
    on("kinds")
    press("Abroad", "Space")
    expect(phone.page.locator("#kind-abroad")).to_have_attribute("aria-checked", "true")
    press("Next")
    on("pin")
    # Escape asks before it ends anything, and leaves that question.
    keys.press("Escape")
    expect(phone.page.locator("dialog h2")).to_have_text(phone.say("StopTitle"))
    keys.press("Escape")
    expect(phone.page.locator("dialog")).to_have_count(0)
    keys.type("19")
    keys.press("Backspace")
    keys.type("234")
    expect(phone.page.locator(".dot.full")).to_have_count(4)
    press("Enter")
    on("tap-card")
    stand.order(insert="gaiji")
    on("person")
    stand.order(remove=0)
    expect(phone.page.get_by_role("button", name=phone.say("Right"), exact=True)).to_have_attribute("aria-disabled", "false")
    press("Right")
    on("passport")
    with phone.page.expect_file_chooser() as chooser:
        press("ChooseFile")
    chooser.value.set_files(stand.order(passport={"persona": "gaiji", "taken": "well"}))
    on("passport-check")
    press("Right")
    on("municipality")
    go_to("Kiyose City")
    keys.press("Enter")
    on("preview")
    press("IssueOne")
    on("certificate")
    press("CodeSeal")
    expect(phone.page.locator("main .tab").nth(1)).to_have_attribute("aria-pressed", "true")
    expect(phone.page.locator("main .tab").nth(1)).to_be_focused()
    press("Back")
    on("certificates")


def installable(stand, phone):
    """What Chromium asks of a page before it offers to install it, and what it finds amiss; in a browser with a profile of its own, for a
    private window installs nothing."""
    phone.close()
    with tempfile.TemporaryDirectory() as profile:
        browser = phone.playwright.chromium.launch_persistent_context(profile, executable_path="/usr/bin/chromium", args=ARGUMENTS, viewport=PHONE)
        try:
            for there in (True, False):
                page = browser.new_page()
                session = browser.new_cdp_session(page)
                if not there:
                    # The control: the same page without its manifest.
                    session.send("Network.enable")
                    session.send("Network.setBlockedURLs", {"urls": ["*.webmanifest"]})
                page.goto(stand.about["page"])
                page.locator("main.on-unlock").wait_for()
                manifest = session.send("Page.getAppManifest")
                found = [error["errorId"] for error in session.send("Page.getInstallabilityErrors")["installabilityErrors"]]
                assert (not found and not manifest["errors"] and bool(manifest["data"])) == there, f"{there}: {found}, {manifest['errors']}"
                page.close()
        finally:
            browser.close()


PARTS = (by_keyboard, installable)
# The page alone, with the app left as it is.
ALONE = tuple(map(alone, (on_every_screen, at_every_width, as_set)))
