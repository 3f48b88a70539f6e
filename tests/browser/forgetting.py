"""One resident after the other, with nothing left of the first: in the page, the core, the browser, its profile, or on disk.

Every search has its control: it finds the same while it is being shown, or the next resident's at the same moment.
"""

import os
import signal
import time

import paper
from figures import left, none, some, untried
from interruptions import STEPS
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

    def places(self):
        """Where a resident is looked for, and the processes there. A browser is searched for less than the others: its dictionaries have pieces
        of every name."""
        return {"core": [self.stand.kiosk], "beside": self.beside(), "card service": [self.stand.about["service"]], "browser": self.browser()}

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
        some("core while a resident is there", held)

    def forgets(self, holder, but):
        """The core comes to hold nothing of the holder but this: while the card is taken, its evidence may still be on its way."""
        deadline = time.monotonic() + 20
        while (held := self.core(holder).keys() - but) and time.monotonic() < deadline:
            pass
        none("core, more than whose certificate it has to be", held)

    def in_every_form(self, processes, who):
        """What processes hold in any form that a program may keep it in, as it is searched for in center and VRS (G3). Refused where one is gone."""
        counts = {}
        for process in processes:
            for kind, count in self.stand.order(search={"process": process, "of": who}).items():
                counts[kind] = counts.get(kind, 0) + count
        return counts

    def leaves_nothing(self, who, before, certificate=()):
        """After a session, with the next one's first screen there. `before` are the processes of its browser, `certificate` what would tell
        what was printed."""
        wanted = [*traces(persona(who), PIN), *certificate]
        assert before, "the control: there was a browser"
        survivors = [process for process in before if is_alive(process)]
        none("processes of the browser that live on", survivors)
        places = self.places()
        assert len(places["beside"]) == 3, "the control: the printer has a name, and so is looked up"
        found = {"page": {kind for kind, bytes in wanted if bytes in self.document()}}
        for where, processes in places.items():
            found[where] = in_processes(processes, wanted)
            if where != "browser":
                found[f"{where}, bare PIN"] = sum(bare(process, PIN) for process in processes)
                found[f"{where}, in every form"] = self.in_every_form(processes, who)
        for folder in ("memory", "home"):
            found[folder], _ = in_files(self.stand.about[folder], wanted)
        found["configuration"], files = in_files(os.path.join(self.stand.about["ground"], "kiosk"), wanted)
        assert files, "the control: there are files"
        assert len(os.listdir(self.stand.about["memory"])) == 1, "a profile was left"
        assert not os.listdir(self.stand.about["home"]), "the kiosk wrote a file"
        for where, what in found.items():
            left(f"{where}, with the next one's first screen there", what)
        remaining = {where: what for where, what in found.items() if what}
        assert not remaining, remaining

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
    some("browser while digits are pressed", in_processes(residents.browser(), wanted).get("press"))
    none("core before a card is read", residents.core(first))
    kiosk.page.locator("#enter").click()
    kiosk.is_on("reading")
    residents.holds(first, {"VERIFY"})
    some("core, bare PIN, while it is with the card", residents.pins())
    residents.holds(first, {"name", "address", "birth date", "individual number"})
    kiosk.is_on("take-card")
    # From here on the core knows whose the certificate has to be, and no more.
    residents.forgets(first, {"name", "birth date"})
    none("core, bare PIN, once the card may be taken", residents.pins())
    some("core, in every form, of whose the certificate has to be", residents.in_every_form([stand.kiosk], "ordinary").get("name"))
    stand.order(remove=0)
    kiosk.is_on("municipality").page.locator("button.choice").first.click()
    kiosk.is_on("copies").push("Next").is_on("preview")
    browser = residents.browser()
    shown = in_processes(browser, wanted)
    assert {"name", "birth date"} <= some("browser at the preview", shown).keys(), f"the control: {shown}"
    none("browser at the preview, more than is shown", {"address", "individual number"} & shown.keys())
    some("page at the preview", traces(first, PIN)[0][1] in residents.document())
    profile, files = in_files(stand.about["memory"], [("address of the page", b"http://127.0.0.1:")])
    assert some("profile: the page's address", profile) and files, "the control: the profile is where it is searched"
    # Whatever is written goes to the profile, which is in memory.
    elsewhere = {file for file in written_to(descendants(stand.kiosk)) if not file.startswith(("/dev/shm/", "/memfd:"))}
    none("files open for writing outside the memory's own", elsewhere)
    kiosk.push("Issue").is_on("done").to_start()
    residents.leaves_nothing("ordinary", browser)

    kiosk.to_preview("gaiji", "zh")
    both = residents.core(second)
    assert "name" in some("core at the next one's preview, of the next", both) and "birth date" in both, f"the control: {both}"
    none("core at the next one's preview", residents.core(first))
    # The second pressed the same digits.
    none("browser at the next one's preview", in_processes(residents.browser(), wanted).keys() - {"press"})
    kiosk.push("Issue").is_on("done").to_start()


