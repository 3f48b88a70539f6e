"""One resident after the other, with nothing left of the first: in the page, the core, the browser, its profile, or on disk.

Every search has its control: it finds the same while it is being shown, or the next resident's at the same moment.
"""

import os
import signal
import time

import paper
from remains import bare, descendants, in_files, in_process, in_processes, is_alive, memory, named, traces, written_to
from stand import PIN, persona

# The core's memory, in bytes: of a development build, which takes a quarter more than what is shipped (31 MB of 40: bench.py).
MOST = 45_000_000

class Residents:
    """Looks for what is left of residents."""

    def __init__(self, stand, kiosk):
        self.stand = stand
        self.kiosk = kiosk

    def beside(self):
        """What lives beside the core all the time: the browsers' launcher, what looks a name up, and what marks a kiosk out of service."""
        below = descendants(self.stand.kiosk)
        return [process for name in ("launcher", "names", "marker") for process in named(below, f"kiosk-{name}")]

    def browser(self):
        (launcher,) = named(descendants(self.stand.kiosk), "kiosk-launcher")
        return descendants(launcher)[1:]

    def core(self, holder):
        return in_process(self.stand.kiosk, traces(holder, PIN))

    def pins(self):
        """How often the core holds the PIN's digits, whatever is around them."""
        return bare(self.stand.kiosk, PIN)

    def holds(self, holder, kinds):
        """The control: the core comes to hold all of these."""
        deadline = time.monotonic() + 40
        while not kinds <= (held := self.core(holder)).keys():
            assert time.monotonic() < deadline, f"the control: {held} instead of {kinds}"

    def forgets(self, holder, but):
        """The core comes to hold nothing of the holder but this: while the card is taken, its evidence may still be on its way."""
        deadline = time.monotonic() + 20
        while held := self.core(holder).keys() - but:
            assert time.monotonic() < deadline, held

    def in_every_form(self, process, who):
        """What a process holds in any form that a program may keep it in, as it is searched for in center and VRS (G3). Not for browsers, whose
        dictionaries have pieces of every name."""
        return self.stand.order(search={"process": process, "of": who})

    def leaves_nothing(self, who, before, certificate=()):
        """After a session, with the next one's first screen there. `before` are the processes of its browser, `certificate` what would tell
        what was printed."""
        wanted = [*traces(persona(who), PIN), *certificate]
        survivors = [process for process in before if is_alive(process)]
        assert not survivors, f"{len(survivors)} processes of the browser live on"
        found = {
            "core": in_process(self.stand.kiosk, wanted),
            "browser": in_processes(self.browser(), wanted),
            "page": {kind for kind, bytes in wanted if bytes in self.document()},
        }
        for folder in ("memory", "home"):
            found[folder], _ = in_files(self.stand.about[folder], wanted)
        beside = self.beside()
        assert len(beside) == 2, "the control: the printer has a name"
        found["beside"] = in_processes(beside, wanted)
        found["core, bare PIN"] = self.pins()
        found["core, in every form"] = self.in_every_form(self.stand.kiosk, who)
        found["configuration"], files = in_files(os.path.join(self.stand.about["ground"], "kiosk"), wanted)
        assert files, "the control: there are files"
        assert len(os.listdir(self.stand.about["memory"])) == 1, "a profile was left"
        assert not os.listdir(self.stand.about["home"]), "the kiosk wrote a file"
        left = {where: what for where, what in found.items() if what}
        assert not left, left

    def document(self):
        """All that the page holds, with what its scripts could have put away."""
        return self.kiosk.page.evaluate("""() => document.documentElement.outerHTML + document.title + location.href +
            document.cookie + JSON.stringify({...localStorage, ...sessionStorage}) + history.length""").encode()


def applied(stand, kiosk):
    """The first is there to the end, the second comes while it is searched."""
    residents = Residents(stand, kiosk)
    first, second = persona("ordinary"), persona("gaiji")
    wanted = traces(first, PIN)
    # VERIFY, and the answer to the challenge once everything was read: for as long as a busy machine takes to look into a process a few times.
    slow = {"faults": ["slow=2500@ins=20,times=2", "slow=9000@ins=2A"]}
    kiosk.begin("ja").place("ordinary", **slow).is_on("kind").page.locator("button.choice").first.click()
    kiosk.is_on("pin")
    for digit in PIN:
        kiosk.press(digit)
    # The core has put each away as it came; the browser's scripts have not, which is why it is ended.
    assert in_processes(residents.browser(), wanted).get("press"), "the control: digits were just pressed"
    assert not residents.core(first), "before a card was read"
    kiosk.page.locator("#enter").click()
    kiosk.is_on("reading")
    residents.holds(first, {"VERIFY"})
    assert residents.pins(), "the control: it is with the card"
    residents.holds(first, {"name", "address", "birth date", "individual number"})
    kiosk.is_on("take-card")
    # From here on the core knows whose the certificate has to be, and no more.
    residents.forgets(first, {"name", "birth date"})
    assert not residents.pins(), "the PIN is still there"
    held = residents.in_every_form(stand.kiosk, "ordinary")
    assert "name" in held, f"the control: {held}"
    stand.order(remove=0)
    kiosk.is_on("municipality").page.locator("button.choice").first.click()
    kiosk.is_on("copies").push("Next").is_on("preview")
    browser = residents.browser()
    shown = in_processes(browser, wanted)
    assert {"name", "birth date"} <= shown.keys(), f"the control: {shown}"
    assert not {"address", "individual number"} & shown.keys(), f"the page was told too much: {shown}"
    assert traces(first, PIN)[0][1] in residents.document(), "the control: it is being shown"
    profile, files = in_files(stand.about["memory"], [("address of the page", b"http://127.0.0.1:")])
    assert profile and files, "the control: the profile is where it is searched"
    # Whatever is written goes to the profile, which is in memory.
    elsewhere = {file for file in written_to(descendants(stand.kiosk)) if not file.startswith(("/dev/shm/", "/memfd:"))}
    assert not elsewhere, elsewhere
    kiosk.push("Issue").is_on("done").to_start()
    residents.leaves_nothing("ordinary", browser)

    kiosk.to_preview("gaiji", "zh")
    both = residents.core(second)
    assert "name" in both and "birth date" in both, f"the control: {both}"
    assert not residents.core(first), "of the first"
    # The second pressed the same digits.
    left = in_processes(residents.browser(), wanted).keys() - {"press"}
    assert not left, left
    kiosk.push("Issue").is_on("done").to_start()


