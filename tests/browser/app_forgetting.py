"""Nothing of an application is kept (A3): not on disk, not in the app, and after it is locked nothing of the certificates either.

Every search has its control: it finds the same while it is there.
"""

import time
from pathlib import Path

from playwright.sync_api import expect

from figures import none, some
from remains import descendants, in_files, in_process, in_processes, is_alive, traces
from stand import PIN, persona

# What the certificate does not say.
OF_APPLICATION = {"address", "individual number", "VERIFY"}


def leads_to(process, kinds, wanted):
    """Waits until a process comes to hold these: the control."""
    deadline = time.monotonic() + 30
    while not kinds <= (held := in_process(process, wanted)).keys():
        assert time.monotonic() < deadline, f"the control: {held} instead of {kinds}"
    some("core while a resident is there", held)


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
    before = locked(stand, phone, "long-address")
    sealed = len(stand.certificates())
    none("core before a card is read", in_process(stand.app, wanted))
    # So slow that the first file, the number, is held while the others are read.
    phone.to_kinds().choose("domestic").type_pin().is_on("tap-card")
    stand.order(insert="long-address", faults=["slow=2500@ins=20,times=2", "slow=1500@ins=B0,times=always"])
    phone.is_on("reading")
    leads_to(stand.app, {"VERIFY"}, wanted)
    leads_to(stand.app, {"individual number"}, wanted)
    phone.is_on("person")
    assert holder["address"] in phone.page.locator("main dl").inner_text(), "the control: it is being shown"
    assert {"address"} <= in_processes(browser(phone), wanted).keys(), "the control: the browser shows the address"
    none("core, more than is shown", in_process(stand.app, wanted).keys() & {"individual number", "VERIFY"})
    phone.on_from_person().is_on("municipality")
    none("core, of the application, once it was confirmed", in_process(stand.app, wanted).keys() & OF_APPLICATION)
    phone.choose_municipality().issue()
    # The certificate says name and birth date, and is being shown; nothing else of the application is anywhere.
    held = in_process(stand.app, wanted)
    assert "name" in some("core while the certificate is shown", held), held
    none("core while the certificate is shown, of the application", held.keys() & OF_APPLICATION)
    none("browser, of the application", in_processes(browser(phone), wanted).keys() & {"individual number", "VERIFY"})
    assert len(stand.certificates()) == sealed + 1
    none("files", on_disk(stand, wanted))
    marked, files = in_files(stand.about["ground"], [("configuration", b"[wallet]")])
    assert marked and files, "the control: files are where they are searched"
    # Locked: nothing of anybody is open.
    phone.lock()
    none("core once it is locked", in_core_after_lock(stand, wanted))
    none("page once it is locked", holder["name"] in phone.page.content())
    none("browser once it is locked", in_browser_after_lock(phone, wanted))
    elsewhere(stand, phone, "long-address", wanted, before)
    # And it is there still for whoever has the passphrase.
    phone.unlock()
    expect(phone.page.locator("main .person").filter(has_text=holder["name"])).to_have_count(1)


def in_core_after_lock(stand, wanted):
    """What the core holds, a while after."""
    deadline = time.monotonic() + 10
    while (held := in_process(stand.app, wanted)) and time.monotonic() < deadline:
        pass
    return held


def in_browser_after_lock(phone, wanted):
    """What the browser holds once its page was replaced, a while after."""
    deadline = time.monotonic() + 20
    while (held := in_processes(browser(phone), wanted).keys() - {"press"}) and time.monotonic() < deadline:
        time.sleep(1)
    return held


def in_every_form(stand, who):
    """What the app and the card service hold, in any form that a program may keep it in."""
    return {process: stand.order(search={"process": process, "of": who}) for process in (stand.app, stand.about["service"])}


def locked(stand, phone, who):
    """What they hold in every form with the wallet locked, before anything is applied for: words of an address stand in our texts, too."""
    phone.enter().lock()
    before = in_every_form(stand, who)
    assert not before[stand.about["service"]] and not before[stand.app].keys() - {"address"}, before
    phone.unlock()
    return before


def elsewhere(stand, phone, who, wanted, before):
    """After the lock: the app and the card service in every form, the browser's profile, and the disk."""
    # Words of an address stand in our texts, too.
    after = in_every_form(stand, who)
    none("core and card service in every form, more than with nobody there", {process: found for process, found in after.items() if found != before[process]})
    none("card service", in_process(stand.about["service"], wanted))
    assert in_process(stand.about["service"], [("reader", b"Virtual PCD")]), "the control: its memory can be searched"
    kinds, files = in_files(phone.profile(), wanted)
    assert files, "the control: there is a profile"
    none("files of the browser's profile", kinds)
    none("files", on_disk(stand, wanted))


def forgotten_abroad(stand, phone):
    """The same with a passport: its picture, the lines of its zone, its number, and whoever reads the picture a second time."""
    holder = persona("seven-doses")
    picture = stand.order(passport={"persona": "seven-doses", "taken": "turned"})
    content = Path(picture).read_bytes()
    middle = len(content) // 2
    zone = [("zone", text.encode(width)) for text in ("P<JPNWAKATAKE<<DAISUKE", "JPN" + holder["birth_date"][2:]) for width in ("utf-8", "utf-16-le")]
    wanted = [*traces(holder, PIN), *zone, ("picture", content[middle:middle + 64]), ("passport", b"XX0000001"), ("passport", "XX0000001".encode("utf-16-le"))]
    of_passport = {"picture", "zone", "passport"}
    before = locked(stand, phone, "seven-doses")
    phone.to_person("seven-doses", ("domestic", "abroad")).on_from_person().is_on("passport")
    phone.give_picture(picture)
    leads_to(stand.app, {"picture"}, wanted)
    phone.is_on("passport-check")
    held = in_process(stand.app, wanted).keys()
    assert {"zone", "passport"} <= some("core while the passport is looked at", held), f"the control: {held}"
    none("core, of a picture that was read", held & {"picture"})
    assert "passport" in in_processes(browser(phone), wanted), "the control: the browser shows it"
    phone.push("Right").choose_municipality()
    phone.push("IssueBoth").is_on("certificate")
    held = in_process(stand.app, wanted).keys()
    assert "name" in some("core while the certificates are shown", held), held
    none("core while the certificates are shown, of the application", held & (OF_APPLICATION | {"picture", "zone"}))
    # Whatever read it is gone with what it held.
    none("processes that read the picture", [process for process in descendants(stand.app)[1:] if is_alive(process)])
    found = stand.order(search={"process": stand.app, "of": "seven-doses"})
    assert "name" in found, f"the control, in every form: {found}"
    assert found.get("address", 0) <= before[stand.app].get("address", 0) and "number" not in found, f"in every form: {found}"
    phone.lock()
    none("core once it is locked", in_core_after_lock(stand, wanted))
    none("browser once it is locked", in_browser_after_lock(phone, wanted))
    Path(picture).unlink()
    elsewhere(stand, phone, "seven-doses", wanted, before)
    none("files, of the passport", in_files(stand.about["ground"], [one for one in wanted if one[0] in of_passport - {"passport"}])[0])
    phone.unlock()


PARTS = (forgotten, forgotten_abroad)
