"""Nothing of an application is kept (A3): not on disk, not in the app, and after it is locked nothing of the certificates either.

Every search has its control: it finds the same while it is there.
"""

import time
from pathlib import Path

from playwright.sync_api import expect

from remains import descendants, in_files, in_process, in_processes, traces
from stand import PIN, persona

# What the certificate does not say.
OF_APPLICATION = {"address", "individual number", "VERIFY"}


def leads_to(process, kinds, wanted):
    """Waits until a process comes to hold these: the control."""
    deadline = time.monotonic() + 30
    while not kinds <= (held := in_process(process, wanted)).keys():
        assert time.monotonic() < deadline, f"the control: {held} instead of {kinds}"


def on_disk(stand, wanted):
    """Where the app writes, and its wallet: kinds that any file holds."""
    found = {}
    for folder in (stand.about["home"], stand.about["wallet"], str(Path(stand.about["ground"]) / "app")):
        kinds, files = in_files(folder, wanted)
        if kinds:
            found[folder] = kinds
    return found


def browser(phone):
    """The processes of the resident's browser."""
    return descendants(phone.process())


def forgotten(stand, phone):
    holder = persona("long-address")
    wanted = traces(holder, PIN)
    sealed = len(stand.certificates())
    phone.enter()
    assert not in_process(stand.app, wanted), "before a card was read"
    # So slow that the first file, the number, is held while the others are read.
    phone.to_kinds().choose("domestic").type_pin().is_on("tap-card")
    stand.order(insert="long-address", faults=["slow=1500@ins=B0,times=always"])
    phone.is_on("reading")
    leads_to(stand.app, {"individual number"}, wanted)
    phone.is_on("person")
    assert holder["address"] in phone.page.locator("main dl").inner_text(), "the control: it is being shown"
    assert {"address"} <= in_processes(browser(phone), wanted).keys(), "the control: the browser shows the address"
    held = in_process(stand.app, wanted).keys() & {"individual number", "VERIFY"}
    assert not held, f"the app knows more than it shows: {held}"
    phone.on_from_person().is_on("municipality")
    held = in_process(stand.app, wanted).keys() & OF_APPLICATION
    assert not held, f"after it was confirmed: {held}"
    phone.choose_municipality().issue()
    # The certificate says name and birth date, and is being shown; nothing else of the application is anywhere.
    held = in_process(stand.app, wanted)
    assert {"name"} <= held.keys() and not held.keys() & OF_APPLICATION, held
    assert not in_processes(browser(phone), wanted).keys() & {"individual number", "VERIFY"}
    assert len(stand.certificates()) == sealed + 1
    assert not on_disk(stand, wanted), on_disk(stand, wanted)
    marked, files = in_files(stand.about["ground"], [("configuration", b"[wallet]")])
    assert marked and files, "the control: files are where they are searched"
    # Locked: nothing of anybody is open.
    phone.lock()
    deadline = time.monotonic() + 10
    while held := in_process(stand.app, wanted):
        assert time.monotonic() < deadline, f"after it was locked: {held}"
    assert holder["name"] not in phone.page.content()
    left = in_browser_after_lock(phone, wanted)
    assert not left, f"the browser holds after the lock: {left}"
    assert not on_disk(stand, wanted), on_disk(stand, wanted)
    # And it is there still for whoever has the passphrase.
    phone.unlock()
    expect(phone.page.locator("main .person").filter(has_text=holder["name"])).to_have_count(1)


def in_browser_after_lock(phone, wanted):
    """What the browser holds once its page was replaced, a while after."""
    deadline = time.monotonic() + 20
    while (left := in_processes(browser(phone), wanted).keys() - {"press"}) and time.monotonic() < deadline:
        time.sleep(1)
    return left


PARTS = (forgotten,)
