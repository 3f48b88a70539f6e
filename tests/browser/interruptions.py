"""What comes between: cancelling, waiting too long, lifting the card, an empty printer, a center that is gone, a browser that is killed."""

from playwright.sync_api import expect

from paper import certificate
from shown import MENU, NOTICE, preview, shown_alone
from stand import persona

# Seconds for each step, where they are waited for.
SHORT = 3
# A second tap that meets the screen in the very moment when it has come in.
TAPS = """() => {
    const main = document.querySelector("main");
    new MutationObserver(() => { for (const button of ["#back", "main .choice"]) document.querySelector(button).click(); }).observe(main, { attributes: true });
}"""


def left_a_card(stand, kiosk):
    """Whoever ends an application and forgets the card is called back, and nobody begins over it."""
    kiosk.ended().is_on("card-left")
    expect(kiosk.page.locator("main button")).to_have_count(0)
    expect(kiosk.page.locator("#cancel")).to_be_hidden()
    stand.order(remove=0)
    kiosk.is_on("language")


def over(stand, kiosk):
    """The application is over: the next begins with the first screen and no card."""
    stand.order(remove=0)
    kiosk.to_start()


# Each step that waits for somebody, and what leads there.
STEPS = [
    ("place-card", lambda kiosk, language: kiosk.begin(language)),
    ("kind", lambda kiosk, language: kiosk.begin(language).place("ordinary")),
    ("pin", lambda kiosk, language: kiosk.to_pin("ordinary", language)),
    ("take-card", lambda kiosk, language: kiosk.to_pin("ordinary", language).type_pin()),
    ("municipality", lambda kiosk, language: kiosk.to_municipality("ordinary", language)),
    ("copies", lambda kiosk, language: kiosk.to_copies("ordinary", language)),
    ("preview", lambda kiosk, language: kiosk.to_preview("ordinary", language)),
]
LANGUAGES = ("en", "ja", "ko", "zh")


def cancelled(stand, kiosk):
    """At every step; before an application there is nothing to end but the choice."""
    for screen in ("service", "terms"):
        kiosk.choose_language("en")
        if screen == "terms":
            kiosk.page.locator("button.choice").first.click()
        kiosk.is_on(screen).cancel().is_on("language")
    for number, (screen, lead) in enumerate(STEPS):
        lead(kiosk, LANGUAGES[number % 4])
        kiosk.is_on(screen)
        # Who thinks better of it goes on where they were.
        kiosk.push("Stop").press_in_dialog("StopNo").is_on(screen)
        kiosk.cancel().is_told_why("cancelled")
        if screen == "kind":
            left_a_card(stand, kiosk)
        else:
            over(stand, kiosk)


def went_back(stand, kiosk):
    """Back is the step before, each time, and from the first the start."""
    kiosk.to_pin("ordinary", "zh").press("1")
    for screen in ("kind", "service"):
        kiosk.push("Back").is_on(screen)
    # An application that was gone back from was one: its browser goes with it, and its card is called for.
    kiosk.push("Back").renewed().is_on("card-left")
    stand.order(remove=0)
    kiosk.is_on("language")
    kiosk.to_preview("ordinary", "zh", copies=2).push("Back").is_on("copies").push("Back").is_on("municipality")
    # Whoever chose the wrong kind needs neither card nor PIN again.
    kiosk.push("Back").is_on("kind")
    expect(kiosk.page.locator("#back")).to_be_hidden()
    kiosk.page.locator("button.choice").first.click()
    kiosk.is_on("municipality")
    kiosk.page.locator("button.choice").first.click()
    kiosk.is_on("copies").push("Back").is_on("municipality").cancel().is_told_why("cancelled")
    over(stand, kiosk)