def given_up(stand, kiosk):
    """Whoever cancels, goes back to the start or lifts the card, and whose browser is killed leaves nothing either."""
    residents = Residents(stand, kiosk)
    for way in ("cancel", "lift", "kill", "back"):
        if way == "lift":
            kiosk.begin("ko").place("seven-doses", lift_after=16).is_on("kind").page.locator("button.choice").first.click()
            kiosk.is_on("pin").type_pin().is_told("card-lifted")
        elif way == "back":
            kiosk.to_pin("seven-doses", "zh")
            for digit in PIN:
                kiosk.press(digit)
            kiosk.push("Back").is_on("kind").push("Back").is_on("service")
        else:
            kiosk.to_preview("seven-doses", "en")
        browser = residents.browser()
        if way == "kill":
            stand.order(end="browser")
            kiosk.renewed().is_on("language")
        elif way == "back":
            kiosk.push("Back").renewed().is_on("card-left")
            stand.order(remove=0)
            kiosk.is_on("language")
        else:
            if way == "cancel":
                kiosk.cancel().is_told("cancelled")
            kiosk.to_start()
        residents.leaves_nothing("seven-doses", browser)


def printed(stand, kiosk):
    """The core holds a certificate while it is printed, and nothing does when it is out."""
    residents = Residents(stand, kiosk)
    others = stand.sheets()
    kiosk.to_preview("seven-doses", "ko")
    stand.order(printer="hold")
    kiosk.push("Issue").is_on("delivering")
    held = list(memory(stand.kiosk, 64))
    stand.order(printer="go")
    kiosk.is_on("done")
    (sheet,) = set(stand.sheets()) - set(others)
    wanted = paper.traces(sheet, others)
    found = {kind for kind, piece in wanted if any(piece in content for content in held)}
    assert "page" in found, f"the control: {found}"
    browser = residents.browser()
    kiosk.to_start()
    residents.leaves_nothing("seven-doses", browser, wanted)


def waited(stand, kiosk):
    """Whoever walks away leaves nothing, when their time is over."""
    residents = Residents(stand, kiosk)
    stand.order(patience=4)
    kiosk.open().to_preview("seven-doses", "ja").is_told_why("timed-out")
    browser = residents.browser()
    kiosk.renewed().is_on("language")
    residents.leaves_nothing("seven-doses", browser)
    stand.order(patience=60)
    kiosk.open()


def killed(stand, kiosk):
    """A core that ends by a signal while it knows who is there leaves nothing in a file, and has its browser go with it."""
    residents = Residents(stand, kiosk)
    for end in (signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL):
        if end == signal.SIGSEGV:
            # The PIN is with the card.
            kiosk.begin("ja").place("ordinary", faults=["slow=2500@ins=20,times=2"]).is_on("kind")
            kiosk.page.locator("button.choice").first.click()
            kiosk.is_on("pin").type_pin().is_on("reading")
            residents.holds(persona("ordinary"), {"VERIFY"})
        else:
            kiosk.to_preview("ordinary", "ja")
            residents.holds(persona("ordinary"), {"name", "birth date"})
        if end == signal.SIGKILL:
            stand.order(printer="hold")
            kiosk.push("Issue").is_on("delivering")
        browser = residents.browser()
        os.kill(stand.kiosk, end)
        stand.order(end="kiosk")
        if end == signal.SIGSEGV:
            stand.order(remove=0)
        if end == signal.SIGKILL:
            stand.order(printer="go")
        kiosk.open().is_on("language")
        residents.leaves_nothing("ordinary", browser)


def service(stand, kiosk):
    """The card service is Debian's. It is started so that it overwrites what it frees, and then keeps nothing of a card either."""
    who = ("ordinary", "gaiji")
    traced = {name: traces(persona(name), PIN) for name in who}
    residents = Residents(stand, kiosk)

    def kept(process):
        plain = {name: in_process(process, wanted) for name, wanted in traced.items()}
        return plain, {name: residents.in_every_form(process, name) for name in who}

    def served(name):
        kiosk.to_municipality(name, "en").cancel().is_told("cancelled")
        kiosk.to_start()

    process = stand.about["service"]
    for name in who:
        served(name)
        plain, every = kept(process)
        assert not any(plain.values()) and not any(every.values()), (plain, every)
    stand.order(stop="pcscd")
    process = stand.order(start="plain-pcscd")
    served("ordinary")
    plain, every = kept(process)
    assert plain["ordinary"] and every["ordinary"], "the control: it keeps a card where it leaves what it frees as it is"
    stand.order(stop="pcscd")
    stand.order(start="pcscd")


def small(stand, _):
    """With its page, and after all of these residents, the core never held more than it may; that is told without its browser."""
    with open(f"/proc/{stand.kiosk}/status", encoding="ascii") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    print(f"the core held {peak * 1024 / 1e6:.1f} MB at most", flush=True)
    assert peak * 1024 <= MOST, f"{peak} KiB"


# The last: it looks at what the others did.
PARTS = (waited, applied, given_up, printed, killed, service, small)
