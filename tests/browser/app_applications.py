"""From the first start to certificates that open offline: whole applications, several people, re-issue, deletion, export, lock."""

import io
import subprocess
import sys
from pathlib import Path

import zxingcpp
from PIL import Image
from playwright.sync_api import expect

from app_stand import PASSPHRASE
from paper import certificate, codes, run
from stand import LANGUAGES, persona

sys.path.insert(0, str(Path(__file__).parents[1] / "judges"))
from judge import judged  # noqa: E402


def birth_date(holder):
    text = holder["birth_date"]
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"


def codes_in(picture):
    """What a decoder that is not ours reads in a picture."""
    # At the few dots a module has on a phone's screen either decoder misses one now and then, as phones do.
    return codes(picture) or [code.text for code in zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)), formats=zxingcpp.BarcodeFormat.QRCode)]


def code_on_screen(phone):
    """The code that is shown, read from what the screen looks like."""
    symbol = phone.page.locator(".symbol")
    symbol.scroll_into_view_if_needed()
    # As a phone does that is held before it, it looks more than once: a screen that was being drawn is no code.
    for _ in range(5):
        found = codes_in(symbol.screenshot(animations="disabled"))
        if len(found) == 1:
            return found[0]
        phone.page.wait_for_timeout(500)
    raise AssertionError(f"{len(found)} codes on the screen")


def entries(phone):
    return phone.page.locator("main .entry")


def first_start(stand, phone):
    """A wallet is made by whoever started the app, and by nobody else; a passphrase is chosen."""
    assert not Path(stand.about["wallet"]).exists()
    # Who only knows the address is not asked for a new passphrase.
    shut(phone)
    phone.open(stand.start())
    expect(phone.page.locator("h1")).to_have_text(phone.say("ChooseTitle"))
    assert "#" not in phone.page.url, "the secret stays in the address"
    for first, second, said in (("short", "short", phone.say("ChooseShort", least=8)), (PASSPHRASE, "another one", phone.say("ChooseDiffers"))):
        phone.page.locator("#passphrase").fill(first)
        phone.page.locator("#again").fill(second)
        phone.push("ChooseDone")
        expect(phone.page.locator("#fault")).to_have_text(said)
    phone.page.locator("#passphrase").fill(PASSPHRASE)
    phone.page.locator("#again").fill(PASSPHRASE)
    phone.push("ChooseDone").is_on("certificates")
    expect(phone.page.locator("main .empty")).to_contain_text(phone.say("ListEmpty"))


def shut(phone):
    phone.close()
    phone.browser = phone.playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
    phone.page = phone.browser.new_page(locale="en-GB")
    phone.page.goto(phone.stand.about["page"])
    expect(phone.page.locator("main.on-shut h1")).to_have_text(phone.say("NotLetIn"))


def domestic(stand, phone):
    """A certificate for use in Japan, from the list to the code on the screen, in each language."""
    holder = persona("ordinary")
    for number, language in enumerate(LANGUAGES):
        phone.enter(language=language)
        expect(entries(phone)).to_have_count(number)
        phone.to_person("ordinary")
        said = phone.page.locator("main dl").inner_text()
        for part in ("name", "address"):
            assert holder[part] in said, f"{part} is not shown"
        assert phone.say("SexFemale") in said
        # Nothing goes on until the card is gone.
        right = phone.page.get_by_role("button", name=phone.say("Right"), exact=True)
        expect(right).to_have_attribute("aria-disabled", "true")
        right.click(force=True)
        expect(phone.page.locator("main .call")).to_contain_text(phone.say("TakeHome"))
        phone.on_from_person().choose_municipality()
        expect(phone.page.locator("main .card")).to_have_count(1)
        phone.issue()
        expect(phone.page.locator("main .done")).to_have_text(phone.say("Kept"))
        said = judged(code_on_screen(phone), stand.about["keys"])
        assert said["name"] == holder["name"] and said["birth_date"] == birth_date(holder), "somebody else's"
        assert len(said["doses"]) == 2
        expect(phone.page.locator("main .doses > li")).to_have_count(2)
        # Issued again as it was: the older one is marked, and may go.
        phone.to_list()
        expect(entries(phone)).to_have_count(number + 1)
        expect(phone.page.locator("main .tag")).to_have_count(number)
    while entries(phone).count() > 1:
        left = entries(phone).count() - 1
        entries(phone).last.click()
        phone.is_on("certificate")
        expect(phone.page.locator("main .notices")).to_contain_text(phone.say("OlderText"))
        phone.push("Remove").is_on("delete").push("RemoveNo").is_on("certificate")
        phone.push("Remove").is_on("delete").push("RemoveYes").is_on("certificates")
        expect(entries(phone)).to_have_count(left)


