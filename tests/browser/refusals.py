"""Who is refused, and is told why, with a code and a way out; and the tries of a PIN."""

from playwright.sync_api import expect

# Refused as the card is placed.
AT_ONCE = [
    ("expired", "ja", "card-expired"),
    ("phone", "en", "phone-instead-of-card"),
    ("other-card", "zh", "wrong-card"),
    ("pin-blocked", "ko", "pin-blocked"),
]
# Refused once the PIN was right.
AFTER_PIN = [
    ("copy", "ja", "card-not-genuine"),
    ("tampered", "en", "card-data-altered"),
    ("tampered-signature", "zh", "card-data-altered"),
    ("wrong-ca", "ko", "card-issuer-unknown"),
]
# Told that of the municipality chosen; another can be chosen.
AFTER_MUNICIPALITY = [
    ("no-record", "en", "no-record"),
    ("needs-confirmation", "zh", "confirmation-needed"),
    ("unknown-birth-day", "ko", "confirmation-needed"),
    ("not-taking-part", "ja", "no-such-person"),
]


def goes_no_further(kiosk):
    """The application is over: the only ways are out and to help."""
    expect(kiosk.page.locator("main button")).to_have_text([kiosk.say("ToStart")])
    for way in ("back", "cancel"):
        expect(kiosk.page.locator(f"#{way}")).to_be_hidden()


def at_once(stand, kiosk, cases=AT_ONCE):
    for name, language, code in cases:
        kiosk.begin(language).place(name).is_told_why(code)
        goes_no_further(kiosk)
        stand.order(remove=0)
        kiosk.to_start()


def after_pin(stand, kiosk, cases=AFTER_PIN):
    for name, language, code in cases:
        kiosk.to_pin(name, language).type_pin().is_told_why(code)
        goes_no_further(kiosk)
        stand.order(remove=0)
        kiosk.to_start()


def after_municipality(stand, kiosk, cases=AFTER_MUNICIPALITY):
    for name, language, code in cases:
        kiosk.to_municipality(name, language)
        home = kiosk.page.get_by_role("heading", name=kiosk.say("Home"))
        # What does not take part is not offered, and the page says where to go then.
        expect(home).to_have_count(0 if name == "not-taking-part" else 1)
        expect(kiosk.page.locator(".note")).to_have_text(kiosk.say("NotListed"))
        kiosk.page.locator("button.choice").first.click()
        kiosk.is_on("copies").push("Next").is_told_why(code)
        expect(kiosk.page.locator("main button")).to_have_text([kiosk.say("Understood")])
        kiosk.push("Understood").is_on("municipality")
        kiosk.cancel().is_told_why("cancelled")
        kiosk.to_start()


def wrong_pins(stand, kiosk):
    """Each wrong PIN is told with the tries left, in words; the last try has its warning; the third blocks."""
    stand.order(reset_tries="ordinary")
    kiosk.to_pin("ordinary", "en")
    # What is no PIN cannot be entered, and spends no try.
    enter = kiosk.page.locator("#enter")
    for digit in "000":
        kiosk.press(digit)
        expect(enter).to_be_disabled()
    kiosk.push("Delete").press("0").press("0")
    for left in (2, 1):
        expect(enter).to_be_enabled()
        enter.click()
        kiosk.is_told_why("pin-wrong", remaining=left)
        expect(kiosk.page.locator(".dot")).to_have_count(0)
        kiosk.push("Understood").is_on("pin")
        # Nothing of the last entry is left.
        expect(kiosk.page.locator(".dot.full")).to_have_count(0)
        if left == 1:
            expect(kiosk.page.locator("main [role=alert]")).to_contain_text(kiosk.say("LastTry"))
        else:
            expect(kiosk.page.locator(".lead")).to_have_text(kiosk.say("TriesLeft", remaining=left))
        # By keyboard, and then on a pad in another order.
        if left == 2:
            kiosk.page.keyboard.type("0000")
        else:
            kiosk.push("Shuffle")
            for _ in range(4):
                kiosk.press("0")
    enter.click()
    kiosk.is_told_why("pin-blocked")
    goes_no_further(kiosk)
    stand.order(remove=0)
    kiosk.to_start()
    stand.order(reset_tries="ordinary")


def nothing_came_out(stand, kiosk):
    assert not stand.sheets(), f"{len(stand.sheets())} sheets"


PARTS = (at_once, after_pin, after_municipality, wrong_pins, nothing_came_out)
