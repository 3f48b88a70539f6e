"""The device under the app: one that is not genuine, one left alone, killed, searched by a stranger's page, given away; and revoked certificates."""

import io
import json
import os
import signal
import time
import zlib
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect

from app_applications import code_on_screen, entries, of
from app_stand import PASSPHRASE
from app_verifying import again, verdicts, verified
from remains import descendants, is_alive
from stand import persona

# In seconds, as it is set.
IDLE = 60
# Certificates that a wallet holds (`wallet::MOST`).
MOST = 256
DEVICES = (
    ("rooted", "device-modified"), ("repackaged", "app-not-genuine"), ("software", "keystore-not-hardware"), ("revoked", "attestation-revoked"),
)


def idle(stand, phone):
    """The app is left alone from here on."""
    stand.order(lock_minutes=IDLE // 60)
    phone.enter()
    phone.left = time.monotonic()


def locked_itself(stand, phone):
    """After so long it has locked itself, and not before."""
    if not hasattr(phone, "left"):
        idle(stand, phone)
    before = IDLE - 3 - (time.monotonic() - phone.left)
    if before > 0:
        phone.page.wait_for_timeout(before * 1000)
        phone.is_on("certificates")
        phone.page.wait_for_timeout(3000)
    phone.is_on("unlock")
    assert persona("ordinary")["name"] not in phone.page.content()
    stand.order(lock_minutes=10)


def devices(stand, phone):
    """Who is refused is told why, and what is on the device can be shown all the same."""
    phone.enter()
    count = entries(phone).count()
    for device, code in (*DEVICES, ("genuine", None)):
        stand.order(device=device)
        phone.unlock()
        expect(entries(phone)).to_have_count(count)
        if code:
            phone.page.locator("main .choices .primary").click()
            phone.is_told(code).understood().is_on("certificates")
        else:
            phone.to_kinds().choose("domestic").cancel()


def kept_out(stand, phone):
    """Nothing of its memory reaches the disk: no core is left, and what the system gives stays in memory."""
    limits = Path(f"/proc/{stand.app}/limits").read_text()
    assert next(line for line in limits.splitlines() if "core file size" in line).split()[4:6] in (["0", "0"], ["1", "1"]), "cores are written"
    status = Path(f"/proc/{stand.app}/status").read_text()
    locked = int(next(line for line in status.splitlines() if line.startswith("VmLck")).split()[1])
    may = next(line for line in limits.splitlines() if "locked memory" in line).split()[3] == "unlimited" or os.geteuid() == 0
    print(f"{locked} KiB of the app are locked{'' if may else ', for the system does not give it'}", flush=True)
    phone.enter()
    process = stand.app
    os.kill(process, signal.SIGABRT)
    deadline = time.monotonic() + 10
    while is_alive(process):
        assert time.monotonic() < deadline, "it lives on"
        time.sleep(0.05)
    stand.order(close="app")
    cores = [name for _, _, names in os.walk(stand.about["home"]) for name in names]
    assert not cores, f"{len(cores)} files were left"
    stand.order(open="app")
    phone.unlock()


def killed(stand, phone):
    """Killed while a certificate is made there is none, and killed as it comes it is whole; a damaged one is told and can be removed."""
    phone.enter()
    count = entries(phone).count()
    before = stand.certificates()
    phone.to_person("seven-doses").on_from_person().choose_municipality()
    stand.order(pause="center")
    try:
        phone.page.locator("main .choices .primary").last.click()
        phone.is_on("issuing")
        stand.order(kill="app")
    finally:
        stand.order(resume="center")
    stand.order(open="app")
    phone.unlock()
    expect(entries(phone)).to_have_count(count)
    assert stand.certificates() == before
    phone.to_person("seven-doses").on_from_person().choose_municipality()
    phone.page.locator("main .choices .primary").last.click()
    phone.is_on("certificate")
    stand.order(kill="app")
    stand.order(open="app")
    phone.unlock()
    expect(entries(phone)).to_have_count(count + 1)
    expect(phone.page.locator("main .warning")).to_have_count(0)
    # Whether the center was told of it before the end is its luck; if not, it says so, in the list and by itself.
    lapses = phone.page.locator("main .tag.lapses").count()
    of("seven-doses", phone).first.click()
    phone.is_on("certificate")
    assert code_on_screen(phone).startswith("shc:/")
    expect(phone.page.locator("main .warning .happened")).to_have_count(lapses)
    phone.to_list()
    # Damaged on the disk.
    stand.order(close="app")
    [new] = set(stand.certificates()) - set(before)
    content = bytearray(new.read_bytes())
    content[len(content) // 2] ^= 1
    new.write_bytes(content)
    stand.order(open="app")
    phone.unlock()
    expect(entries(phone)).to_have_count(count)
    warning = phone.page.locator("main .warning")
    expect(warning).to_contain_text(phone.say("DamagedText", count=1))
    phone.push("DamagedRemove")
    dialog = phone.page.get_by_role("dialog")
    dialog.get_by_role("button", name=phone.say("RemoveNo"), exact=True).click()
    expect(dialog).to_have_count(0)
    assert new.exists()
    phone.push("DamagedRemove")
    dialog.get_by_role("button", name=phone.say("RemoveYes"), exact=True).click()
    expect(warning).to_have_count(0)
    assert stand.certificates() == before
    phone.lock().unlock()
    expect(warning).to_have_count(0)


def pdf(content):
    """A page with this content."""
    packed = zlib.compress(content, 9)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream" % (len(packed), packed),
    ]
    file, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj%b\nendobj\n" % (number, one)
    table = b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return file + table + b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(file)


def stubborn(stand, phone):
    """A stranger's page that takes for ever, or ends its reader: cancelled, locked or crashed, the app goes on, and reads the next."""
    # A million shapes over the whole page.
    page = {"name": "page.pdf", "mimeType": "application/pdf", "buffer": pdf(b"0 0 595 842 re f 9 9 m 400 800 300 20 500 500 c S\n" * 1_000_000)}
    phone.enter().push("VerifyOther")

    def reader():
        return [process for process in descendants(stand.app)[1:] if is_alive(process)]

    def begin():
        phone.is_on("verify").page.locator("#file").set_input_files(page)
        phone.is_on("working")
        deadline = time.monotonic() + 10
        while not reader():
            assert time.monotonic() < deadline, "nobody reads it"
        return reader()

    def end():
        deadline = time.monotonic() + 10
        while reader():
            assert time.monotonic() < deadline, "it is read on, for nobody"
            time.sleep(0.05)

    begin()
    phone.push("Stop").page.get_by_role("dialog").get_by_role("button", name=phone.say("Stop"), exact=True).click()
    phone.is_on("verify")
    end()
    for process in begin():
        os.kill(process, signal.SIGABRT)
    phone.is_on("verified")
    expect(phone.page.locator("main section.verdict h2")).to_contain_text(phone.say("NoCode"))
    again(phone)
    begin()
    phone.lock()
    end()
    phone.unlock().push("VerifyOther").is_on("verify")
    blank = io.BytesIO()
    Image.new("L", (640, 480), 200).save(blank, "PNG")
    phone.page.locator("#file").set_input_files({"name": "blank.png", "mimeType": "image/png", "buffer": blank.getvalue()})
    phone.is_on("verified")
    again(phone).to_list()


def revoked(stand, phone):
    """What a municipality revokes is told to be revoked once the app has asked: its own certificate too."""
    phone.enter()
    of("gaiji", phone).filter(has_text=phone.say("Abroad")).last.click()
    phone.is_on("certificate")
    text = code_on_screen(phone)
    phone.page.locator("main .tab").nth(1).click()
    expect(phone.page.locator("main .tab").nth(1)).to_have_attribute("aria-pressed", "true")
    uvci = json.loads(code_on_screen(phone))["data"]["msg"]["uvci"]
    phone.to_list().push("VerifyOther").is_on("verify")
    assert verified(phone, text) == ["valid"]
    stand.order(revoke=[persona("gaiji")["municipality"], "-".join(uvci[at:at + 4] for at in range(0, len(uvci), 4))])
    deadline = time.monotonic() + 60
    while True:
        # It asks when it starts, and then hourly.
        stand.order(close="app")
        stand.order(open="app")
        phone.unlock().push("VerifyOther").is_on("verify")
        for _ in range(5):
            said = verified(phone, text)
            if said == ["revoked"]:
                break
            phone.page.wait_for_timeout(500)
            again(phone)
        else:
            assert time.monotonic() < deadline, f"{said} still"
            continue
        break
    expect(phone.page.locator("main section.verdict")).to_contain_text(phone.say("VerdictRevoked"))
    assert verdicts(phone) == ["revoked"]
    again(phone).to_list()


def gone(stand, phone):
    """A certificate whose file goes under the open app is told to be gone, and is there again when the file is."""
    phone.enter()
    files = {path: path.read_bytes() for path in stand.certificates() if path.name != "head"}
    assert len(files) == entries(phone).count()
    for path in files:
        path.unlink()
    entries(phone).first.click()
    phone.is_told("certificate-gone").understood().is_on("certificates")
    for path, content in files.items():
        path.write_bytes(content)
    expect(entries(phone)).to_have_count(len(files))
    entries(phone).first.click()
    phone.is_on("certificate")
    assert code_on_screen(phone).startswith("shc:/")
    phone.to_list()


def full(stand, phone):
    """A wallet that holds its most is told so before anything is asked for; with room for one of each kind there is an application."""
    stand.order(fill=[PASSPHRASE, 1])
    phone.enter()
    expect(entries(phone)).to_have_count(MOST - 1)
    phone.page.locator("main .choices .primary").click()
    phone.is_told("wallet-full").understood().is_on("certificates")
    entries(phone).last.click()
    phone.is_on("certificate").push("Remove").is_on("delete").push("RemoveYes").is_on("certificates")
    expect(entries(phone)).to_have_count(MOST - 2)
    phone.to_kinds().choose("domestic").cancel()


def given_away(stand, phone):
    """Who forgot the passphrase discards the wallet, and sets a new one; a key of the device opens it for whoever started the app, alone."""
    stand.order(discard="app")
    assert not list(Path(stand.about["wallet"]).iterdir()), "something is left"
    phone.choose_passphrase(PASSPHRASE[::-1])
    expect(entries(phone)).to_have_count(0)
    phone.lock().unlock(PASSPHRASE[::-1])
    stand.order(key_file=True)
    phone.close()
    phone.browser = phone.playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
    phone.page = phone.browser.new_page(locale="en-GB")
    phone.page.goto(stand.about["page"])
    expect(phone.page.locator("main.on-shut h1")).to_have_text(phone.say("NotLetIn"))
    phone.page.goto("about:blank")
    phone.page.goto(stand.start())
    phone.page.locator("main.on-certificates, main.on-unlock").wait_for()
    if phone.page.locator("main.on-unlock").count():
        phone.push("Unlock")
    phone.is_on("certificates")
    expect(phone.page.get_by_role("button", name=phone.say("ChangePassphrase"))).to_have_count(0)
    stand.order(key_file=False)


PARTS = (devices, kept_out, killed, gone, stubborn, revoked)
# The wallet goes.
LAST = (full, given_away)
