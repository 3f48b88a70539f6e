"""One application at a whole kiosk, each screen in every language, and the problems that can be brought about there."""

import contextlib

from playwright.sync_api import Error, expect

from stand import LANGUAGES, kiosk as kiosk_of


def pictures(folder, stage):
    folder.mkdir(parents=True, exist_ok=True)
    with kiosk_of(stage) as (stand, kiosk):
        problems(stand, kiosk, folder)
        application(stand, kiosk, folder)


def shoot(kiosk, folder, name):
    """The screen that stands there, in each language."""
    for language in LANGUAGES:
        if kiosk.page.locator("#language").is_visible() and language != kiosk.language:
            kiosk.page.locator("#language").click()
            kiosk.page.locator(f"dialog button[lang={language}]").evaluate("button => button.click()")
            expect(kiosk.page.locator("dialog")).to_have_count(0)
            kiosk.language = language
        kiosk.page.screenshot(path=folder / f"{name}.{kiosk.language}.png", animations="disabled")
        if kiosk.language != language:
            return


def application(stand, kiosk, folder):
    stand.order(fee=120)
    kiosk.renewed()
    shoot(kiosk, folder, "01-language")
    kiosk.choose_language("ja")
    shoot(kiosk, folder, "02-service")
    press(kiosk, "button.choice").is_on("terms")
    shoot(kiosk, folder, "03-terms")
    press(kiosk, ".choices .primary").is_on("place-card")
    shoot(kiosk, folder, "04-place-card")
    # So slow that reading can be looked at.
    stand.order(insert="gaiji", faults=["slow=2000@ins=B0,times=always"])
    kiosk.is_on("kind")
    shoot(kiosk, folder, "05-kind")
    press(kiosk, "button.choice").is_on("pin")
    shoot(kiosk, folder, "06-pin")
    kiosk.type_pin().is_on("reading")
    shoot(kiosk, folder, "07-reading")
    kiosk.is_on("take-card")
    shoot(kiosk, folder, "08-take-card")
    stand.order(remove=0)
    kiosk.is_on("municipality")
    shoot(kiosk, folder, "09-municipality")
    press(kiosk, "button.choice").is_on("copies")
    shoot(kiosk, folder, "10-copies")
    press(kiosk, ".choices .primary").is_on("preview")
    shoot(kiosk, folder, "11-preview")
    press(kiosk, ".choices .primary").is_on("fee")
    shoot(kiosk, folder, "12-fee")
    stand.order(printer="hold")
    for _ in range(2):
        stand.order(cabinet={"request": "coin", "yen": 100})
    kiosk.is_on("delivering")
    shoot(kiosk, folder, "13-delivering")
    stand.order(printer="go")
    kiosk.is_on("take-paper")
    stand.order(cabinet={"request": "put", "place": "tray"})
    shoot(kiosk, folder, "14-take-paper")
    stand.order(cabinet={"request": "take", "place": "tray"})
    kiosk.is_on("done")
    shoot(kiosk, folder, "15-done")
    kiosk.to_start()


def problems(stand, kiosk, folder):
    for persona, code in (("other-card", "wrong-card"), ("phone", "phone-instead-of-card"), ("expired", "card-expired"), ("pin-blocked", "pin-blocked")):
        kiosk.begin().place(persona).is_told(code)
        ended(stand, kiosk, folder, code)
    for persona, code in (("copy", "card-not-genuine"), ("tampered-signature", "card-data-altered"), ("wrong-ca", "card-issuer-unknown")):
        kiosk.to_pin(persona).type_pin().is_told(code)
        ended(stand, kiosk, folder, code)
    kiosk.to_pin("ordinary").type_pin("0000").is_told("pin-wrong")
    shoot(kiosk, folder, "problem-pin-wrong")
    press(kiosk, ".choices .primary").is_on("pin")
    stand.order(remove=0)
    kiosk.is_told("card-lifted")
    ended(stand, kiosk, folder, "card-lifted")
    for persona, code in (("no-record", "no-record"), ("needs-confirmation", "confirmation-needed")):
        kiosk.to_copies(persona)
        press(kiosk, ".choices .primary").is_told(code)
        shoot(kiosk, folder, f"problem-{code}")
        press(kiosk, ".choices .primary").is_on("municipality")
        kiosk.page.locator("#cancel").click()
        kiosk.page.locator("dialog .danger").click()
        kiosk.is_told("cancelled")
        ended(stand, kiosk, folder, "cancelled")
    stand.order(paper=False)
    kiosk.choose_language("ja")
    press(kiosk, "button.choice").is_on("terms")
    press(kiosk, ".choices .primary").is_told("printer-out-of-paper")
    shoot(kiosk, folder, "problem-printer-out-of-paper")
    stand.order(paper=True)
    leave(kiosk)
    stand.order(center="maintenance")
    kiosk.is_told("maintenance")
    shoot(kiosk, folder, "out-of-service-maintenance")
    stand.order(stop="center")
    kiosk.is_told("center-unreachable")
    shoot(kiosk, folder, "out-of-service-center-unreachable")
    stand.order(center="open")
    first(kiosk)
    stand.order(insert="ordinary")
    stand.order(end="kiosk")
    kiosk.open().is_on("card-left")
    shoot(kiosk, folder, "card-left")
    kiosk.page.keyboard.press("Control+Alt+A")
    kiosk.is_on("attendant-key")
    shoot(kiosk, folder, "attendant-key")
    kiosk.page.keyboard.type(stand.about["attendant"])
    kiosk.page.locator("#enter").click()
    kiosk.is_on("attendant")
    expect(kiosk.page.locator(".status .ok")).to_have_count(4)
    shoot(kiosk, folder, "attendant")
    stand.order(remove=0)
    press(kiosk, ".choices .primary")
    kiosk.renewed().is_on("language")


def first(kiosk):
    """The first screen is Japanese, whatever language was chosen before."""
    kiosk.language = "ja"
    return kiosk.is_on("language")


def press(kiosk, selector):
    kiosk.page.locator(selector).first.click()
    return kiosk


def ended(stand, kiosk, folder, code):
    shoot(kiosk, folder, f"problem-{code}")
    stand.order(remove=0)
    leave(kiosk)


def leave(kiosk):
    """Leaves the end of an application for the next browser's first screen."""
    with contextlib.suppress(Error):
        press(kiosk, ".choices .primary")
    kiosk.renewed().is_on("language")
