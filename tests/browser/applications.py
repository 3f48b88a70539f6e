"""Every persona that gets a certificate, and what is on the paper.

Not each in all four languages, which would take more than three minutes longer and show little more: a language changes the words, and
those are judged on every screen (`access.py`). Each persona comes in two languages; and in each language there is every way to the end:
one copy, several, a municipality that is not the card's, a last try. All of them in all languages is `everybody.py`.
"""

from pathlib import Path

from playwright.sync_api import expect

from paper import certificate, certificate_abroad, words
from stand import LANGUAGES, PIN, persona


# Name, language, copies, municipality if not the card's, doses there.
YOKOHAMA = {"ja": "神奈川県横浜市", "en": "Yokohama City, Kanagawa", "zh": "神奈川県横浜市", "ko": "Yokohama City, Kanagawa"}
APPLICATIONS = [
    ("ordinary", "ja", 1, None, 2),
    ("ordinary", "zh", 2, None, 2),
    ("seven-doses", "en", 2, None, 7),
    ("seven-doses", "ko", 1, None, 7),
    ("gaiji", "zh", 1, None, 2),
    ("gaiji", "ja", 2, None, 2),
    ("former-surname", "ko", 1, None, 2),
    ("former-surname", "en", 1, None, 2),
    ("foreign-resident", "en", 3, None, 2),
    ("foreign-resident", "zh", 1, None, 2),
    ("long-address", "ko", 2, None, 2),
    ("long-address", "ja", 1, None, 2),
    *(("moved", language, 1, name, 2) for language, name in YOKOHAMA.items()),
    ("moved", "ja", 1, None, 1),
    *(("one-try-left", language, 1, None, 3) for language in YOKOHAMA),
]


def are_all_covered():
    """What is said above of the list."""
    languages = {name: {application[1] for application in APPLICATIONS if application[0] == name} for name, *_ in APPLICATIONS}
    assert all(len(spoken) >= 2 for spoken in languages.values()), languages
    for language in LANGUAGES:
        here = [application for application in APPLICATIONS if application[1] == language]
        assert {min(copies, 2) for _, _, copies, _, _ in here} == {1, 2}, language
        assert {elsewhere is not None for *_, elsewhere, _ in here} == {True, False}, language
        assert "one-try-left" in {name for name, *_ in here}, language


def at_step(kiosk, number):
    """The page says where in the application it is."""
    expect(kiosk.page.locator("#steps [aria-current=step] .number")).to_have_text(str(number))


def birth_date(holder):
    text = holder["birth_date"]
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"


def shown(kiosk):
    """What the preview says: name, number of doses, their lots."""
    said = kiosk.page.evaluate("""() => [document.querySelector("dd[lang=ja]").textContent,
        [...document.querySelectorAll("tbody td.lot")].map((cell) => cell.textContent)]""")
    return said[0], said[1]


def previewed(kiosk):
    """All that the preview says of the page, number of copies aside."""
    said = kiosk.page.evaluate("""() => [...document.querySelectorAll("div:not(:last-child) > dd, tbody th, tbody td")].map((cell) => cell.textContent)""")
    return [part for text in said for part in text.split(" / ")]


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
    texts = previewed(kiosk)
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
    # In Japanese all of it stands on the page as it was shown.
    if language == "ja":
        said = words(sheets[0])
        assert len(texts) >= 4 + 5 * doses and all("".join(text.split()) in said for text in texts), f"{name}: the page says something else"
    kiosk.to_start()
    # A right PIN has given it all its tries back.
    if name == "one-try-left":
        stand.order(reset_tries=name)


def applied(stand, kiosk):
    are_all_covered()
    for application in APPLICATIONS:
        apply(stand, kiosk, *application)


def abroad(stand, kiosk):
    """For abroad there has to be an earlier one; then both codes of the page say what was shown."""
    name = "gaiji"
    holder = persona(name)

    def to_next(language):
        kiosk.begin(language).place(name).is_on("kind").page.locator("button.choice").last.click()
        kiosk.is_on("pin").type_pin().is_on("take-card")
        stand.order(remove=0)
        kiosk.is_on("municipality").page.locator("button.choice").first.click()
        return kiosk.is_on("copies").push("Next")

    to_next("ko").is_told_why("passport-not-registered")
    # For use in Japan there need not be any, and the card is not needed again.
    kiosk.push("Understood").is_on("municipality").push("Back").is_on("kind").page.locator("button.choice").first.click()
    kiosk.is_on("municipality").cancel().is_told_why("cancelled").to_start()

    stand.order(issue_abroad=name)
    to_next("en").is_on("preview")
    expect(kiosk.page.locator("main .note")).to_have_text(kiosk.say("PassportCheck"))
    rows = dict(kiosk.page.evaluate("""() => [...document.querySelectorAll("main dl > div")].map((row) => [...row.children].map((cell) => cell.textContent))"""))
    table = kiosk.page.evaluate("""() => [...document.querySelectorAll("tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent))""")
    before = len(stand.sheets())
    kiosk.push("Issue").is_on("done")
    (sheet,) = stand.sheets()[before:]
    card, seal = certificate_abroad(sheet, stand.about["keys"], Path(stand.about["ground"]) / "center/vdsnc")
    assert rows[kiosk.say("Name")] == card["name"] == holder["name"], "somebody else's"
    assert card["birth_date"] == seal["pid"]["dob"] == birth_date(holder), "another birth date"
    assert rows[kiosk.say("PassportName")].split() == seal["pid"]["n"].split() == [part for names in card["romanised"] for part in names], "another name"
    assert rows[kiosk.say("PassportNumber")] == seal["pid"]["i"], "another passport"
    sealed = [(str(dose["seq"]), dose["lot"], dose["ctr"], dose["dvc"]) for vaccine in seal["ve"] for dose in vaccine["vd"]]
    assert sorted(sealed) == sorted((row[0], row[4], row[5], dose["date"]) for row, dose in zip(table, card["doses"])), "other doses"
    assert [row[4] for row in table] == [dose["lot"] for dose in card["doses"]], "other doses in the two codes"
    kiosk.to_start()


PARTS = (applied, abroad)