def hurried(stand, kiosk):
    """The second tap of a double tap presses nothing on the screen that the first one led to."""
    pad = kiosk.page.locator(".keys")

    def tap_twice(button):
        """In the middle of it, where a key of the pad comes to lie."""
        box = button.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.6
        kiosk.page.mouse.dblclick(x, y, delay=60)
        kiosk.is_on("pin")
        left, top = (pad.bounding_box()[side] for side in "xy")
        assert left < x and top < y, "there is no key: this test shows nothing"
        kiosk.page.wait_for_timeout(500)
        expect(kiosk.page.locator(".dot.full")).to_have_count(0)

    kiosk.begin("ja").place("ordinary").is_on("kind")
    tap_twice(kiosk.page.locator("button.choice").last)
    kiosk.type_pin("0000").is_told_why("pin-wrong", remaining=2)
    tap_twice(kiosk.page.locator("main .primary"))
    # On one key it is two digits.
    kiosk.page.get_by_role("button", name="1", exact=True).dblclick()
    expect(kiosk.page.locator(".dot.full")).to_have_count(2)
    # Nothing keeps which key that was, and the keyboard's Enter does not press it again.
    assert kiosk.page.evaluate("document.activeElement.closest('.keys')") is None, "a key is held"
    kiosk.page.keyboard.press("Enter")
    # A key that is held down is one digit.
    for _ in range(3):
        kiosk.page.keyboard.down("5")
    kiosk.page.keyboard.up("5")
    expect(kiosk.page.locator(".dot.full")).to_have_count(3)
    kiosk.cancel().is_told_why("cancelled")
    over(stand, kiosk)
    stand.order(reset_tries="ordinary")


def waited(stand, kiosk):
    """At every step, where nobody does anything; before that a warning, where there is time for one."""
    stand.order(patience=22)
    kiosk.open().begin("en")
    warning = kiosk.page.get_by_role("dialog")
    expect(warning).to_contain_text(kiosk.say("TimeWarning"))
    kiosk.press_in_dialog("MoreTime").is_on("place-card")
    expect(warning).to_contain_text(kiosk.say("TimeWarning"))
    # Sent away with a key it is extended too, and comes again.
    kiosk.page.keyboard.press("Escape")
    expect(warning).to_have_count(0)
    kiosk.is_on("place-card")
    expect(warning).to_contain_text(kiosk.say("TimeWarning"))
    kiosk.press_in_dialog("MoreTime").cancel().is_told_why("cancelled")
    # So is what is read at the end.
    expect(warning).to_contain_text(kiosk.say("TimeWarning"))
    kiosk.press_in_dialog("MoreTime").is_told_why("cancelled")
    kiosk.to_start()

    stand.order(patience=SHORT)
    kiosk.open()
    for screen in ("service", "terms"):
        kiosk.choose_language("ko")
        if screen == "terms":
            kiosk.page.locator("button.choice").first.click()
        kiosk.is_on(screen).is_on("language")
    for number, (screen, lead) in enumerate(STEPS):
        lead(kiosk, LANGUAGES[number % 4])
        kiosk.is_on(screen).is_told_why("no-card" if screen == "place-card" else "timed-out")
        over(stand, kiosk)
    stand.order(patience=60)
    kiosk.open()


def lifted(stand, kiosk):
    """At every step that has a card, and between the commands of the reading."""
    kiosk.begin("ja").place("ordinary", lift_after=1).is_told_why("card-lifted")
    kiosk.to_start()
    for screen, lead in STEPS[1:3]:
        lead(kiosk, "en")
        kiosk.is_on(screen)
        stand.order(remove=0)
        # At once: nobody types their PIN for nothing.
        kiosk.is_told_why("card-lifted")
        kiosk.to_start()
    for commands in (5, 10, 16):
        kiosk.begin("zh").place("ordinary", lift_after=commands).is_on("kind").page.locator("button.choice").first.click()
        kiosk.is_on("pin").type_pin().is_told_why("card-lifted")
        kiosk.to_start()
    # While it says that it reads.
    kiosk.begin("ko").place("ordinary", faults=["slow=400@ins=B0,times=always"]).is_on("kind").page.locator("button.choice").first.click()
    kiosk.is_on("pin").type_pin().is_on("reading")
    for way in ("back", "cancel"):
        expect(kiosk.page.locator(f"#{way}")).to_be_hidden()
    stand.order(remove=0)
    kiosk.is_told_why("card-lifted")
    kiosk.to_start()