def refused(stand, phone):
    """A wrong PIN, the last try, a locked PIN, and cards that are none: told, and nothing is kept."""
    phone.enter()
    kept = stand.certificates()
    phone.to_kinds().choose("domestic").type_pin("0000").is_on("tap-card")
    stand.order(insert="ordinary")
    phone.is_told("pin-wrong", remaining=2).understood().is_on("pin")
    expect(phone.page.locator("main .lead")).to_have_text(phone.say("TriesLeft", remaining=2))
    phone.type_pin().is_on("person")
    stand.order(remove=0)
    phone.cancel()
    # One try is left: asked before the PIN goes to the card.
    phone.to_kinds().choose("domestic").type_pin().is_on("tap-card")
    stand.order(insert="one-try-left")
    phone.is_on("last-try").push("LastTrySend").is_on("person")
    stand.order(remove=0)
    phone.cancel()
    stand.order(reset_tries="one-try-left")
    for who, code in (("pin-blocked", "pin-blocked"), ("expired", "card-expired"), ("phone", "phone-instead-of-card"), ("other-card", "wrong-card"), ("copy", "card-not-genuine")):
        phone.to_kinds().choose("domestic").type_pin().is_on("tap-card")
        stand.order(insert=who)
        phone.is_told(code)
        stand.order(remove=0)
        # Another card may be tried with the PIN entered anew; what is wrong with this one ends it.
        phone.understood()
        if who in ("phone", "other-card"):
            phone.is_on("pin").cancel()
        phone.is_on("certificates")
    for who, code in (("no-record", "no-record"), ("needs-confirmation", "confirmation-needed")):
        phone.to_person(who).on_from_person().is_on("municipality").page.locator("button.choice").first.click()
        phone.is_told(code).understood().is_on("municipality").cancel()
    assert stand.certificates() == kept


def several(stand, phone):
    """Another person on the same device: two names in the list, each with their own."""
    phone.enter().get("gaiji")
    expect(phone.page.locator("main .person")).to_have_count(2)
    for who in ("ordinary", "gaiji"):
        expect(of(who, phone)).to_have_count(1)
        of(who, phone).click()
        phone.is_on("certificate")
        said = judged(code_on_screen(phone), stand.about["keys"])
        assert said["name"] == persona(who)["name"], "somebody else's"
        phone.to_list()


def again(stand, phone):
    """After a new dose: the same kind and municipality are proposed, and the certificate says it."""
    phone.enter()
    stand.order(dose="ordinary")
    of("ordinary", phone).first.click()
    phone.is_on("certificate").push("Renew")
    phone.page.locator("main.on-terms, main.on-kinds").wait_for()
    if phone.page.locator("main.on-terms").count():
        phone.push("Agree").is_on("kinds")
    expect(phone.page.locator("#kind-domestic")).to_have_attribute("aria-checked", "true")
    phone.push("Next").type_pin().is_on("tap-card")
    stand.order(insert="ordinary")
    phone.is_on("person").on_from_person().choose_municipality().issue()
    said = judged(code_on_screen(phone), stand.about["keys"])
    assert len(said["doses"]) == 3, len(said["doses"])
    phone.to_list()
    expect(of("ordinary", phone)).to_have_count(2)
    expect(of("ordinary", phone).nth(1).locator(".tag")).to_have_text(phone.say("Older"))