def given_up(stand, kiosk):
    """Whoever lifts the card while it is read, or goes back to the start with the PIN's digits pressed, leaves nothing either."""
    residents = Residents(stand, kiosk)
    for way in ("lift", "back"):
        if way == "lift":
            kiosk.begin("ko").place("seven-doses", lift_after=16).is_on("kind").page.locator("button.choice").first.click()
            kiosk.is_on("pin").type_pin().is_told("card-lifted")
        else:
            kiosk.to_pin("seven-doses", "zh")
            for digit in PIN:
                kiosk.press(digit)
            kiosk.push("Back").is_on("kind").push("Back").is_on("service")
        browser = residents.browser()
        if way == "back":
            kiosk.push("Back").renewed().is_on("card-left")
            stand.order(remove=0)
            kiosk.is_on("language")
        else:
            kiosk.to_start()
        residents.leaves_nothing("seven-doses", browser)


def abroad(stand, kiosk):
    """Whoever gets one for abroad leaves neither passport nor certificate, in any form in which center and VRS are searched for them (G3)."""
    who = "gaiji"
    residents = Residents(stand, kiosk)
    # Words of everybody's certificate are nobody's: somebody else has one, too.
    for name in ("ordinary", who):
        stand.order(issue_abroad=name)

    # Browsers are large, and a development build takes its time to search them.
    stand.order(patience=600)
    kiosk.open()

    def kept(processes, sheet=None):
        return stand.order(search_abroad={"processes": processes, "of": who, "sheet": sheet and str(sheet)})

    none("browser that has seen nobody", stand.order(nobodys={"processes": residents.browser(), "of": who}))
    kiosk.begin("en").place(who).is_on("kind").page.locator("button.choice").last.click()
    kiosk.is_on("pin").type_pin().is_on("take-card")
    stand.order(remove=0)
    kiosk.is_on("municipality").page.locator("button.choice").first.click()
    kiosk.is_on("copies").push("MoreCopies").push("Next").is_on("preview")
    of_passport = {"name", "birth date", "passport's name", "passport's number"}
    for where in ("core", "browser"):
        shown = some(f"{where} at the preview", kept(residents.places()[where]))
        assert of_passport <= shown.keys(), f"the control: {shown}"
    # With the first of two copies out, what is printed is known and held.
    stand.order(printer="hold")
    before = stand.sheets()
    kiosk.push("Issue").is_on("delivering")
    stand.order(printer="one")
    deadline = time.monotonic() + 40
    while not (sheets := set(stand.sheets()) - set(before)):
        assert time.monotonic() < deadline, "no copy comes out"
        time.sleep(0.1)
    (sheet,) = sheets
    held = some("core while it is printed", kept([stand.kiosk], sheet))
    assert {"certificate", "VDS-NC", "page"} <= held.keys(), f"the control: {held}"
    stand.order(printer="go")
    browser = residents.browser()
    kiosk.is_on("done").to_start()
    found = {where: kept(processes, sheet) for where, processes in residents.places().items()}
    for where, what in found.items():
        left(f"{where}, passport and certificate in every form, with the next one's first screen there", what)
    remaining = {where: what for where, what in found.items() if what}
    assert not remaining, remaining
    residents.leaves_nothing(who, browser)
    stand.order(patience=60)
    kiosk.open()


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
    assert "page" in some("core while it is printed", found), f"the control: {found}"
    browser = residents.browser()
    kiosk.to_start()
    residents.leaves_nothing("seven-doses", browser, wanted)