def without_paper(stand, kiosk):
    """Told before a card is asked for, before records are, and under way; what was issued comes out when there is paper again."""
    stand.order(paper=False)
    kiosk.choose_language("en").page.locator("button.choice").first.click()
    kiosk.is_on("terms").push("Agree").is_told_why("printer-out-of-paper")
    stand.order(paper=True)
    kiosk.to_start()

    kiosk.to_copies("gaiji", "en")
    stand.order(paper=False)
    kiosk.push("Next").is_told_why("printer-out-of-paper")
    stand.order(paper=True)
    kiosk.push("Understood").is_on("municipality").page.locator("button.choice").first.click()
    kiosk.is_on("copies").push("Next").is_on("preview")
    before = len(stand.sheets())
    stand.order(printer="hold")
    kiosk.push("Issue").is_on("delivering")
    for way in ("back", "cancel"):
        expect(kiosk.page.locator(f"#{way}")).to_be_hidden()
    stand.order(paper=False)
    stand.order(printer="break")
    kiosk.is_told_why("printer-out-of-paper")
    kiosk.push("Understood").is_on("try-again").push("Again").is_told_why("printer-out-of-paper")
    stand.order(printer="go")
    stand.order(paper=True)
    kiosk.push("Understood").is_on("try-again").push("Again").is_on("done")
    sheets = stand.sheets()[before:]
    assert len(sheets) == 1, f"{len(sheets)} sheets"
    assert certificate(sheets[0], stand.about["keys"])["name"] == persona("gaiji")["name"], "somebody else's"
    kiosk.to_start()

    # Whoever gives up then leaves nothing that comes out later.
    kiosk.to_preview("ordinary", "zh")
    stand.order(printer="hold")
    kiosk.push("Issue").is_on("delivering")
    stand.order(printer="break")
    kiosk.is_told_why("printer-failed").push("Understood").is_on("try-again").cancel().is_told_why("cancelled")
    stand.order(printer="go")
    kiosk.to_start()
    assert len(stand.sheets()) == before + 1, "something came out"


def without_center(stand, kiosk):
    """Cut off from the center it says so and offers nothing, comes back by itself; and says when nothing is taken."""
    stand.order(stop="center")
    kiosk.choose_language("en").page.locator("button.choice").first.click()
    kiosk.is_on("terms").push("Agree").is_on("place-card").place("ordinary").is_on("kind").page.locator("button.choice").first.click()
    kiosk.is_on("pin").type_pin().is_told_why("center-unreachable")
    stand.order(remove=0)
    kiosk.to_waiting("center-unreachable")
    stand.order(start="center")
    kiosk.is_on("language")

    # Under way: what was asked is asked again.
    kiosk.to_copies("ordinary", "ja")
    stand.order(stop="vrs")
    kiosk.push("Next").is_told("records-unavailable").push("Understood").is_on("municipality")
    stand.order(start="vrs")
    kiosk.page.locator("button.choice").first.click()
    kiosk.is_on("copies").cancel().is_told_why("cancelled")
    kiosk.to_start()

    for offer, code, said in (("closed", "outside-hours", ":00〜"), ("maintenance", "maintenance", "…")):
        kiosk.begin("ko")
        stand.order(center=offer)
        kiosk.place("ordinary").is_on("kind").page.locator("button.choice").first.click()
        kiosk.is_on("pin").type_pin().is_told_why(code)
        stand.order(remove=0)
        kiosk.to_waiting(code)
        # The center's own words, in the language of the first screen.
        expect(kiosk.page.locator("main .lead")).to_contain_text(said)
        stand.order(center="open")
        kiosk.is_on("language")

    # Nobody has begun, and nobody begins what cannot be ended.
    stand.order(stop="center")
    kiosk.is_told_why("center-unreachable")
    expect(kiosk.page.locator("main button")).to_have_count(0)
    stand.order(start="center")
    kiosk.is_on("language")


def kept_waiting(stand, kiosk):
    """Who does not wait for the center cancels; whoever stands there when it answers is shown nothing of it."""
    kiosk.to_copies("ordinary", "en")
    stand.order(pause="center")
    kiosk.push("Next").is_on("looking-up")
    expect(kiosk.page.locator("#back")).to_be_hidden()
    kiosk.cancel().is_told_why("cancelled")
    stand.order(resume="center")
    kiosk.page.wait_for_timeout(1000)
    kiosk.is_told_why("cancelled")
    expect(kiosk.page.locator("body")).not_to_contain_text(persona("ordinary")["name"])
    over(stand, kiosk)
    # Who is asked whether to stop as the answer comes is asked still: nothing else comes under their finger.
    kiosk.to_copies("ordinary", "ja")
    stand.order(pause="center")
    kiosk.push("Next").is_on("looking-up").push("Stop")
    stand.order(resume="center")
    kiosk.is_on("preview").press_in_dialog("Stop").is_told_why("cancelled")
    over(stand, kiosk)