def of(who, phone):
    """Somebody's entries in the list."""
    return phone.page.locator("main .person").filter(has_text=persona(who)["name"]).locator(".entry")


def shown(stand, phone):
    """What the certificate's screen does: hides whose it is, ticks, is saved as a picture and a page; all of it with nobody to ask."""
    holder = persona("ordinary")
    phone.enter()
    for part in ("center", "vrs"):
        stand.order(stop=part)
    try:
        # A fresh browser, the center gone.
        phone.enter()
        of("ordinary", phone).first.click()
        phone.is_on("certificate")
        assert holder["name"] in phone.page.locator("main .holder").inner_text()
        phone.page.locator("#hide").click()
        expect(phone.page.locator("#hide")).to_have_attribute("aria-checked", "true")
        assert holder["name"] not in phone.page.locator("body").inner_text(), "the name is shown still"
        phone.page.locator("#hide").click()
        expect(phone.page.locator("main .holder")).to_contain_text(holder["name"])
        before = phone.page.locator(".clock").inner_text()
        expect(phone.page.locator(".clock")).not_to_have_text(before)
        on_screen = code_on_screen(phone)
        for key, kind in (("SaveImage", "png"), ("SavePdf", "pdf")):
            with phone.page.expect_download() as saved:
                phone.push(key)
            expect(phone.page.locator("main .saved")).to_have_text(phone.say("Saved"))
            assert saved.value.suggested_filename == f"vaccination-certificate-domestic.{kind}", saved.value.suggested_filename
            file = saved.value.path()
            if kind == "pdf":
                assert certificate(file, stand.about["keys"])["name"] == holder["name"]
                found = codes_in(run("pdftoppm", "-r", "300", "-gray", "-singlefile", file))
            else:
                found = codes_in(Path(file).read_bytes())
            assert found == [on_screen], f"{kind}: {len(found)} codes, or another"
        # What needs the center says so, and the certificates stay.
        phone.to_list().page.locator("main .choices .primary").click()
        phone.is_told("center-unreachable").understood().is_on("certificates")
    finally:
        stand.order(start="vrs")
        stand.order(start="center")


def locked(stand, phone):
    """Locked by hand, by another window, by the program's end; opened by the passphrase alone; another passphrase."""
    phone.enter().lock()
    assert persona("ordinary")["name"] not in phone.page.content()
    expect(phone.page.locator("#lock")).to_be_hidden()
    phone.page.locator("#passphrase").fill("not the passphrase")
    phone.push("Unlock")
    expect(phone.page.locator("#fault")).to_have_text(phone.say("UnlockWrong"))
    phone.unlock()
    # A second window ends the first.
    first = phone.page
    second = phone.browser.new_context(locale="en-GB").new_page()
    second.goto(stand.about["page"])
    phone.page = second
    phone.unlock()
    expect(first.locator("main.on-unlock")).to_have_count(1)
    # The program ends, and comes back at the same address.
    stand.order(close="app")
    expect(phone.page.locator("main.on-gone h1")).to_have_text(phone.say("Gone"))
    stand.order(open="app")
    phone.unlock()
    phone.push("ChangePassphrase")
    dialog = phone.page.get_by_role("dialog")
    for old, said in (("not the passphrase", phone.say("UnlockWrong")), (PASSPHRASE, None)):
        dialog.locator("#old").fill(old)
        dialog.locator("#passphrase").fill("another passphrase")
        dialog.locator("#again").fill("another passphrase")
        dialog.get_by_role("button", name=phone.say("ChooseDone"), exact=True).click()
        if said:
            expect(dialog.locator("#fault")).to_have_text(said)
    expect(dialog).to_have_count(0)
    phone.lock().unlock("another passphrase").push("ChangePassphrase")
    for field, value in (("old", "another passphrase"), ("passphrase", PASSPHRASE), ("again", PASSPHRASE)):
        dialog.locator(f"#{field}").fill(value)
    dialog.get_by_role("button", name=phone.say("ChooseDone"), exact=True).click()
    expect(dialog).to_have_count(0)


PARTS = (first_start, domestic, refused, several, again, shown, locked)