# How an application ends that does not come to its end, for whoever stands at one of STEPS.
ENDS = ("cancelled", "timed out", "browser killed", "core killed")
# Who is gone, and whoever stands before it is asked: the answer to the PIN, the preview, the certificate, word of the hand-over.
GONE = [(server, step) for server in ("center", "vrs") for step in ("pin", "copies", "preview", "delivering")]
# Longer than a resident of ours takes for a step.
SHORT = 5


def ends_at(stand, kiosk, end, step, lead):
    residents = Residents(stand, kiosk)
    if end == "timed out":
        stand.order(patience=SHORT)
        kiosk.open()
    lead(kiosk, "en")
    kiosk.is_on(step)
    browser = residents.browser()
    if end == "cancelled":
        kiosk.cancel().is_told("cancelled")
    elif end == "timed out":
        kiosk.is_told("no-card" if step == "place-card" else "timed-out")
    else:
        stand.order(end=end.split()[0].replace("core", "kiosk"))
    stand.order(remove=0)
    if end in ("cancelled", "timed out"):
        kiosk.ended()
    else:
        kiosk.renewed()
    kiosk.is_on("language")
    residents.leaves_nothing("ordinary", browser)
    if end == "timed out":
        stand.order(patience=60)
        kiosk.open()


def gone_at(stand, kiosk, server, step):
    residents = Residents(stand, kiosk)
    lead = {"pin": kiosk.to_pin, "copies": kiosk.to_copies}.get(step, kiosk.to_preview)
    lead("ordinary", "en")
    if step == "delivering":
        stand.order(printer="hold")
        kiosk.push("Issue").is_on("delivering")
    stand.order(stop=server)
    if step == "pin":
        kiosk.type_pin()
    elif step == "delivering":
        stand.order(printer="go")
    else:
        kiosk.push("Next" if step == "copies" else "Issue")
    if step == "delivering":
        kiosk.is_on("done")
    else:
        kiosk.is_on("problem")
    browser = residents.browser()
    stand.order(remove=0)
    stand.order(start=server)
    # What can be asked again is, unless somebody ends it.
    if kiosk.page.locator("#cancel").is_visible():
        kiosk.cancel().is_told("cancelled")
    kiosk.to_start()
    residents.leaves_nothing("ordinary", browser)


def ended_anywhere(stand, kiosk):
    """Wherever an application ends, in whatever way, and whoever does not answer: the next one's first screen has nothing of it."""
    # A browser that is lost again and again is started after growing pauses; a new core knows of none.
    for step, lead in STEPS:
        for end in ENDS:
            ends_at(stand, kiosk, end, step, lead)
    for server, step in GONE:
        gone_at(stand, kiosk, server, step)


def ended_somewhere(stand, kiosk):
    """A part of the same: each step, each way and each server once at least."""
    for number, (step, lead) in enumerate(STEPS):
        ends_at(stand, kiosk, ENDS[number % len(ENDS)], step, lead)
    for server, step in GONE[::3]:
        gone_at(stand, kiosk, server, step)


def unprotected(stand, kiosk):
    """The control: a core that does not wipe what it frees has something of whoever is gone, whether they got their certificate or not."""
    stand.order(core="not-wiped")
    kiosk.open()
    residents = Residents(stand, kiosk)
    for who, way in (("ordinary", "done"), ("gaiji", "cancelled")):
        kiosk.to_preview(who, "en")
        if way == "done":
            kiosk.push("Issue").is_on("done").to_start()
        else:
            kiosk.cancel().is_told(way).to_start()
        some(f"core that wipes nothing, {way}, in every form, with the next one's first screen there", residents.in_every_form([stand.kiosk], who))
    stand.order(core="shipped")
    kiosk.open()


# What ends a core, and what it knows then: the PIN, while it is with the card; what the card says; whose certificate it is to be; the certificate.
SIGNALS = (signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL)
POINTS = ("verifying", "reading", "preview", "delivering")
# Which of the card's answers takes so long, and what core and card service have in hand meanwhile.
ANSWERS = {
    "verifying": ("slow=2500@ins=20,times=2", {"VERIFY"}),
    "reading": ("slow=2500@ins=B0,times=always", {"name", "address", "birth date"}),
}


