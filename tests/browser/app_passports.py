"""The certificate for abroad: the passport from a picture and from a camera, what is wrong with it told, what an expired one stops, and who leaves while it is read."""

import os
import signal
import time
from pathlib import Path

from playwright.sync_api import expect

from app_applications import code_on_screen, codes_in, entries, of
from app_forgetting import in_browser_after_lock
from paper import run
from remains import descendants, in_process, is_alive
from stand import persona

# In seconds. What is killed is gone long before.
GONE = 10


def abroad(stand, phone):
    """From a picture of the passport: two codes, each read; the page has both."""
    phone.enter().to_person("gaiji", ("abroad",)).on_from_person().is_on("passport")
    # It is this one alone that is applied for, so there is nothing to go on with.
    expect(phone.page.get_by_role("button", name=phone.say("PassportGiveUp"))).to_have_count(0)
    for how, code in (("glare", "passport-glare"), ("skewed", "passport-skewed"), ("blurred", "passport-blurred"), ("dark", "passport-dark"),
                      ("cut-off", "passport-cut-off"), ("other-document", "passport-other-document")):
        phone.give_picture(stand.order(passport={"persona": "gaiji", "taken": how}))
        phone.is_told(code).understood().is_on("passport")
    # Read, and not as it should be: once more.
    phone.give_picture(stand.order(passport={"persona": "gaiji", "taken": "turned"})).is_on("passport-check").push("PassportAgain").is_on("passport")
    phone.give_picture(stand.order(passport={"persona": "gaiji", "taken": "upside-down"})).is_on("passport-check")
    said = phone.page.locator("main dl").inner_text()
    for part in ("YOSHIDA TAKAKO", "XX0000001", "JPN"):
        assert part in said, "not what the passport says"
    phone.push("Right").choose_municipality()
    assert "YOSHIDA TAKAKO" in phone.page.locator("main .card.abroad").inner_text()
    phone.issue()
    tabs = phone.page.locator("main .tab")
    expect(tabs).to_have_count(2)
    codes = []
    for tab, begins in zip(tabs.all(), ("shc:/", '{"')):
        tab.click()
        expect(tab).to_have_attribute("aria-pressed", "true")
        codes.append(code_on_screen(phone))
        assert codes[-1].startswith(begins), "another code than it says"
    # Nothing of it can be hidden: whoever checks it looks at the passport.
    expect(phone.page.locator("#hide")).to_have_count(0)
    with phone.page.expect_download() as saved:
        phone.push("SavePdf")
    page = run("pdftoppm", "-r", "300", "-gray", "-singlefile", saved.value.path())
    assert sorted(codes_in(page)) == sorted(codes), "the page holds other codes"
    phone.to_list()


def by_camera(stand, phone):
    """From the camera, as it looks at the page; both kinds at once, with one PIN and one tap."""
    film = phone.video(stand.order(passport={"persona": "seven-doses", "taken": "well"}))
    phone.enter(video=film).to_person("seven-doses", ("domestic", "abroad")).on_from_person().is_on("passport")
    phone.push("UseCamera").is_on("passport-check")
    assert "WAKATAKE DAISUKE" in phone.page.locator("main dl").inner_text()
    # The camera is let go of with the screen.
    assert phone.page.evaluate("document.querySelectorAll('video').length") == 0
    phone.push("Right").choose_municipality()
    expect(phone.page.locator("main .card")).to_have_count(2)
    phone.push("IssueBoth").is_on("certificate").to_list()
    expect(of("seven-doses", phone)).to_have_count(2)


def advised(stand, phone):
    """While the camera sees nothing that can be read, it is said why; the picture can be taken all the same, and the camera closed."""
    film = phone.video(stand.order(passport={"persona": "gaiji", "taken": "dark"}))
    phone.enter(video=film).to_person("gaiji", ("abroad",)).on_from_person().is_on("passport").push("UseCamera")
    expect(phone.page.locator("#advice")).to_have_text(phone.say("advice/passport-dark"))
    phone.push("Shoot").is_told("passport-dark").understood().is_on("passport")
    phone.push("UseCamera").push("CameraClose")
    expect(phone.page.locator("video")).to_have_count(0)
    expect(phone.page.get_by_role("button", name=phone.say("UseCamera"), exact=True)).to_be_focused()
    # No camera, or none allowed.
    phone.page.evaluate("() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError')); }")
    phone.push("UseCamera")
    expect(phone.page.locator("main .fault")).to_have_text(phone.say("CameraNone"))
    phone.cancel()


def expired(stand, phone):
    """An expired passport stops the certificate for abroad alone; so does giving it up."""
    phone.enter()
    for who, way in (("former-surname", "expired"), ("foreign-resident", "given up")):
        before = entries(phone).count()
        phone.to_person(who, ("domestic", "abroad")).on_from_person().is_on("passport")
        if way == "expired":
            phone.give_picture(stand.order(passport={"persona": who, "taken": "well", "last_day": "200101"}))
            phone.is_told("passport-expired").understood()
            phone.page.locator("main.on-municipality, main.on-passport").wait_for()
        if phone.page.locator("main.on-passport").count():
            phone.push("PassportGiveUp")
        phone.choose_municipality()
        expect(phone.page.locator("main .card")).to_have_count(1)
        phone.issue().to_list()
        expect(entries(phone)).to_have_count(before + 1)
        assert phone.say("Domestic") in of(who, phone).first.inner_text(), "not the domestic one"


def somebody_elses(stand, phone):
    """A passport with another birth date than the card's."""
    phone.enter().to_person("gaiji", ("abroad",)).on_from_person().is_on("passport")
    phone.give_picture(stand.order(passport={"persona": "ordinary", "taken": "well"}))
    phone.is_told("passport-not-yours").understood().is_on("passport").cancel()


