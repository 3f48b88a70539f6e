"""Every persona that gets a certificate, in all languages, and what is on the paper."""

from playwright.sync_api import expect

from paper import certificate
from stand import PIN, persona


# Name, language, copies, municipality if not the card's, doses there.
APPLICATIONS = [
    ("ordinary", "ja", 1, None, 2),
    ("seven-doses", "en", 2, None, 7),
    ("gaiji", "zh", 1, None, 2),
    ("former-surname", "ko", 1, None, 2),
    ("foreign-resident", "en", 3, None, 2),
    ("long-address", "ko", 1, None, 2),
    ("moved", "zh", 1, "神奈川県横浜市", 2),
    ("moved", "ja", 1, None, 1),
    ("one-try-left", "en", 1, None, 3),
]


def at_step(kiosk, number):
    """The page says where in the application it is."""
    expect(kiosk.page.locator("#steps [aria-current=step] .number")).to_have_text(str(number))


def birth_date(holder):
    text = holder["birth_date"]
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"


def shown(kiosk):
    """What the preview says: name, number of doses, their lots."""
    said = kiosk.page.evaluate("""() => [document.querySelector("dd[lang=ja]").textContent,
        [...document.querySelectorAll("tbody td:last-child")].map((cell) => cell.textContent)]""")
    return said[0], said[1]


def apply(stand, kiosk, name, language, copies, municipality, doses):
    holder = persona(name)
    kiosk.begin(language)
    at_step(kiosk, 2)
    kiosk.place(name).is_on("kind")
    at_step(kiosk, 3)
    kiosk.page.locator("button.choice").first.click()
    kiosk.is_on("pin")
    at_step(kiosk, 4)
    warning = kiosk.page.locator("main [role=alert]")
    if name == "one-try-left":
        expect(warning).to_contain_text(kiosk.say("LastTry"))
    else:
        expect(warning).to_have_count(0)
        expect(kiosk.page.locator(".lead")).to_have_text(kiosk.say("TriesLeft", remaining=3))
    kiosk.type_pin(PIN).is_on("take-card")
    # Nothing leads on from here but the card's removal.
    expect(kiosk.page.locator("main button")).to_have_count(0)
    expect(kiosk.page.locator("#back")).to_be_hidden()
    stand.order(remove=0)
    kiosk.is_on("municipality")
    at_step(kiosk, 5)
    if municipality:
        kiosk.press(municipality)
    else:
        # The one of the card's address is offered first.
        expect(kiosk.page.locator("h2").first).to_have_text(kiosk.say("Home"))
        kiosk.page.locator("button.choice").first.click()
    kiosk.is_on("copies")
    for _ in range(copies - 1):
        kiosk.push("MoreCopies")
    kiosk.push("Next").is_on("preview")
    at_step(kiosk, 6)
    holder_shown, lots = shown(kiosk)
    assert holder_shown == holder["name"], f"{name}: the preview is somebody else's"
    before = len(stand.sheets())
    kiosk.push("Issue").is_on("done")
    at_step(kiosk, 8)
    sheets = stand.sheets()[before:]
    assert len(sheets) == copies, f"{name}: {len(sheets)} sheets for {copies} copies"
    assert len({sheet.read_bytes() for sheet in sheets}) == 1, f"{name}: copies that differ"
    printed = certificate(sheets[0], stand.about["keys"])
    assert printed["name"] == holder["name"], f"{name}: somebody else's certificate"
    assert printed["birth_date"] == birth_date(holder), f"{name}: another birth date"
    assert len(printed["doses"]) == doses, f"{name}: {len(printed['doses'])} doses instead of {doses}"
    assert [dose["lot"] for dose in printed["doses"]] == lots, f"{name}: not what was shown"
    kiosk.to_start()


def applied(stand, kiosk):
    for application in APPLICATIONS:
        apply(stand, kiosk, *application)


PARTS = (applied,)