def is_ended_by(process, end):
    """Whether a core file is written or not: that takes its time, and is not gone on with once anything else ends the process."""
    deadline = time.monotonic() + 60
    assert is_alive(process), f"it ended before {end.name}"
    while is_alive(process):
        # The first SIGSEGV only has Rust's handler, which sees no overflow of a stack, get out of the way.
        os.kill(process, end)
        assert time.monotonic() < deadline, f"it goes on after {end.name}"
        time.sleep(0.1)


def killed_at(stand, kiosk, point, end):
    residents = Residents(stand, kiosk)
    if point in ANSWERS:
        slow, kinds = ANSWERS[point]
        kiosk.begin("ja").place("ordinary", faults=[slow]).is_on("kind")
        kiosk.page.locator("button.choice").first.click()
        kiosk.is_on("pin").type_pin().is_on("reading")
        residents.holds(persona("ordinary"), kinds)
        held = some(f"card service, {point}", in_process(stand.about["service"], traces(persona("ordinary"), PIN)))
        assert kinds <= held.keys(), f"the control: {held}"
    else:
        kiosk.to_preview("ordinary", "ja")
        residents.holds(persona("ordinary"), {"name", "birth date"})
    if point == "delivering":
        stand.order(printer="hold")
        kiosk.push("Issue").is_on("delivering")
    browser = residents.browser()
    is_ended_by(stand.kiosk, end)
    stand.order(end="kiosk")
    if point in ANSWERS:
        stand.order(remove=0)
    if point == "delivering":
        stand.order(printer="go")
    kiosk.open().is_on("language")
    residents.leaves_nothing("ordinary", browser)


def killed_anywhere(stand, kiosk):
    """A core that ends by a signal while it knows who is there leaves nothing in a file, and has its browser go with it."""
    for point in POINTS:
        for end in SIGNALS:
            killed_at(stand, kiosk, point, end)


def killed(stand, kiosk):
    """A part of the same: each point once, and each signal."""
    for point, end in zip(POINTS, (*SIGNALS, *SIGNALS)):
        killed_at(stand, kiosk, point, end)


def dumped(stand, kiosk):
    """The control: a core that may do everything leaves a core file, and whoever was there in it; where the machine keeps one beside a process."""
    with open("/proc/sys/kernel/core_pattern", encoding="ascii") as pattern:
        if pattern.read().startswith(("|", "/")):
            untried("what a core file of a core that may do everything holds, for this machine keeps none beside the process")
            return
    stand.order(core="free")
    kiosk.open().to_preview("ordinary", "ja")
    is_ended_by(stand.kiosk, signal.SIGSEGV)
    stand.order(core="shipped")
    kinds, files = in_files(stand.about["home"], traces(persona("ordinary"), PIN))
    assert some("core files of a core that may do everything", files)
    some("kinds in them", kinds)
    for file in os.listdir(stand.about["home"]):
        os.remove(os.path.join(stand.about["home"], file))
    kiosk.open()


def service(stand, kiosk):
    """The card service is Debian's. It is started so that it overwrites what it frees, and then keeps nothing of a card either."""
    residents = Residents(stand, kiosk)

    def kept(process, who):
        return in_process(process, traces(persona(who), PIN)), residents.in_every_form([process], who)

    def served(who):
        kiosk.to_municipality(who, "en")
        browser = residents.browser()
        kiosk.cancel().is_told("cancelled").to_start()
        return browser

    for whose in ("ordinary", "gaiji"):
        browser = served(whose)
        for who in ("ordinary", "gaiji"):
            residents.leaves_nothing(who, browser)
    stand.order(stop="pcscd")
    process = stand.order(start="plain-pcscd")
    served("ordinary")
    plain, every = kept(process, "ordinary")
    some("card service that leaves what it frees as it is", plain)
    some("card service that leaves what it frees as it is, in every form", every)
    stand.order(stop="pcscd")
    stand.about["service"] = stand.order(start="pcscd")


def small(stand, _):
    """With its page, and after all of these residents, the core never held more than it may; that is told without its browser."""
    with open(f"/proc/{stand.kiosk}/status", encoding="ascii") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    print(f"the core held {peak * 1024 / 1e6:.1f} MB at most", flush=True)
    assert peak * 1024 <= MOST, f"{peak} KiB"


# The last: it looks at what the others did. An experiment has all of what these have parts of.
PARTS = (ended_somewhere, unprotected, applied, given_up, abroad, printed, killed, dumped, service, small)
IN_FULL = (ended_anywhere, killed_anywhere)