def announced(shown):
    """What the center has to say, and when it is open, is read before an application begins, by everybody in their language."""
    main = shown.page.locator("main")
    for language in LANGUAGES:
        shown.start_over()
        shown.tell({"view": "menu", "menu": {**MENU, "notices": [NOTICE]}})
        shown.on("language")
        expect(main).to_contain_text(NOTICE["ja"])
        expect(main).to_contain_text(MENU["hours"]["close"])
        shown.page.locator(f"button.language[lang={language}]").click()
        shown.on("service")
        expect(main).to_contain_text(MENU["hours"]["close"])
        expect(main).to_contain_text(NOTICE[language])


def agreed(shown):
    """Who agrees while the center takes its time is told that it is asked."""
    shown.start_over()
    shown.tell({"view": "menu", "menu": MENU})
    shown.page.locator("button.language[lang=en]").click()
    shown.on("service")
    shown.page.locator("main .choice").first.click()
    shown.on("terms")
    shown.page.locator("main button.primary").click()
    expect(shown.page.locator("main [role=status]")).to_have_text(shown.catalogue["en"]["LookingUp"])
    expect(shown.page.locator("main .busy")).to_be_visible()
    expect(shown.page.locator("main button.primary")).to_have_count(0)
    shown.on("terms")
    shown.page.locator("#back").click()
    shown.on("service")
    expect(shown.page.locator("main .busy")).to_have_count(0)


def under_a_dialog(shown):
    """What was aimed at a dialog is no press for what has come in under it, and none to go back."""
    pressed = []
    shown.page.on("request", lambda request: request.url.endswith("/press") and pressed.append(request.post_data_json["intent"]))
    shown.start_over()
    # A slow second tap on a dialog's button is none for what lies below it; one elsewhere, and a key, are.
    shown.tell({"view": "preview", "preview": preview()})
    shown.on("preview")
    issue = shown.page.locator("main button.primary").bounding_box()
    shown.page.locator("#help").click()
    close = shown.page.locator("dialog button.primary").bounding_box()
    x, y = close["x"] + close["width"] / 2, close["y"] + close["height"] / 2
    assert issue["x"] < x < issue["x"] + issue["width"] and issue["y"] < y < issue["y"] + issue["height"], "the control: it lies there"
    shown.page.mouse.click(x, y)
    expect(shown.page.locator("dialog")).to_have_count(0)
    shown.page.wait_for_timeout(600)
    shown.page.mouse.click(x, y)
    shown.page.wait_for_timeout(300)
    assert pressed == [], pressed
    with shown.page.expect_request("**/press"):
        shown.page.locator("main button.primary").press("Enter")
    assert pressed.pop() == "go"
    shown.start_over()
    shown.tell({"view": "place-card"})
    shown.on("place-card")
    shown.page.locator("#help").click()
    shown.page.evaluate(TAPS)
    shown.tell({"view": "kind", "kinds": ["domestic"]})
    shown.on("kind")
    expect(shown.page.locator("dialog")).to_have_count(0)
    shown.page.wait_for_timeout(1000)
    assert pressed == [], pressed
    for button, intent in (("#back", "back"), ("main .choice", "kind")):
        with shown.page.expect_request("**/press"):
            shown.page.locator(button).click()
        assert pressed[-1] == intent, pressed


def without_reader(stand, kiosk):
    """A service that is lost is no card that was taken."""
    kiosk.to_pin("ordinary", "ja").type_pin().is_on("take-card")
    stand.order(stop="pcscd")
    kiosk.is_told_why("reader-service-unavailable").to_waiting("reader-service-unavailable")
    stand.order(start="pcscd")
    kiosk.is_on("language")


def without_browser(stand, kiosk):
    """A browser or a kiosk that is killed comes back to the start, with nobody's application in it."""
    for part in ("browser", "kiosk"):
        kiosk.to_preview("ordinary", "en")
        stand.order(end=part)
        kiosk.renewed().is_on("language")
        expect(kiosk.page.locator("main")).not_to_contain_text(persona("ordinary")["name"])


PARTS = (cancelled, went_back, hurried, lifted, without_paper, without_center, kept_waiting, without_browser, waited, *map(shown_alone, (announced, agreed, under_a_dialog)), without_reader)