def readers(stand):
    """The program that reads a passport, and what it started."""
    return [process for process in descendants(stand.app)[1:] if is_alive(process)]


def called(process):
    """What a process was called as; one that is being started is still what started it, which waits for it: nobody may stop that one."""
    try:
        return Path(f"/proc/{process}/cmdline").read_text().split("\0")
    except OSError:
        return []


def caught_reading(stand, count):
    """So many of both programs, stopped while they read: they end by being killed, or not at all. None if they were through before."""
    deadline = time.monotonic() + GONE
    while time.monotonic() < deadline:
        caught = readers(stand)
        names = [called(process) for process in caught]
        if len(caught) == count and "--passport" in names[0] and all(name[0] == "/usr/bin/tesseract" for name in names[1:]):
            break
    else:
        return None
    try:
        # The one that was started first: else it hears that the other is through.
        for process in caught:
            os.kill(process, signal.SIGSTOP)
    except ProcessLookupError:
        pass
    if readers(stand) == caught:
        return caught
    for process in readers(stand):
        os.kill(process, signal.SIGCONT)
    return None


def held_while_read(stand, begin):
    """Begins until both programs are caught while they read."""
    for _ in range(5):
        begin()
        if caught := caught_reading(stand, 2):
            return caught
    raise AssertionError("nobody was caught reading: this shows nothing")


def gone(stand, caught, told):
    """What was stopped is gone by the time it was told, or as long after as a test needs to look."""
    deadline = time.monotonic() + GONE
    while left := [process for process in caught if is_alive(process)] + readers(stand):
        assert time.monotonic() < deadline, f"{len(left)} programs hold the passport after {told}"
        time.sleep(0.01)


def left_while_read(stand, phone):
    """Locked, cancelled or given up while a passport is read: nobody reads on, nothing of it is held, and the next picture is read."""
    holder = persona("gaiji")
    picture = stand.order(passport={"persona": "gaiji", "taken": "well"})
    content = Path(picture).read_bytes()
    middle = len(content) // 2
    texts = ("P<JPNYOSHIDA<<TAKAKO", "JPN" + holder["birth_date"][2:], "XX0000001")
    wanted = [("picture", content[middle:middle + 64]), *(("zone", text.encode(width)) for text in texts for width in ("utf-8", "utf-16-le"))]
    kept = stand.certificates()

    def to_passport(kinds):
        phone.to_person("gaiji", kinds).on_from_person().is_on("passport")

    def give():
        # One that nobody was caught at is read to its end.
        phone.page.locator("main.on-passport, main.on-passport-check").wait_for()
        if phone.page.locator("main.on-passport-check").count():
            phone.push("PassportAgain")
        phone.is_on("passport").give_picture(picture)

    def is_read():
        """The place is free, and what came before has left nothing in the way."""
        phone.is_on("passport").give_picture(picture).is_on("passport-check").cancel()

    # Locked.
    phone.enter()
    to_passport(("domestic", "abroad"))
    caught = held_while_read(stand, give)
    phone.is_on("passport-reading")
    assert "picture" in in_process(stand.app, wanted), "the control: the app holds it"
    assert "picture" in in_process(caught[0], wanted), "the control: whoever reads it holds it"
    phone.lock()
    # They went before it was told.
    assert not readers(stand), "it is read on while the app is locked"
    gone(stand, caught, "the lock")
    deadline = time.monotonic() + GONE
    while held := in_process(stand.app, wanted):
        assert time.monotonic() < deadline, f"after it was locked: {held}"
    left = in_browser_after_lock(phone, wanted)
    assert not left, f"the browser holds after the lock: {left}"
    assert stand.certificates() == kept
    phone.unlock()
    to_passport(("abroad",))
    is_read()
    # Cancelled.
    to_passport(("abroad",))
    caught = held_while_read(stand, give)
    phone.is_on("passport-reading").cancel()
    gone(stand, caught, "it was cancelled")
    assert "picture" not in in_process(stand.app, wanted), "it was cancelled"
    to_passport(("abroad",))
    is_read()
    # With the camera running, whose frames are read while the screen stands: given up, and locked. In the dark nothing is read, and nobody asks Tesseract.
    film = phone.video(stand.order(passport={"persona": "gaiji", "taken": "dark"}))
    phone.enter(video=film)
    for leaves in ("given up", "locked"):
        to_passport(("domestic", "abroad"))
        phone.push("UseCamera").page.locator("video").wait_for()
        # The next frame comes at once.
        caught = next(filter(None, (caught_reading(stand, 1) for _ in range(5))), None)
        assert caught, "no frame is read"
        phone.is_on("passport")
        if leaves == "locked":
            phone.lock()
            assert not readers(stand), "a frame is read on while the app is locked"
        else:
            phone.push("PassportGiveUp").is_on("municipality")
        gone(stand, caught, f"a frame was {leaves}")
        expect(phone.page.locator("video")).to_have_count(0)
        if leaves == "locked":
            phone.unlock()
        else:
            phone.cancel()
    # The app ends as it is told to.
    to_passport(("abroad",))
    caught = held_while_read(stand, give)
    stand.order(close="app")
    assert not [process for process in caught if is_alive(process)], "it is read on, and there is no app"
    stand.order(open="app")
    phone.unlock()
    # It is killed, and so is whoever reads for it.
    to_passport(("abroad",))
    caught = held_while_read(stand, give)
    stand.order(kill="app")
    gone(stand, caught, "the app was killed")
    stand.order(open="app")
    phone.unlock()
    assert stand.certificates() == kept


PARTS = (abroad, by_camera, advised, expired, somebody_elses, left_while_read)
